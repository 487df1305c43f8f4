"""The same on a GPU: programs for it, and all the others with everything they make put there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from replay import adds_up, is_the_same
from test_oracle import PROGRAMS

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev

if sys.platform != "linux" or not torch.cuda.is_available():
    pytest.skip("there is no CUDA device here", allow_module_level=True)

BEGIN = "import torch; torch.set_default_device('cuda'); torch.use_deterministic_algorithms(True, warn_only=True); "
HERE = Path(__file__).parents[1] / "programs"
OF_CUDA = sorted((HERE / "cuda").glob("*.py"))
# Without it cuBLAS does not promise the same result twice.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@pytest.fixture(scope="session")
def folder_for_a_gpu(tmp_path_factory):
    """The small programs, each with a first line after which everything is made on the GPU."""
    folder = tmp_path_factory.mktemp("programs")
    for path in HERE.glob("*.py"):
        text = path.read_text("utf-8")
        (folder / path.name).write_text(BEGIN * bool(text.strip()) + text, "utf-8")
    return folder


def _compare(program, zygote, folder):
    plain = zygote.run(program, folder / "plain", recorded=False)
    recorded = zygote.run(program, folder / "recorded", recorded=True)
    try:
        is_the_same(recorded, plain)
    except AssertionError:
        is_the_same(zygote.run(program, folder / "again", recorded=False), plain)  # if not even that is
        raise
    return plain, recorded


@pytest.mark.parametrize("program", OF_CUDA, ids=lambda path: path.stem)
def test_program_for_a_gpu_is_the_same_when_recorded(program, zygote, tmp_path):
    plain, recorded = _compare(program, zygote, tmp_path)
    assert plain.status == 0, plain.stderr
    adds_up(recorded)


@pytest.mark.parametrize("name", [path.name for path in PROGRAMS])
def test_program_is_the_same_when_recorded_on_a_gpu(name, folder_for_a_gpu, zygote, tmp_path):
    # How it ends is its own affair: not everything can be done there.
    adds_up(_compare(folder_for_a_gpu / name, zygote, tmp_path)[1])


def test_passes_within_nodes_of_a_gpu_are_their_children(zygote, tmp_path):
    recording = Recording.open(
        zygote.run(HERE / "cuda" / "nested.py", tmp_path, recorded=True).folder / "recording"
    )  # fmt: skip
    events = [recording.event(number) for number in range(len(recording.index.events))]
    started = [event for event in events if isinstance(event, ev.BackwardStarted)]
    # The last part of a checkpointed sequence is computed as it is; without re-entering there is one pass.
    assert [event.parent for event in started] == [ev.NONE, 0, ev.NONE, ev.NONE, 3]
    recording.close()


COUNT = """
import json, runpy, sys
import torch
from graphviz_app.tracer import away
from graphviz_app.tracer.tracer import Tracer

seen, waits = [], []
tracer = Tracer(lambda batch: seen.extend(batch.events))
core = tracer.core

def wait(device):
    waits.append(len(core.log._events) + len(seen))
    away._wait(device)

core.values.away = away.Away(wait=wait)
torch.cuda.init()
tracer.start()
runpy.run_path(sys.argv[1])
tracer.stop()
names = [type(event).__name__ for event in seen]
calls = [at for at, name in enumerate(names) if name == "NodeCalled"]
between = [sum(1 for wait in waits if start < wait <= end) for start, end in zip(calls, calls[1:])
           if set(names[start:end]) <= {"NodeCalled", "GradAccumulated"}]
print(json.dumps({"between": between, "waits": len(waits), "events": {name: names.count(name) for name in set(names)}}))
"""


def test_a_node_waits_for_its_gpu_once_at_most():
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(HERE / "cuda" / "training.py")],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    assert len(told["between"]) > 100
    assert max(told["between"]) == 1
