"""What a worker sends is in the journal before it is in the pipe, whatever becomes of the app."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import sys
import threading
import time
import warnings

import pytest

from graphviz_app.protocol import ChannelError, Ended, Recorded, app_channel, keep_journal, worker_channel
from graphviz_app.protocol import journal as journal_module
from graphviz_app.protocol.descriptor import OwnDescriptor
from graphviz_app.protocol.transport import MemoryTransport, PipeTransport
from graphviz_app.recording import events as ev
from graphviz_app.recording.journal import REACHED, Mark, pack_header, pack_mark, read_batches, read_beginning

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no journals there")

TOKEN = "a" * 32


class Desk:
    """A worker and an app over pipes, and a journal."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(pack_header(TOKEN))
        (command_read, self.command_write), (self.report_read, report_write) = os.pipe(), os.pipe()
        self.worker = worker_channel(PipeTransport(command_read, report_write))
        self.app = app_channel(PipeTransport(self.report_read, self.command_write))
        keep_journal(self.worker, str(path))
        self.journal = self.worker._journal

    def say(self, text):
        self.worker.send(Recorded(ev.Batch(0, (), (ev.Notice(text),))))

    def hear(self):
        return self.app.feed(os.read(self.report_read, 1 << 20))

    def reach(self, place=None, counted=0):
        """What the app does when it has written everything down."""
        mark = Mark(self.app.heard if place is None else place, counted)
        with self.path.open("r+b") as stream:
            stream.seek(REACHED)
            stream.write(pack_mark(mark))

    def kept(self):
        with self.path.open("rb") as stream:
            beginning = read_beginning(stream, TOKEN)
            return [event.text for batch in read_batches(stream, beginning.place) for event in batch.events]

    def close(self):
        self.worker.close()
        self.app.close()
        if self.journal is not None and self.journal._is_ours():
            os.close(self.journal._descriptor)


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path / "run.agrec.unsaved")
    yield made
    made.close()


def test_what_is_sent_is_kept_and_nothing_goes_over_the_channel_twice(desk):
    desk.say("a")
    desk.say("b")
    assert desk.kept() == ["a", "b"]
    assert [report.batch.events[0].text for report in desk.hear()] == ["a", "b"]
    assert desk.app.heard == desk.journal.place
    desk.worker.send(Ended("returned", 0))
    assert desk.kept() == ["a", "b"]


def test_the_journals_descriptor_is_high_and_not_inherited(desk):
    assert desk.journal._descriptor >= 50
    assert not os.get_inheritable(desk.journal._descriptor)


def test_when_the_app_is_gone_the_journal_still_takes_what_it_has_room_for(desk, monkeypatch):
    desk.say("a")
    desk.app.close()
    desk.say("b")
    desk.say("c")
    assert desk.kept() == ["a", "b", "c"]
    monkeypatch.setattr(journal_module, "PLENTY", desk.journal._offset - 1)
    with pytest.raises(ChannelError, match="Nobody listens"):
        desk.say("d")


def test_a_descriptor_that_the_program_closed_and_reused_is_not_written_to(desk, tmp_path):
    desk.say("a")
    precious = tmp_path / "precious"
    with precious.open("wb") as stream:
        os.dup2(stream.fileno(), desk.journal._descriptor)
    desk.say("b")
    assert precious.read_bytes() == b""
    assert desk.kept() == ["a"]
    assert [report.batch.events[0].text for report in desk.hear()] == ["a", "b"]
    os.close(desk.journal._descriptor)


def test_a_program_may_close_all_descriptors_it_did_not_open(desk):
    os.close(desk.journal._descriptor)
    desk.say("a")
    desk.app.close()
    with pytest.raises(ChannelError):
        desk.say("b")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork there")
def test_a_forked_child_writes_nothing(desk):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:
            desk.say("from the child")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    desk.say("a")
    assert desk.kept() == ["a"]


def test_a_file_that_is_no_journal_is_not_written_to(tmp_path):
    path = tmp_path / "letter"
    path.write_bytes(b"Dear Ada")
    for name in (str(path), str(tmp_path / "missing"), str(tmp_path), ""):
        worker = worker_channel(MemoryTransport.pair()[0])
        keep_journal(worker, name)
        worker.send(Ended("returned", 0))
        assert worker._journal is None
    assert path.read_bytes() == b"Dear Ada"
    assert not (tmp_path / "missing").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110
def test_a_full_disk_ends_the_journal_and_nothing_else(desk):
    full = os.open("/dev/full", os.O_RDWR)
    os.dup2(full, desk.journal._descriptor)
    os.close(full)
    desk.journal._own = OwnDescriptor(desk.journal._descriptor)
    desk.say("a")
    assert not desk.journal.has_room
    assert len(desk.hear()) == 1
    os.close(desk.journal._descriptor)


def test_the_records_begin_anew_when_the_app_has_everything(desk, monkeypatch):
    monkeypatch.setattr(journal_module, "ENOUGH", 1000)
    texts = [f"{number}" * 20 for number in range(100)]
    for number, text in enumerate(texts):
        desk.say(text)
        desk.hear()
        desk.reach(counted=number)
        assert text in desk.kept()
        assert desk.kept() == texts[number + 1 - len(desk.kept()) : number + 1]
    assert desk.path.stat().st_size < 1500
    with desk.path.open("rb") as stream:
        beginning = read_beginning(stream, TOKEN)
    assert beginning.place > 1000
    assert beginning.counted == len(texts) - 1 - len(desk.kept())


@pytest.mark.parametrize("behind", [1, 10_000], ids=["a little", "all"])
def test_nothing_is_written_over_that_the_app_has_not_written_down(desk, monkeypatch, behind):
    monkeypatch.setattr(journal_module, "ENOUGH", 500)
    texts = [f"{number}" * 20 for number in range(50)]
    for text in texts:
        desk.say(text)
        desk.hear()
        desk.reach(max(0, desk.app.heard - behind))
    assert desk.kept() == texts


def test_a_mark_that_is_just_being_written_is_none(desk, monkeypatch):
    monkeypatch.setattr(journal_module, "ENOUGH", 500)
    for number in range(50):
        desk.say(f"{number}" * 20)
        desk.hear()
        desk.reach()
        with desk.path.open("r+b") as stream:
            stream.seek(REACHED + 3)
            stream.write(b"\xff")
    assert len(desk.kept()) == 50


def test_an_app_that_lags_behind_is_waited_for_once_and_then_no_more(desk, monkeypatch):
    monkeypatch.setattr(journal_module, "ENOUGH", 300)
    monkeypatch.setattr(journal_module, "PLENTY", 600)
    monkeypatch.setattr(journal_module, "_WAITS", 20)
    started = time.monotonic()
    for _ in range(30):
        desk.say("x" * 30)
    assert 0.1 <= time.monotonic() - started < 1
    assert len(desk.kept()) == 30
    # Once it has caught up, it is waited for again.
    desk.hear()
    desk.reach()
    desk.say("y")
    assert desk.kept() == ["y"]
    assert not desk.journal._has_waited


def test_an_app_that_is_gone_is_not_waited_for(desk, monkeypatch):
    monkeypatch.setattr(journal_module, "ENOUGH", 300)
    monkeypatch.setattr(journal_module, "PLENTY", 600)
    desk.say("x" * 1000)
    os.close(desk.command_write)
    started = time.monotonic()
    desk.say("y")
    assert time.monotonic() - started < 0.5
    desk.command_write = os.open(os.devnull, os.O_WRONLY)
    assert desk.kept() == ["x" * 1000, "y"]


def test_while_the_app_lags_it_is_waited_for_until_it_has_caught_up(desk, monkeypatch):
    monkeypatch.setattr(journal_module, "ENOUGH", 300)
    monkeypatch.setattr(journal_module, "PLENTY", 600)
    desk.say("x" * 1000)

    def catch_up():
        time.sleep(0.05)
        desk.hear()
        desk.reach()

    thread = threading.Thread(target=catch_up)
    thread.start()
    desk.say("y")
    thread.join()
    assert desk.kept() == ["y"]


def test_what_a_full_journal_could_not_take_is_left_out_until_it_begins_anew(desk, monkeypatch):
    monkeypatch.setattr(journal_module, "ENOUGH", 300)
    monkeypatch.setattr(journal_module, "LARGEST_JOURNAL", 600)
    for number in range(20):
        desk.say(f"{number}" * 30)
    assert 0 < len(desk.kept()) < 10
    assert desk.path.stat().st_size <= 600
    desk.hear()
    desk.reach()
    desk.say("y")
    assert desk.kept() == ["y"]


class Interrupted(Exception):
    pass


def test_a_signal_that_interrupts_a_sending_leaves_no_hole_in_the_journal(desk):
    numbers = itertools.count(1)
    heard = []
    armed = False

    def interrupt(_number, _frame):
        nonlocal armed
        # Once for each sending: what is raised while one that was raised is handled would end the test.
        if armed:
            armed = False
            raise Interrupted

    def listen():
        while (report := desk.app.receive()) is not None:
            heard.extend(event.text for event in report.batch.events)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    # What is raised within a callback of the collector's is swallowed.
    gc.disable()
    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0007)
    count = 0
    while count < 100:
        try:
            armed = True
            desk.say(f"{next(numbers)} " + "x" * 100_000)
            armed = False
        except Interrupted:
            count += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)
    gc.enable()
    desk.say("last")
    desk.worker.close()
    thread.join(20)
    assert len(heard) > 10
    assert desk.kept() == heard
