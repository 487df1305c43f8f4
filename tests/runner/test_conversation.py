"""One side of a run without any process: what a worker may say, in whatever order, makes a recording that opens."""

from __future__ import annotations

import os

import pytest

from graphviz_app.protocol import Ended, Ready, Recorded, RunProgram, Unready, app_channel, worker_channel
from graphviz_app.protocol.transport import MemoryTransport
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording.journal import journal_path
from graphviz_app.runner import book as book_module
from graphviz_app.runner.conversation import Conversation
from graphviz_app.runner.feed import Arrival

READY = Ready(ev.Environment("3.11", "2.13", "0.1"), 1)


class Stage:
    """A worker that we play ourselves."""

    def __init__(self, path, capture=True):
        app, worker = MemoryTransport.pair(piece=1 << 20)
        self.worker = worker_channel(worker)
        self._app = app
        self.path = path
        program = RunProgram("p.py", "print(1)", (), "/", capture)
        self.conversation = Conversation(app_channel(app), program, path, clock=lambda: 0.0)

    def say(self, *reports):
        for report in reports:
            self.worker.send(report)
            self.conversation.arrive(Arrival("channel", self._app.read()))

    def arrive(self, source, data=b""):
        self.conversation.arrive(Arrival(source, data))

    def events(self):
        recording = Recording.open(self.path)
        try:
            return list(recording.events())
        finally:
            recording.close()


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path / "run.agrec")


def recorded(*events):
    return Recorded(ev.Batch(0, (), events))


def test_the_program_is_handed_over_when_the_worker_is_ready(stage):
    assert not stage.conversation.has_begun
    stage.say(READY)
    assert stage.conversation.has_begun
    journal = str(journal_path(stage.path)) if hasattr(os, "pwrite") else ""
    assert stage.worker.receive() == RunProgram("p.py", "print(1)", (), "/", True, journal=journal)
    stage.conversation.finish(0, stopped=False)


def test_the_end_is_written_last_though_exit_handlers_still_spoke(stage):
    stage.say(READY, recorded(ev.Finished("returned", 0)), recorded(ev.Printed("stdout", "bye")), Ended("returned", 0))
    stage.arrive("idle")
    assert stage.conversation.is_over
    outcome = stage.conversation.finish(None, stopped=False)
    assert outcome.succeeded
    assert stage.events() == [ev.Printed("stdout", "bye"), ev.Finished("returned", 0, outcome.sentence())]


def test_on_the_command_line_a_run_is_over_only_when_the_process_is(tmp_path):
    stage = Stage(tmp_path / "run.agrec", capture=False)
    stage.say(READY, recorded(ev.Finished("returned", 0)), Ended("returned", 0))
    stage.arrive("idle")
    assert not stage.conversation.is_over
    stage.arrive("exit")
    assert stage.conversation.is_over
    # An exit handler may have changed the status after all.
    outcome = stage.conversation.finish(5, stopped=False)
    assert (outcome.how, outcome.status) == ("exited", 5)


def test_a_worker_that_dies_without_a_word_has_exited_or_was_killed(tmp_path):
    for returncode, how in ((1, "exited"), (-9, "killed"), (0, "exited")):
        stage = Stage(tmp_path / f"{returncode}.agrec")
        stage.say(READY)
        stage.arrive("exit")
        outcome = stage.conversation.finish(returncode, stopped=False)
        assert (outcome.how, outcome.status) == (how, returncode)
        assert stage.events() == [ev.Finished(how, returncode, outcome.sentence())]


def test_bytes_from_c_code_and_children_take_their_place_among_the_events(stage):
    stage.say(READY, recorded(ev.Printed("stdout", "a")))
    stage.arrive("stdout", "é".encode()[:1])
    stage.arrive("stdout", "é".encode()[1:] + b"\xff")
    stage.say(recorded(ev.Printed("stdout", "b")))
    stage.arrive("stdout")
    stage.arrive("exit")
    stage.conversation.finish(0, stopped=False)
    assert [event.text for event in stage.events()[:-1]] == ["a", "é\ufffd", "b"]


def test_what_was_said_before_the_program_began_is_shown_too(stage):
    stage.arrive("stderr", b"a warning of torch's\n")
    stage.say(READY)
    stage.arrive("exit")
    stage.conversation.finish(0, stopped=False)
    assert stage.events()[0] == ev.Printed("stderr", "a warning of torch's\n")


def test_a_worker_without_torch_says_so_and_nothing_is_recorded(stage):
    stage.say(Unready("PyTorch cannot be imported.", "Traceback ..."))
    assert stage.conversation.is_over
    outcome = stage.conversation.finish(1, stopped=False)
    assert outcome.failed
    assert outcome.sentence() == "PyTorch cannot be imported."
    assert outcome.detail == "Traceback ..."
    assert outcome.recording_path is None


def test_a_worker_that_never_was_ready_leaves_what_it_wrote_on_stderr(stage):
    stage.arrive("stderr", b"Illegal instruction\n")
    stage.arrive("exit")
    outcome = stage.conversation.finish(-4, stopped=False)
    assert outcome.failed
    assert outcome.detail == "Illegal instruction\n"


def test_a_recording_that_cannot_be_written_is_said_before_the_program_runs(tmp_path):
    stage = Stage(tmp_path / "missing" / "run.agrec")
    stage.say(READY)
    assert stage.conversation.is_over
    outcome = stage.conversation.finish(0, stopped=False)
    assert outcome.failed
    assert "cannot be written" in outcome.sentence()


def test_nonsense_on_the_channel_ends_the_recording_not_the_run(stage):
    stage.say(READY, recorded(ev.Printed("stdout", "a")))
    stage.arrive("channel", b"\xff" * 20)
    stage.say(recorded(ev.Printed("stdout", "never seen")))
    stage.arrive("exit")
    assert stage.conversation.finish(0, stopped=False).succeeded
    printed, notice, _ = stage.events()
    assert printed == ev.Printed("stdout", "a")
    assert isinstance(notice, ev.Notice)


def test_an_endless_recording_ends_with_a_sentence_and_the_program_goes_on(stage, monkeypatch):
    monkeypatch.setattr(book_module, "LARGEST_COUNT", 10)
    stage.say(READY)
    for _ in range(5):
        stage.say(recorded(*[ev.NameBound(0, "x")] * 4))
    stage.say(recorded(ev.Raised("ValueError", "late")))
    stage.arrive("exit")
    outcome = stage.conversation.finish(1, stopped=False)
    events = stage.events()
    assert outcome.raised
    assert [type(event) for event in events] == [ev.NameBound] * 12 + [ev.Notice, ev.Raised, ev.Finished]
    assert "full" in events[12].text


def test_every_pass_that_ended_is_in_the_file_at_once(stage):
    stage.say(READY, recorded(ev.BackwardStarted(0), ev.BackwardFinished(0)))
    assert [type(event) for event in stage.events()] == [ev.BackwardStarted, ev.BackwardFinished]
    stage.conversation.finish(0, stopped=False)
