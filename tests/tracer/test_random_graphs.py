"""Generated programs: whatever the graph, the recorded events add up to what torch computed, bit for bit."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.tracer.tracer import Tracer

sys.path.insert(0, str(Path(__file__).parents[1] / "oracle"))
from replay import Replay

UNARY = [torch.sin, torch.tanh, torch.exp, lambda t: t * 0.5, lambda t: t + 1, torch.relu, lambda t: t.flip(0)]
BINARY = [torch.add, torch.mul, torch.sub, torch.maximum, lambda a, b: torch.stack([a, b]).sum(0)]
CLEARS = ["zero", "none", "keep", "half"]

step = st.tuples(st.integers(0, 11), st.integers(0, 1000), st.integers(0, 1000))
one_pass = st.tuples(st.lists(step, min_size=1, max_size=30), st.booleans(), st.sampled_from(CLEARS))


def build(leaves, steps):
    """A random directed acyclic graph over the leaves; every value may be used many times."""
    values = list(leaves)
    for operation, first, second in steps:
        a, b = values[first % len(values)], values[second % len(values)]
        if operation < len(UNARY):
            values.append(UNARY[operation](torch.tanh(a)))
        else:
            values.append(BINARY[operation - len(UNARY)](a, b))
    return values[-1] + values[len(values) // 2]


def clear(leaves, how):
    for leaf in leaves:
        if leaf.grad is None:
            continue
        if how == "zero":
            leaf.grad.zero_()
        elif how == "none":
            leaf.grad = None
        elif how == "half":
            leaf.grad *= 0.5


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 4), st.lists(one_pass, min_size=1, max_size=4), st.integers(0, 2**31))
def test_replaying_the_events_gives_what_torch_computed(leaf_count, passes, seed):
    torch.manual_seed(seed)
    batches = []
    tracer = Tracer(batches.append)
    tracer.start()
    try:
        leaves = [torch.randn(3, requires_grad=True) for _ in range(leaf_count)]
        for steps, twice, how in passes:
            result = build(leaves, steps)
            result.sum().backward(retain_graph=twice)
            if twice:
                result.backward(torch.ones(3))
            clear(leaves, how)
    finally:
        numbers = [tracer.core.tensors.track(leaf).leaf for leaf in leaves]
        tracer.stop()
    recording = Recording.of(batches)
    replay = Replay(recording)
    assert replay.problems == []
    assert replay.sums > 0
    for leaf, known in zip(leaves, numbers, strict=True):
        if known is None:
            assert leaf.grad is None
        elif leaf.grad is None:
            assert replay.grads.get(known.number, ev.NONE) == ev.NONE
        else:
            assert replay.grad_bytes(known.number) == leaf.grad.numpy().tobytes()
    assert not [recording.event(number).text for number in recording.index.notices]
