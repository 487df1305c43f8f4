"""The lock that everything which records holds."""

import os
import sys
import threading
import warnings

import pytest

from graphviz_app.recording import events as ev
from graphviz_app.tracer.log import EventLog


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
