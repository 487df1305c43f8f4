from __future__ import annotations

import contextlib
import gc
import itertools
import os
import signal
import sys
import threading
import warnings

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphviz_app.protocol import (
    ChannelError,
    Ended,
    Ready,
    Recorded,
    RunOptions,
    RunProgram,
    Shutdown,
    Unready,
    app_channel,
    worker_channel,
)
from graphviz_app.protocol.framing import frame
from graphviz_app.protocol.transport import MemoryTransport, PipeTransport
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import record_array

BATCH = ev.Batch(
    3, (record_array(np.ones((2, 2), np.float32)),), (ev.Printed("stdout", "héllo\n"), ev.NodeCalled(0, 1, (3,), (-1,)))
)
REPORTS = [
    Ready(ev.Environment("3.11", "2.13", "0.1"), 17),
    Unready("PyTorch is not installed.", "ModuleNotFoundError"),
    Recorded(BATCH),
    Ended("exited", 3),
]
COMMANDS = [RunProgram("a.py", "print('ü')", ("-x",), "/tmp", False, RunOptions(element_budget=10)), Shutdown()]


@pytest.fixture
def ends():
    first, second = MemoryTransport.pair(piece=5)
    return app_channel(first), worker_channel(second)


def test_every_message_arrives_as_it_was_sent(ends):
    app, worker = ends
    for command in COMMANDS:
        app.send(command)
    for report in REPORTS:
        worker.send(report)
    assert [worker.receive() for _ in COMMANDS] == COMMANDS
    assert [app.receive() for _ in REPORTS] == REPORTS


def test_the_end_of_the_conversation_is_none(ends):
    app, worker = ends
    worker.send(REPORTS[0])
    worker.close()
    assert app.receive() == REPORTS[0]
    assert app.receive() is None


def test_news_can_be_waited_for_without_being_taken(ends):
    app, worker = ends
    assert not worker.has_news(0.0)
    app.send(COMMANDS[0])
    assert worker.has_news(0.0)
    assert worker.receive() == COMMANDS[0]
    assert not worker.has_news(0.0)
    app.close()
    assert worker.has_news(1.0)
    assert worker.receive() is None


def test_a_conversation_that_breaks_off_within_a_message_is_an_error():
    first, second = MemoryTransport.pair()
    second.write(frame(b"1234567")[:6])
    second.close()
    with pytest.raises(ChannelError, match="broke off"):
        app_channel(first).receive()


@given(st.binary(max_size=300))
@example(b"\x91\xa1\x80")  # a tag that is not UTF-8
def test_nonsense_is_a_channel_error_and_nothing_else(data):
    channel = app_channel(MemoryTransport.pair()[0])
    with contextlib.suppress(ChannelError):
        channel.feed(frame(data))


def test_sending_to_nobody_is_a_channel_error():
    read, write = os.pipe()
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.close(read)
    channel = worker_channel(PipeTransport(nowhere, write))
    with pytest.raises(ChannelError, match="Nobody listens"):
        channel.send(REPORTS[0])
    channel.close()


def test_a_descriptor_that_the_program_closed_and_reused_is_not_written_to(tmp_path):
    read, write = os.pipe()
    channel = worker_channel(PipeTransport(read, write))
    precious = tmp_path / "precious"
    with precious.open("wb") as stream:
        os.dup2(stream.fileno(), write)
        with pytest.raises(ChannelError, match="closed by the program"):
            channel.send(REPORTS[0])
    os.close(read)
    os.close(write)
    assert precious.read_bytes() == b""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork there")
def test_a_forked_child_cannot_talk_in_between():
    read, write = os.pipe()
    channel = worker_channel(PipeTransport(os.open(os.devnull, os.O_RDONLY), write))
    with warnings.catch_warnings():
        # Newer Pythons warn of forks where threads are; this child does next to nothing.
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        try:
            channel.send(REPORTS[0])
        except ChannelError:
            os._exit(17)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 17
    channel.send(REPORTS[3])
    channel.close()
    listener = app_channel(PipeTransport(read, os.open(os.devnull, os.O_WRONLY)))
    assert listener.receive() == REPORTS[3]
    assert listener.receive() is None
    listener.close()


class Interrupted(Exception):
    pass


class Interruptions:
    """Raises in the main thread every now and then, wherever it is, until it is told not to."""

    def __enter__(self):
        self.raises = True
        # What is raised within a callback of the collector's is swallowed, and Hypothesis has one.
        gc.disable()
        self._previous = signal.signal(signal.SIGALRM, self._interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0007)
        return self

    def _interrupt(self, _number, _frame):
        if self.raises:
            raise Interrupted

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._previous)
        gc.enable()


def send_until_interrupted_often(channel, interruptions, numbers):
    count = 0
    while count < 100:
        try:
            channel.send(Ended("x" * 100_000, next(numbers)))
        except Interrupted:
            count += 1
    interruptions.raises = False


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGALRM there")
def test_a_signal_that_interrupts_a_sending_loses_and_doubles_nothing():
    read, write = os.pipe()
    channel = worker_channel(PipeTransport(os.open(os.devnull, os.O_RDONLY), write))
    listener = app_channel(PipeTransport(read, os.open(os.devnull, os.O_WRONLY)))
    received = []

    def listen():
        while (report := listener.receive()) is not None:
            received.append(report)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    numbers = itertools.count(1)
    with Interruptions() as interruptions:
        while interruptions.raises:
            try:
                send_until_interrupted_often(channel, interruptions, numbers)
            except Interrupted:
                # It came between two messages; go on.
                continue
    channel.send(Ended("last", 0))
    channel.close()
    thread.join(20)
    listener.close()
    statuses = [report.status for report in received]
    # What was interrupted before it began is not sent; everything else is, once, in order.
    assert statuses[-1] == 0
    assert statuses[:-1] == sorted(set(statuses[:-1]))
    assert next(numbers) - 1 >= len(statuses[:-1]) > 10
    assert all(report.how in ("x" * 100_000, "last") for report in received)


def test_threads_may_send_at_once_and_messages_stay_whole(ends):
    app, worker = ends
    threads = [
        threading.Thread(target=lambda n=n: [worker.send(Ended("y" * 50, n)) for _ in range(20)]) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    reports = [app.receive() for _ in range(80)]
    for thread in threads:
        thread.join()
    assert sorted(report.status for report in reports) == sorted([0, 1, 2, 3] * 20)
