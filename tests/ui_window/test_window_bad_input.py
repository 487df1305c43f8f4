"""Programs that go wrong, really run in one window: each is a sentence, with its line where there is one."""

import os
import signal
import sys

import pytest
from PySide6.QtCore import QEventLoop

from graphviz_app.app import make_application, make_window
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.ui.console import LINES_KEPT
from graphviz_app.ui.garbage import GarbageCollector

LEAF = "import torch\nx = torch.ones(3, requires_grad=True)\n"
ONE_PASS = LEAF + "(x * 2).sum().backward()\n"


class Person:
    """Somebody at the window."""

    def __init__(self, window, application):
        self.window = window
        self.session = window.bench.session
        self.console = window.parts.console
        self.message = window.parts.message
        self._application = application

    def wait(self, condition, seconds=60.0):
        from time import monotonic

        end = monotonic() + seconds
        while not condition():
            self._application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)
            assert monotonic() < end, "It did not happen in time."

    def start(self, text):
        self.window.parts.editor.replace_text(text)
        self.window.trigger("run")

    def finish(self):
        self.wait(lambda: not self.session.is_running)

    def run(self, text):
        self.start(text)
        self.finish()

    @property
    def failed_line(self):
        return self.window.parts.editor.marks.failed


@pytest.fixture(scope="module")
def person(qapp, tmp_path_factory):
    """One window for all of them, as a person has."""
    before = (qapp.palette(), qapp.font(), qapp.styleSheet())
    garbage = GarbageCollector()
    application = make_application()
    window = make_window(state=tmp_path_factory.mktemp("bad"))
    window.open_text()
    window.show()
    window.start()
    yield Person(window, application)
    window.close()
    window.deleteLater()
    garbage.close()
    qapp.setPalette(before[0])
    qapp.setFont(before[1])
    qapp.setStyleSheet(before[2])


@pytest.mark.parametrize(
    ("text", "line", "sentence", "detail"),
    [
        ("import torch\nx = (1 +\n", 2, "never closed", "SyntaxError"),
        (LEAF + "y = x @ torch.ones(4)\n", 3, "sizes of these tensors do not fit", "RuntimeError"),
        (LEAF + "print(x.nothing)\n", 3, "nothing", "AttributeError"),
        (LEAF + "(x * 2).backward()\n", 3, "needs a single number", "grad can be implicitly created only"),
        (LEAF + "y = (x * x).sum()\ny.backward()\ny.backward()\n", 5, "a second time", "Trying to backward"),
    ],
    ids=[
        "a syntax error",
        "sizes that do not fit",
        "an error before backward",
        "backward of several",
        "backward twice",
    ],
)
def test_an_error_is_a_sentence_with_its_line_and_pytorchs_own_words(person, text, line, sentence, detail):
    person.run(text)
    assert sentence in person.message.sentence
    assert detail in person.message.detail
    assert person.failed_line == line
    assert person.window.parts.editor.text() == text


def test_what_was_recorded_before_an_error_can_be_stepped_through(person):
    person.run(ONE_PASS + "x.nothing\n")
    kinds = [type(person.session.timeline.event(step)) for step in range(1, person.session.timeline.step_count + 1)]
    assert ev.GradAccumulated in kinds
    assert kinds.index(ev.Raised) > kinds.index(ev.BackwardFinished)
    person.wait(lambda: person.window.bench.views.canvas.frame is not None)


@pytest.mark.parametrize("text", ["", "x = 1 + 1\n", "import torch\nprint(torch.ones(2) * 2)\n"])
def test_a_program_without_a_graph_is_no_error_and_the_canvas_says_why_it_is_empty(person, text):
    person.run(text)
    assert person.message.isHidden()
    assert person.failed_line is None
    person.wait(lambda: person.session.picture is not None)
    assert "no backward pass" in person.window.parts.status.caption
    if not person.session.picture.graph.boxes:
        assert "no graph" in person.window.bench.views.canvas.overlays.hint


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        ("import sys\nsys.exit(3)\n", "exit status 3"),
        ("import os\nos._exit(1)\n", "exit status 1"),
        ("raise SystemExit('enough')\n", "exit status 1"),
    ],
)
def test_a_program_that_ends_itself_says_its_status_and_keeps_its_passes(person, ending, sentence):
    person.run(ONE_PASS + ending)
    assert sentence in person.message.sentence
    assert len(person.session.recording.passes) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_program_killed_from_outside_says_so_and_keeps_its_passes(person):
    text = ONE_PASS + "import os, time\nprint('pid', os.getpid())\ntime.sleep(1000)\n"
    person.start(text)
    person.wait(lambda: "pid" in person.console.text())
    os.kill(int(person.console.text().split()[1]), signal.SIGKILL)
    person.finish()
    assert "killed from outside" in person.message.sentence
    assert len(person.session.recording.passes) == 1
    assert person.window.parts.editor.text() == text


@pytest.mark.parametrize("endless", ["while True: pass\n", "sum(range(10**13))\n", "torch.ones(1).numpy; input()\n"])
def test_stop_ends_any_program_whatever_it_is_doing(person, endless):
    text = ONE_PASS + "print('begun')\n" + endless
    person.start(text)
    person.wait(lambda: "begun" in person.console.text())
    person.window.trigger("stop")
    person.finish()
    assert "You stopped the program" in person.message.sentence
    assert person.failed_line is None
    assert len(person.session.recording.passes) == 1
    assert person.window.parts.editor.text() == text
    assert not person.console.is_waiting


def test_twenty_megabytes_of_prints_are_shown_within_bounds_and_what_is_left_out_is_said(person):
    person.run("line = 'x' * 99 + '\\n'\nfor _ in range(200_000):\n    print(line, end='')\nprint('the end')\n")
    person.session.to_end()
    shown = person.console.text()
    assert shown.endswith("the end\n")
    assert shown.count("\n") <= LINES_KEPT
    assert "20,000,008 characters" in person.console.note
    assert f"last {LINES_KEPT:,} lines" in person.console.note
    person.run("print('little')\n")
    person.session.to_end()
    assert person.console.text() == "little\n"
    assert person.console.note == ""


def test_a_program_that_asks_gets_what_is_typed_and_the_end_of_input(person):
    person.start("name = input('Who? ')\nprint('Hello', name)\ninput()\n")
    person.wait(lambda: person.console.is_waiting)
    person.console._input.setText("Ada")
    person.console._input.returnPressed.emit()
    person.wait(lambda: "Hello Ada" in person.console.text())
    person.wait(lambda: person.console.is_waiting)
    person.console.input_ended.emit()
    person.finish()
    assert "EOFError" in person.message.detail
    assert person.failed_line == 3


def test_damaged_newer_and_false_recordings_are_sentences_and_what_is_shown_stays(person, tmp_path):
    person.run(ONE_PASS)
    shown = person.session.recording
    whole = tmp_path / "whole.agrec"
    shown.save(whole)
    content = whole.read_bytes()
    text = person.window.parts.editor.text()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 0xFF
    for name, bad, words in (
        ("false", b"PK\x03\x04 something else", "not a recording"),
        ("empty", b"", "not a recording"),
        ("damaged", bytes(flipped), "damaged"),
        ("newer", content[:8] + b"\xff" + content[9:], "newer"),
        ("beginning", content[:40], ""),
    ):
        path = tmp_path / f"{name}.agrec"
        path.write_bytes(bad)
        person.message.clear()
        person.window.files.open_path(path)
        assert person.message.sentence, name
        assert words in person.message.sentence, name
        assert person.session.recording is shown, name
        assert person.window.parts.editor.text() == text, name


def test_a_recording_that_ends_early_is_shown_as_far_as_it_goes_and_says_so(person, tmp_path):
    person.run(ONE_PASS)
    whole = tmp_path / "whole.agrec"
    person.session.recording.save(whole)
    cut = tmp_path / "cut.agrec"
    content = whole.read_bytes()
    for length in range(len(content) - 1, 0, -1):
        cut.write_bytes(content[:length])
        try:
            if Recording.open(cut).warning:
                break
        except Exception:  # noqa: BLE001 - a cut within a block is a sentence, which the test above sees
            continue
    person.window.files.open_path(cut)
    assert "ends early" in person.message.sentence or "index" in person.message.sentence
    assert person.session.timeline.step_count


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing/folder/out.svg", "cannot be written"),
        ("out.xyz", ".xyz"),
        ("out", "ending"),
    ],
)
def test_an_export_that_cannot_be_made_is_a_sentence(person, tmp_path, name, words):
    person.run(ONE_PASS)
    person.wait(lambda: person.session.picture is not None)
    person.window.bench.exports.export_to(tmp_path / name)
    person.wait(lambda: not person.window.bench.exports.is_busy)
    assert words in person.message.sentence
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("what", ["program", "recording"])
def test_saving_where_nothing_can_be_written_is_a_sentence_and_nothing_is_lost(person, tmp_path, what):
    person.run(ONE_PASS)
    person.message.clear()
    if what == "program":
        assert not person.window.documents.save_to(tmp_path / "no" / "such" / "program.py")
    else:
        person.window.files.save_recording_to(tmp_path / "no" / "such" / "run.agrec")
    assert "cannot be written" in person.message.sentence
    assert person.window.parts.editor.text() == ONE_PASS
