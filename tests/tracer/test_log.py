"""The lock that everything which records holds, and what is printed while it does."""

import io
import os
import sys
import threading
import warnings

import pytest

from graphviz_app.recording import events as ev
from graphviz_app.tracer import streams
from graphviz_app.tracer.log import BYTES_IN_A_BATCH, EventLog


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_does_not_wait_for_a_thread_that_it_has_not():
    log = EventLog(lambda _: None)
    held, over = threading.Event(), threading.Event()

    def hold():
        with log.lock:
            held.set()
            over.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    with warnings.catch_warnings():
        # Newer Pythons warn of forks beside threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        os._exit(0 if log.lock.acquire(timeout=20) else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    is_free = log.lock.acquire(blocking=False)
    over.set()
    thread.join()
    assert status == 0
    # In the parent the thread still has it.
    assert not is_free


def test_what_is_handed_over_where_the_stack_is_full_is_handed_over_later():
    told = []

    def sink(batch, calls=20):
        if calls:
            sink(batch, calls - 1)
        else:
            told.extend(event.text for event in batch.events)

    log = EventLog(sink)

    def descend(number):
        log.add(ev.Notice(str(number)))
        log.flush()
        written.append(str(number))
        descend(number + 1)

    written = []
    with pytest.raises(RecursionError):
        descend(0)
    log.flush()
    assert not log.muted
    assert told[: len(written)] == written


def test_a_line_of_very_many_pieces_is_not_copied_with_each_of_them():
    batches = []
    log = EventLog(batches.append)
    for _ in range(20_000):
        log.printed("stdout", ".")
    log.printed("stdout", "\n")
    log.flush()
    texts = [event.text for batch in batches for event in batch.events]
    assert "".join(texts) == "." * 20_000 + "\n"
    assert 2 <= len(texts) <= 6


def test_what_is_printed_counts_as_what_a_batch_holds():
    batches = []
    log = EventLog(batches.append)
    for _ in range(5):
        log.printed("stdout", "x" * BYTES_IN_A_BATCH + "\n")
    assert len(batches) == 5


def test_of_a_stream_without_a_buffer_nothing_is_kept_that_was_heard(tmp_path, monkeypatch):
    heard = []
    stream = io.TextIOWrapper(io.FileIO(tmp_path / "out", "w"), write_through=True)
    for name in ("stdout", "__stdout__"):
        monkeypatch.setattr(sys, name, stream)
    listening = streams.Streams(lambda name, text: heard.append((name, text)))
    listening.overhear()
    for _ in range(100):
        sys.stdout.write("line\n")
    assert heard == [("stdout", "line\n")] * 100
    assert (tmp_path / "out").read_text() == "line\n" * 100
    assert streams._hearings[id(sys.stdout)].owed == b""
    listening.unhear()
    sys.stdout.close()
