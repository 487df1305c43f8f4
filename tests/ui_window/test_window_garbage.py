"""When Python's collector runs in the window: in its thread, and not while somebody steps."""

import gc
from types import SimpleNamespace

import pytest

from graphviz_app.session.signal import Signal
from graphviz_app.ui.garbage import GarbageCollector


class Knot:
    """Garbage that only a full collection finds, since it has survived younger ones."""

    alive = 0

    def __init__(self):
        Knot.alive += 1
        self.me = self

    def __del__(self):
        Knot.alive -= 1


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def collector(qapp, now):  # noqa: ARG001 - timers need it
    made = GarbageCollector(clock=lambda: now[0])
    yield made
    made.close()


@pytest.fixture
def session():
    return SimpleNamespace(recording=None, run_started=Signal(), step_changed=Signal(), picture_busy=Signal())


def old_knot():
    knot = Knot()
    gc.collect()
    del knot


def step(session, collector, times):
    for _ in range(times):
        session.step_changed.emit(None)
        collector.collect()


def test_a_full_collection_waits_until_nobody_steps(collector, session, now):
    collector.follow(session)
    old_knot()
    step(session, collector, 50)
    assert Knot.alive == 1
    now[0] += 2.0
    collector.collect()
    assert Knot.alive == 0


def test_a_full_collection_does_not_wait_for_ever(collector, session):
    collector.follow(session)
    old_knot()
    step(session, collector, 120)
    assert Knot.alive == 0


def test_what_was_there_before_the_first_run_is_put_aside_once(collector, session):
    # Some releases of Python begin with things of their own put aside.
    before = gc.get_freeze_count()
    collector.follow(session)
    session.run_started.emit()
    aside = gc.get_freeze_count()
    assert aside > before + 10_000
    session.recording = object()
    kept = [[] for _ in range(1000)]
    session.run_started.emit()
    assert gc.get_freeze_count() <= aside
    collector.close()
    assert gc.get_freeze_count() <= before
    assert kept
