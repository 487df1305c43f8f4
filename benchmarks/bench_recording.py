"""A million events: opening, seeking, memory."""

import gc
import io
import random
import statistics
import subprocess
import sys
import time

import numpy as np
import pytest

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import record_array
from graphviz_app.recording.writer import RecordingWriter
from graphviz_app.timeline import Timeline

NODES = 400
PASSES = {"100,000 events": 124, "a million events": 1242}
SEEKS = 1000
MEDIAN_LIMIT = 0.010
WORST_LIMIT = {"100,000 events": 0.020, "a million events": 0.050}


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    """1,242 iterations over graphs of 400 nodes: a million events, half a million nodes."""
    return written(tmp_path_factory.mktemp("long") / "long.agrec", PASSES["a million events"])


def written(path, passes):
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, ev.Program("long.py", ""), ev.Environment("3", "2", "0"))
        value = 0
        for number in range(passes):
            writer.append(iteration(number, value))
            value += 4
            writer.flush()
        writer.finish()
    return path


def iteration(number, value):
    first = number * NODES
    nodes = tuple(ev.Node(first + at, "MulBackward0", operation=first + at) for at in range(NODES))
    edges = tuple(ev.Edge(first + at, 0, first + at + 1, 0) for at in range(NODES - 1))
    line = ev.Span(0, 7)
    operations = tuple(ev.OperationRan(first + at, "torch.mul", line, nodes=(first + at,)) for at in range(NODES))
    calls = tuple(ev.NodeCalled(number, first + at, (value,), (value + 1,)) for at in range(NODES))
    leaves = (ev.LeafFound(0, 0, "w", 0),) if number == 0 else ()
    events = (
        *leaves,
        ev.NodesMade(nodes, edges),
        *operations,
        ev.BackwardStarted(number, roots=(ev.Root(first, 0, value),), span=line),
        *calls,
        ev.GradAccumulated(number, 0, value, value + 1, value + 2),
        ev.BackwardFinished(number),
        ev.GradCleared(0, value + 2, value + 3, line),
    )
    values = tuple(record_array(np.full(4, number, np.float32)) for _ in range(4))
    return ev.Batch(value, values, events)


def test_open_a_million_events(benchmark, long_run):
    recording = benchmark(lambda: Recording.open(long_run))
    benchmark.extra_info["events"] = len(recording)


def test_open_without_an_index(benchmark, long_run):
    """As after a kill: everything is scanned."""
    content = long_run.read_bytes()
    whole = Recording(io.BytesIO(content))
    last = whole._event_blocks[-1]
    cut = content[: last.offset]
    benchmark.pedantic(lambda: Recording(io.BytesIO(cut)), rounds=3)


@pytest.mark.parametrize("size", PASSES)
def test_seek_anywhere(benchmark, request, tmp_path, size):
    """The first seek makes lookups once and is told apart; of a thousand others the slowest one counts.

    Times are the thread's own processor time, so that other programs on the machine do not count. Python's collector
    waits, as it does in the window while somebody steps.
    """
    gc.disable()
    request.addfinalizer(gc.enable)
    timeline = Timeline(Recording.open(written(tmp_path / "long.agrec", PASSES[size])))
    rng = random.Random(0)
    nodes = np.arange(NODES)

    def seek():
        state = timeline.state(rng.randrange(timeline.step_count))
        state.node_phases(nodes + state.chapter.index * NODES)
        return state.leaf_grad(0), state.span, state.event, state.pass_id

    def seconds():
        start = time.thread_time()
        seek()
        return time.thread_time() - start

    first, *others = [seconds() for _ in range(SEEKS + 1)]
    median, worst = statistics.median(others), max(others)
    benchmark.extra_info.update(
        steps=timeline.step_count,
        first_ms=round(first * 1e3, 2),
        median_ms=round(median * 1e3, 2),
        worst_ms=round(worst * 1e3, 2),
    )
    benchmark(seek)
    assert median <= MEDIAN_LIMIT
    assert worst <= WORST_LIMIT[size]


def test_memory_of_a_million_events(benchmark, long_run):
    code = (
        "import sys, psutil, random; from graphviz_app.recording import Recording\n"
        "from graphviz_app.timeline import Timeline\n"
        "rss = lambda: psutil.Process().memory_info().rss\n"
        "before = rss()\n"
        "timeline = Timeline(Recording.open(sys.argv[1])); rng = random.Random(1)\n"
        "for _ in range(300): timeline.state(rng.randrange(timeline.step_count)).leaf_grad(0)\n"
        "print(before, rss())\n"
    )

    def run():
        command = [sys.executable, "-c", code, str(long_run)]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout

    before, after = benchmark.pedantic(run, rounds=1).split()
    benchmark.extra_info["grown_by_MiB"] = (int(after) - int(before)) >> 20
    benchmark.extra_info["peak_MiB"] = int(after) >> 20
