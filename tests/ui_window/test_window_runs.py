"""Programs really run: each test presses Run and waits for what a person would wait for."""

import sys

import pytest

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev


@pytest.fixture(scope="module")
def state_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def run(open_window, qtbot):
    """Runs a text in a window and waits until its recording is shown."""

    def run_text(text, window=None, *, wait=True):
        window = window or open_window(warm=True)
        if text is not None:
            window.parts.editor.replace_text(text)
        before = window.bench.session.recording
        window.trigger("run")
        if wait:
            qtbot.waitUntil(lambda: window.bench.session.recording is not before, timeout=60_000)
            qtbot.waitUntil(lambda: not window.bench.session.is_running, timeout=10_000)
        return window

    return run_text


def test_run_draws_the_first_lesson(run, qtbot):
    window = run(None)
    qtbot.waitUntil(lambda: window.bench.views.canvas.frame is not None, timeout=20_000)
    assert isinstance(window.bench.session.state.event, ev.BackwardStarted)
    assert window.parts.message.isHidden()
    assert "backward" in window.parts.status.caption.lower()
    assert window.parts.editor.marks.roles


def test_bad_programs_mark_the_line_and_keep_the_text(run, qtbot):
    window = None
    for text, line, detail in (
        ("import torch\nx = (1 +\n", 2, "SyntaxError"),
        (
            "import torch\nx = torch.ones(3, requires_grad=True)\n(x * 2).backward()\n",
            3,
            "grad can be implicitly created",
        ),
        ("x = 1\ny = x / 0\n", 2, "ZeroDivisionError"),
    ):
        window = run(text, window)
        qtbot.waitUntil(lambda window=window: not window.parts.message.isHidden())
        assert detail in window.parts.message.detail
        assert window.parts.editor.marks.failed == line
        assert window.parts.editor.text() == text
    window.parts.message.line_requested.emit(window.documents.current.path, 1)
    assert window.parts.editor.current_line() == 1


def test_stop_ends_an_endless_program_and_it_can_be_run_again(run, qtbot):
    window = run("print('begun')\nwhile True:\n    pass\n", wait=False)
    qtbot.waitUntil(lambda: "begun" in window.parts.console.text(), timeout=60_000)
    assert window.actions_by_name["stop"].isEnabled()
    assert window.parts.status.caption.startswith("The program runs")
    window.trigger("stop")
    qtbot.waitUntil(lambda: not window.bench.session.is_running, timeout=10_000)
    assert not window.actions_by_name["stop"].isEnabled()
    assert "stopped" in window.parts.message.sentence
    run("print('second')\n", window)
    window.bench.session.to_end()
    assert window.parts.console.text() == "second\n"


def test_a_program_that_asks_gets_an_answer(run, qtbot):
    window = run("name = input('Who? ')\nprint('Hello', name)\n", wait=False)
    views = window.bench.views
    assert views.canvas.overlays._busy.text() == "Running …"
    qtbot.waitUntil(lambda: window.parts.console.is_waiting, timeout=60_000)
    assert views.canvas.overlays._busy.text() == "The program waits for input"
    assert "type it below the console" in window.parts.status.caption
    window.parts.console._input.setText("Ada")
    window.parts.console._input.returnPressed.emit()
    qtbot.waitUntil(lambda: not window.bench.session.is_running, timeout=20_000)
    window.bench.session.to_end()
    assert "Hello Ada" in window.parts.console.text()
    assert not window.parts.console.is_waiting


def test_what_is_empty_says_that_the_program_runs_or_waits(run, qtbot):
    # What asks stands in another module than the program: nothing in its text says that it reads.
    window = run("import getpass as other\nprint('begun')\nother._raw_input('Who? ')\n", wait=False)
    views = window.bench.views
    hints = (views.timeline.accessibleDescription, views.ledger._hint.text, views.inspector._subtitle.text)
    assert [hint().startswith("The program runs") for hint in hints] == [True, True, True]
    qtbot.waitUntil(lambda: "begun" in window.parts.console.text(), timeout=60_000)
    if sys.platform == "linux":
        qtbot.waitUntil(lambda: window.parts.console.is_waiting, timeout=10_000)
        assert views.canvas.overlays._busy.text() == "The program waits for input"
    window.trigger("stop")
    qtbot.waitUntil(lambda: not window.bench.session.is_running, timeout=10_000)
    assert not [hint() for hint in hints if hint().startswith("The program runs")]


def test_what_a_recording_is_of_runs_as_it_did(run, tmp_path):
    package = tmp_path / "project" / "package"
    package.mkdir(parents=True)
    (package / "part.py").write_text("WORD = 'found'\n", "utf-8")
    text = "import sys\nfrom pathlib import Path\nfrom .part import WORD\nprint(WORD, __name__, sys.argv)\n"
    path = package / "train.py"
    path.write_text(text, "utf-8")
    program = ev.Program(str(path), text, ("--epochs", "3"), str(tmp_path / "project"), "package.train")
    Recording.of([ev.Batch(0, (), ())], program).save(tmp_path / "run.agrec")
    window = run("pass\n")
    window.files.open_path(tmp_path / "run.agrec")
    for changed in ("", "print(Path.cwd().name)\n"):
        run(text + changed, window)
        assert window.parts.message.isHidden(), window.parts.message.detail
        timeline = window.bench.session.timeline
        printed = "".join(event.text for event in timeline.state(timeline.step_count).printed())
        said = f"found __main__ {[str(path), '--epochs', '3']}\n"
        assert printed == said + ("project\n" if changed else "")
        assert window.bench.session.recording.program.module == "package.train"
