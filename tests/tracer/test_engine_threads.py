"""Devices whose nodes run in threads of torch's engine, as CUDA's do: all is told as it is of the CPU's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import torch

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from tests.oracle.replay import Replay
from tests.support_trace import trace_source

PROGRAMS = Path(__file__).parents[1] / "programs" / "far"
# Tensors of a device that is written in Python are left alone; this one stands in for a device of torch's own.
SCRIPT = """
import os
import sys
from pathlib import Path
from unittest import mock
import torch
from graphviz_app.recording import events as ev
from graphviz_app.recording.writer import RecordingWriter
from graphviz_app.tracer.away import Away
from graphviz_app.tracer.launch import Program
from graphviz_app.tracer.start import start_of

file, out = Path(sys.argv[1]), open(sys.argv[2], "wb", buffering=0)
program = ev.Program(str(file), file.read_text(), (), str(file.parent))
writer = RecordingWriter(out, program, ev.Environment("3", str(torch.__version__), "0"))
start = start_of(str(file), str(file.parent))
run = Program(start, file.read_text(), (), str(file.parent), capture=False, sink=writer.append)
run.tracer.core.values.away = Away(lambda tensor: torch.from_numpy(tensor.array.copy()), lambda device: None)
with mock.patch("graphviz_app.tracer.values.why_unread", lambda tensor: ""), \\
        mock.patch("graphviz_app.tracer.away.why_unread", lambda tensor: ""):
    ending = run.run()
    run.finish(ending)
writer.finish()
sys.stdout.flush()
# Where a thread of the engine's still lets go of objects written in Python, the end of the interpreter may abort it.
os._exit(ending.status)
"""
PLAIN = "import os, runpy, sys; runpy.run_path(sys.argv[1]); sys.stdout.flush(); os._exit(0)"

has_far_device = pytest.mark.skipif(
    not hasattr(torch.utils.backend_registration, "_setup_privateuseone_for_python_backend"),
    reason="this torch lets nobody write a device in Python",
)


def record(name, folder):
    """What a program prints, and its recording."""
    command = [sys.executable, "-c", SCRIPT, str(PROGRAMS / f"{name}.py"), str(folder / "recording")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-c", PLAIN, str(PROGRAMS / f"{name}.py")]
    environment = {**os.environ, "PYTHONPATH": str(PROGRAMS)}
    plain = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=environment)
    assert (done.stdout, done.stderr) == (plain.stdout, plain.stderr)
    return Recording.open(folder / "recording")


def events_of(recording, kind):
    return [event for event in map(recording.event, range(len(recording.index.events))) if isinstance(event, kind)]


@has_far_device
def test_nodes_made_in_an_engines_thread_are_not_taken_for_others(tmp_path):
    recording = record("second_order", tmp_path)
    replay = Replay(recording)
    assert replay.problems == []
    assert replay.sums == len(events_of(recording, ev.NodeCalled)) > 100
    passes = [event.pass_id for event in events_of(recording, ev.BackwardStarted) if event.create_graph]
    made = [node for event in events_of(recording, ev.NodesMade) for node in event.nodes]
    assert {node.made_in_pass for node in made} == {ev.NONE, *passes}
    # What was made in a pass, no operation of the program's made; and the other way round.
    assert all((node.operation == ev.NONE) == (node.made_in_pass != ev.NONE) for node in made if node.leaf == ev.NONE)
    recording.close()


@has_far_device
def test_writes_and_clears_by_hooks_in_an_engines_thread_are_told_where_they_happen(tmp_path):
    recording = record("writes", tmp_path)
    assert Replay(recording).problems == []
    changes = [
        type(recording.event(number)).__name__
        for number in range(len(recording.index.events))
        if isinstance(recording.event(number), ev.GradWritten | ev.GradCleared)
    ]
    assert changes == ["GradWritten", "GradCleared", "GradWritten"]
    recording.close()


NESTED = """
import torch
from torch.utils.checkpoint import checkpoint

def twice(x):
    return x * 2

class Nested(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, depth):
        ctx.depth = depth
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        with torch.enable_grad():
            inner = x.detach().requires_grad_()
            out = Nested.apply(inner, ctx.depth - 1) if ctx.depth else checkpoint(twice, inner, use_reentrant=True)
            out.sum().backward()
        return inner.grad * grad, None

x = torch.ones(2, requires_grad=True)
Nested.apply(x, 70).sum().backward()
"""


def test_passes_within_nodes_of_an_engines_thread_are_their_children(tmp_path):
    # From the sixtieth on the engine runs them in threads of its own, on the CPU too.
    recording = trace_source(NESTED, tmp_path / "program.py")
    started = events_of(recording, ev.BackwardStarted)
    assert [event.parent for event in started] == [ev.NONE, *range(72)]
    # The last one torch itself has begun, where no line of the program's is on the stack.
    assert started[-1].span == started[-2].span
    assert started[-1].span is not None
    assert {event.thread for event in started} == {"", "a thread of torch's engine"}


@has_far_device
def test_what_hooks_and_functions_do_in_an_engines_thread_is_recorded(tmp_path):
    recording = record("hooks", tmp_path)
    assert Replay(recording).problems == []
    ran = [event.stack[-1].function for event in events_of(recording, ev.OperationRan)]
    assert [ran.count(name) for name in ("Cubed.backward", "double", "<lambda>")] == [12, 1, 2]
    changed = [change for event in events_of(recording, ev.NodeCalled) for change in event.hooks]
    assert [change.hook for change in changed] == ["double"]
    recording.close()


CONTINUED = """
import threading
import torch

x = torch.ones(3, requires_grad=True)

def work():
    y.exp().sum().backward(retain_graph=True)
    (y * 5).sum().backward(retain_graph=True)
    v = y.clone()
    v[0].mul_(2)
    a, b, c = v.unbind()
    torch.nn.functional.layer_norm(a * b + y, (3,)).sum().backward()

for _ in range(2):
    y = ((x * 2) * 3) * 4
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
"""


def test_a_thread_goes_on_with_the_graph_of_another(tmp_path):
    recording = trace_source(CONTINUED, tmp_path / "program.py")
    names = [node.name for event in events_of(recording, ev.NodesMade) for node in event.nodes]
    often = Counter(name.removesuffix("Backward0") for name in names)
    once_each_time = ("Exp", "Clone", "Select", "AsStrided", "torch::autograd::CopySlices", "Unbind", "Add")
    assert often == {
        "AccumulateGrad": 1, "Mul": 10, "Sum": 6, "NativeLayerNorm": 2, **dict.fromkeys(once_each_time, 2)
    }  # fmt: skip
    assert Replay(recording).problems == []
