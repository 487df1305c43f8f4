"""From Run pressed, with a worker warm, to the recording complete: the part of the wait that is the runner's."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import psutil
import pytest

from graphviz_app.lessons.library import find_lesson
from graphviz_app.protocol import RunProgram
from graphviz_app.recording import Recording
from graphviz_app.runner import Run, WorkerPool

LIMIT = 0.1
"""Seconds."""
STOP_LIMIT = 0.5


@pytest.fixture
def pool():
    made = WorkerPool()
    yield made
    made.close()


def wait_until_warm(worker):
    """Wait until the worker has imported everything and is idle; its message is left for the run to read."""
    assert worker.channel.has_news(60)
    process = psutil.Process(worker.process.pid)
    busy = -1.0
    while (now := process.cpu_times().user) > busy:
        busy = now
        time.sleep(0.3)
    return worker


# The smallest; one whose backward loads much of torch; one with an optimizer, which loads more.
@pytest.mark.parametrize("name", ["accumulation", "vector_jacobian_product", "gradient_descent"])
def test_run_pressed_to_recording_complete(benchmark, pool, name, tmp_path):
    lesson = find_lesson(name)
    runs = []

    def warm():
        worker = wait_until_warm(pool.take())
        program = RunProgram("program.py", lesson.program, (), str(tmp_path))
        run = Run(lambda: worker, program, tmp_path / f"{len(runs)}.agrec")
        runs.append(run)
        return (run,), {}

    def press(run):
        run.start()
        return run.wait(30)

    outcome = benchmark.pedantic(press, setup=warm, rounds=3)
    for run in runs:
        run.join(10)
    recording = Recording.open(outcome.recording_path)
    benchmark.extra_info["events"] = len(recording)
    recording.close()
    benchmark.extra_info["times faster than python"] = round(plain_seconds(lesson) / benchmark.stats.stats.median, 1)
    assert outcome.succeeded
    assert benchmark.stats.stats.median < LIMIT


def plain_seconds(lesson):
    """What the same program takes from the command line, in this same run."""
    began = time.perf_counter()
    subprocess.run([sys.executable, str(lesson.program_path)], check=True, capture_output=True, timeout=100)
    return time.perf_counter() - began


@pytest.mark.parametrize(
    "source",
    ["while True: pass", "import itertools; any(itertools.repeat(False))"],
    ids=["a loop", "a C call that holds the GIL"],
)
def test_stop_pressed_to_program_ended(benchmark, pool, source, tmp_path):
    def begin():
        worker = wait_until_warm(pool.take())
        running = threading.Event()
        run = Run(
            lambda: worker,
            RunProgram("program.py", f"print('on')\n{source}", (), str(tmp_path)),
            tmp_path / "stopped.agrec",
            on_progress=lambda progress: progress.console and running.set(),
        )
        run.start()
        assert running.wait(30)
        return (run,), {}

    def press(run):
        run.stop()
        return run.wait(30)

    outcome = benchmark.pedantic(press, setup=begin, rounds=3)
    assert outcome.stopped
    assert benchmark.stats.stats.median < STOP_LIMIT
