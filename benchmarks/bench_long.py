"""A recording of a million events in the real window: opening it, seeking anywhere in it, memory.

By itself, `python benchmarks/bench_long.py` prints the figures. The window has a process of its own: its memory is that
of one which has shown nothing else.
"""

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench_recording
from bench_scale import Driven, processes

SEEKS = 60
LIMITS = {"opened": 1.0, "median seek": 0.010, "worst seek": 0.050, "MiB": 500}


def measured():
    """The figures of a window in a process of its own, which has not written the recording either."""
    with tempfile.TemporaryDirectory() as folder:
        path = bench_recording.written(Path(folder) / "long.agrec", bench_recording.PASSES["a million events"])
        command = [sys.executable, __file__, str(path)]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout)


def figures(path):
    """Seconds until it was painted, seconds of seeks until all was painted again, and MiB after them."""
    driven = Driven(path.parent)
    opened = driven.open(path)[0]
    # What is looked ahead for comes to its end.
    driven.rest(4.0)
    choose, seeks = random.Random(1), []
    for _ in range(SEEKS):
        step = choose.randrange(driven.session.timeline.step_count)
        start = time.perf_counter()
        driven.session.seek(step)
        driven.application.processEvents()
        seeks.append(time.perf_counter() - start)
        driven.rest(0.15)
    memory = sum(process.memory_info().rss for process in processes()) >> 20
    driven.close()
    return {"opened": opened, "median seek": statistics.median(seeks), "worst seek": max(seeks), "MiB": memory}


def test_a_million_events_in_the_window(benchmark):
    found = measured()
    benchmark.extra_info.update(found, limits=LIMITS)
    benchmark.pedantic(lambda: None)
    assert {name: value for name, value in found.items() if value > LIMITS[name]} == {}


if __name__ == "__main__":
    print(json.dumps(figures(Path(sys.argv[1])) if sys.argv[1:] else measured()))
