"""Whenever app and program are killed, the recording opens with everything that the program had said."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphviz_app.protocol import Ended, Ready, Recorded, RunProgram, app_channel, keep_journal, worker_channel
from graphviz_app.protocol import journal as journal_end
from graphviz_app.protocol.transport import MemoryTransport
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording.journal import MAGIC, journal_path
from graphviz_app.recording.values import record_array
from graphviz_app.runner import book as book_module
from graphviz_app.runner.conversation import Conversation
from graphviz_app.runner.feed import Arrival

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no journals there")

READY = Ready(ev.Environment("3.11", "2.13", "0.1"), 1)


class Stage:
    """A run in which we play the program, and decide when the app hears what it said."""

    def __init__(self, path, *, capture=True):
        self.path = path
        self.time = 0.0
        app, worker = MemoryTransport.pair(piece=1 << 20)
        self._app = app
        self.worker = worker_channel(worker)
        program = RunProgram("p.py", "print(1)", (), "/", capture)
        self.conversation = Conversation(app_channel(app), program, path, clock=lambda: self.time)
        self.worker.send(READY)
        self.hear()
        self.program = self.worker.receive()
        keep_journal(self.worker, self.program.journal)
        self._values = 0

    def say(self, *events, values=()):
        self.worker.send(Recorded(ev.Batch(self._values, tuple(values), events)))
        self._values += len(values)

    def hear(self, most=1 << 20):
        """The app takes what is in the pipe, at most so many messages."""
        for _ in range(most):
            if not self._app.has_news(0):
                return
            self.conversation.arrive(Arrival("channel", self._app.read()))

    def killed(self):
        """What is found when both are killed now: events and values."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, "copy.agrec")
            shutil.copy(self.path, copy)
            shutil.copy(journal_path(self.path), journal_path(copy))
            recording = Recording.open(copy)
            try:
                assert recording.warning
                values = [recording.value(number) for number in range(recording.value_count)]
                return list(recording.events()), values
            finally:
                recording.close()

    def finish(self):
        return self.conversation.finish(0, stopped=False)


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path / "run.agrec")


def passed(number):
    return ev.BackwardStarted(number), ev.BackwardFinished(number)


def test_what_the_app_never_heard_is_in_the_recording_that_is_opened(stage):
    stage.say(*passed(0))
    stage.hear()
    stage.say(*passed(1))
    stage.say(ev.Printed("stdout", "bye"), ev.Finished("returned", 0))
    assert stage.killed()[0] == [*passed(0), *passed(1), ev.Printed("stdout", "bye")]
    stage.hear()
    stage.finish()


def test_what_the_app_had_heard_and_not_written_is_in_it_too(stage):
    stage.say(ev.NameBound(0, "x"))
    stage.hear()
    assert stage.killed()[0] == [ev.NameBound(0, "x")]
    stage.finish()


@pytest.mark.parametrize("stopped", [False, True])
def test_when_the_run_ends_the_journal_goes(stage, stopped):
    assert stage.program.journal == str(journal_path(stage.path))
    stage.say(*passed(0))
    stage.worker.send(Ended("returned", 0))
    stage.hear()
    stage.conversation.finish(0, stopped=stopped)
    assert os.listdir(stage.path.parent) == ["run.agrec"]  # noqa: PTH208
    # The program's process may still speak.
    stage.say(*passed(1))


def test_a_relative_path_is_one_for_the_program_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stage = Stage(Path("run.agrec"))
    assert stage.program.journal == str(tmp_path / "run.agrec.unsaved")
    monkeypatch.chdir("/")
    stage.conversation.book._stream.close()
    stage.conversation.book._journal.delete()
    assert not (tmp_path / "run.agrec.unsaved").exists()


def test_the_journal_of_an_earlier_run_is_written_over_with_its_recording(tmp_path):
    path = tmp_path / "run.agrec"
    first = Stage(path)
    first.say(*passed(0))
    killed = journal_path(path).read_bytes()
    first.conversation.book._stream.close()
    second = Stage(path)
    second.say(*passed(7))
    assert journal_path(path).read_bytes()[: len(MAGIC) + 32] != killed[: len(MAGIC) + 32]
    assert second.killed()[0] == [*passed(7)]
    second.hear()
    second.finish()
    assert not journal_path(path).exists()


def test_a_file_of_the_users_in_its_place_is_left_alone(tmp_path):
    theirs = tmp_path / "run.agrec.unsaved"
    theirs.write_text("Dear Ada")
    stage = Stage(tmp_path / "run.agrec")
    assert stage.program.journal == ""
    stage.say(*passed(0))
    stage.hear()
    assert stage.finish().recording_path
    assert theirs.read_text() == "Dear Ada"


def test_a_folder_that_takes_no_journal_takes_a_recording(tmp_path):
    (tmp_path / "run.agrec.unsaved").mkdir()
    stage = Stage(tmp_path / "run.agrec")
    assert stage.program.journal == ""
    stage.say(*passed(0))
    stage.hear()
    stage.finish()


def test_a_recording_that_is_full_is_not_longer_when_it_was_killed(stage, monkeypatch):
    monkeypatch.setattr(book_module, "LARGEST_COUNT", 3)
    stage.say(*passed(0), *passed(1))
    stage.hear()
    stage.say(*passed(2))
    assert [type(event) for event in stage.killed()[0]] == [type(event) for event in (*passed(0), *passed(1))] + [
        ev.Notice
    ]
    stage.hear()
    stage.finish()


@st.composite
def speeches(draw):
    """What happens in a run, in order: something is said, heard or printed, or time passes."""
    numbers = itertools.count()
    return [draw(st.sampled_from(_DEEDS))(numbers, draw) for _ in range(draw(st.integers(1, 40)))]


def _event(number, draw):
    match draw(st.sampled_from(["counted", "pass", "printed", "notice"])):
        case "counted":
            return [ev.NameBound(number, f"x{number}")]
        case "pass":
            return list(passed(number))
        case "printed":
            return [
                ev.Printed(draw(st.sampled_from(["stdout", "stderr"])), draw(st.sampled_from(["step\n", "a", "b\n"])))
            ]
        case _:
            return [ev.Notice(f"{number}")]


def _say(numbers, draw):
    events = [event for _ in range(draw(st.integers(0, 5))) for event in _event(next(numbers), draw)]
    values = [record_array(np.full(2, next(numbers), np.float32)) for _ in range(draw(st.integers(0, 2)))]
    return lambda stage: stage.say(*events, values=values), events, values


def _hear(_numbers, draw):
    most = draw(st.integers(1, 3))
    return lambda stage: stage.hear(most), [], []


def _wait(_numbers, _draw):
    def wait(stage):
        stage.time += 1
        stage.conversation.arrive(Arrival("idle"))

    return wait, [], []


_DEEDS = [_say, _say, _hear, _wait]


def kept_apart(events):
    """Counted events in order, the text of each stream between them, and the notices."""
    parts, texts = [], {"stdout": "", "stderr": ""}
    notices = [event for event in events if isinstance(event, ev.Notice)]
    for event in events:
        if isinstance(event, ev.Printed):
            texts[event.stream] += event.text
        elif not isinstance(event, ev.Notice):
            parts.append((texts, event))
            texts = {"stdout": "", "stderr": ""}
    return [*parts, texts, notices]


@settings(max_examples=50, deadline=None)
@given(speeches(), st.sampled_from([200, 1 << 25]), st.sampled_from([2, 10_000]))
def test_whenever_it_is_killed_nothing_that_was_said_is_missing_or_told_twice(deeds, enough, apart):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_end, "ENOUGH", enough)
        patch.setattr(book_module, "_PRINTS_KEPT_APART", apart)
        stage = Stage(Path(folder, "run.agrec"))
        said, kept = [], []
        try:
            for deed, events, values in deeds:
                deed(stage)
                said += events
                kept += values
                found, found_values = stage.killed()
                assert kept_apart(found) == kept_apart(said)
                assert found_values == kept
        finally:
            stage.hear()
            stage.finish()
        with_end = Recording.open(stage.path)
        assert kept_apart(list(with_end.events())[:-1]) == kept_apart(said)
        with_end.close()


def test_what_c_code_printed_hides_nothing_and_doubles_nothing(stage):
    stage.say(*passed(0), ev.Printed("stdout", "one\n"))
    stage.hear()
    stage.conversation.arrive(Arrival("stdout", b"from C\n"))
    stage.say(ev.Printed("stdout", "two\n"))
    stage.hear()
    stage.conversation.arrive(Arrival("stdout", b"from a child\n"))
    stage.time += 1
    stage.conversation.arrive(Arrival("idle"))
    stage.say(ev.Printed("stdout", "three\n"))
    printed = "".join(event.text for event in stage.killed()[0] if isinstance(event, ev.Printed))
    assert printed == "one\nfrom C\ntwo\nfrom a child\nthree\n"
    stage.hear()
    stage.finish()


def test_a_run_leaves_no_journal_however_it_ends(trial, tmp_path):
    endings = {
        "returned": "print(1)",
        "raised": "1 / 0",
        "exited": "import os\nos._exit(3)",
    }
    if hasattr(signal, "SIGKILL"):
        endings["killed"] = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    for source in endings.values():
        assert trial(source).recording_path is not None
        assert not journal_path(tmp_path / "run.agrec").exists()
    trial.start("import time\ntime.sleep(1000)")
    trial.run.stop()
    trial.finish()
    assert not journal_path(tmp_path / "run.agrec").exists()
