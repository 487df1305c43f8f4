"""What an operation took and gave is what PyTorch had there, whatever was written in place, on aliases or by numpy."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.overrides import TorchFunctionMode

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from graphviz_app.tracer.flatten import results_in, tensors_in
from graphviz_app.tracer.kinds import Kind, Kinds
from tests.support_trace import trace_source

HEAD = """import torch
import torch.nn.functional as F
torch.manual_seed(0)
p, q = torch.ones(2, requires_grad=True), torch.full((2,), 2.0, requires_grad=True)
m = torch.rand(3, 4, requires_grad=True)
b = torch.arange(12.0).reshape(3, 4)
v, w = b[1:], b.t()
d = b.detach()
adam = torch.optim.Adam([p, q, m], lr=0.1)
fused = torch.optim.Adam([p, q], lr=0.1, fused=True)
norm = torch.nn.BatchNorm1d(4)
(p * q).sum().backward()
(m * 2).sum().backward()
"""
STATEMENTS = [
    "b.add_(1)",
    "v.mul_(2)",
    "w[0] = 5",
    "d.sub_(1)",
    "b.data.add_(2)",
    "x = b + v.sum()",
    "s = torch.zeros(4); s.set_(torch.arange(4.0)); x = s * 2",
    "s = torch.zeros(4); s.set_(b.untyped_storage(), 2, (4,), (1,)); x = s * 2; x = b * 1",
    "s = torch.zeros(4); s.set_(b[1]); x = F.relu(s, True); x = s * 2",
    "y = b * 1; F.dropout(y, 0.5, True, True); x = y * 2",
    "s, t = torch.ones(2), torch.full((3,), 5.0); torch.utils.swap_tensors(s, t); x = s * 2; x = t * 2",
    "x = w @ b",
    "x = d * 2",
    "y = m * b; y.add_(1); (y * 2).sum().backward()",
    "y = m.clone(); y[0] = y[1] * 2; y.sum().backward()",
    "y = m[0]; (y * y).sum().backward()",
    "x = norm(m); x.sum().backward()",
    "x = norm(b)",
    "x = norm.running_mean + 0",
    "c, e = b.split(2, dim=1); c.mul_(2); x = e + 1; x = b * 1",
    "b.copy_(torch.zeros(3, 4)); x = v + w[:, 1:].t()",
    "x = torch.cat([b, v]); x.zero_(); x = x + 1",
    "x = b.numpy(); x[0, 0] = 9; x = b * 1",
    "b.index_fill_(0, torch.tensor([0]), 3.0); x = w * 1",
    "b.masked_fill_(b > 2, 0.0); x = v * 1",
    "b.t_(); x = b * 1; b.t_()",
    "torch._foreach_add_([b, v.clone()], 1.0); x = v * 1",
    "with torch.no_grad(): m[0].zero_()",
    "with torch.no_grad(): m.view(-1)[3:5] = 2.0",
    "m.data = m.data.clone(); (m * b).sum().backward()",
    "x = b.random_(3); x = v * 1",
    "F.relu_(b); x = v * 1",
    "F.leaky_relu(b, inplace=True); x = v * 1",
    "x = b.to(torch.float64); x.add_(1); x = v * 1",
    "x = torch.view_as_complex(b.reshape(3, 2, 2)); x.mul_(2); x = b * 1",
    "b += 1; x = v * 1",
    "b[0], b[1] = b[1].clone(), b[0].clone(); x = v * 1",
    "b[b > 1] = 0; x = w * 1",
    "x = b.unbind(); x[0].add_(1); x = b * 1",
    "with torch.inference_mode(): x = b * 2; x.add_(1); x = x * 2",
    "adam.step()",
    "fused.step()",
    "p.data -= 0.5; x = p * 1",
    "p.grad = None; (p * q).sum().backward()",
    "with torch.no_grad(): q.copy_(p); x = q * 2",
]


class Truth(TorchFunctionMode):
    """Keeps what every operation took, before it ran, and what it gave."""

    def __init__(self):
        self.kinds, self.found = Kinds(), []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kind, name = self.kinds.of(function)
        if kind not in (Kind.OPERATION, Kind.LEAVE):
            return function(*args, **(kwargs or {}))
        took = [tensor.detach().clone() for _, tensor in tensors_in(args, kwargs)]
        result = function(*args, **(kwargs or {}))
        gave = [tensor.detach().clone() for tensor in results_in(result)]
        if took or gave:
            self.found.append((name, took, gave))
        return result


def truth(source):
    mode = Truth()
    with mode:
        exec(compile(source, "plain", "exec"), {})  # noqa: S102 - the program
    return mode.found


def recorded(source, path):
    recording = trace_source(source, path)
    events = [*recording.events()]
    assert not [event.text for event in events if isinstance(event, ev.Notice)]
    ran = [event for event in events if isinstance(event, ev.OperationRan) and event.name != "torch.Tensor.data"]
    return recording, ran


def unlike(recording, use, tensor):
    """How what is told of a tensor differs from what it was; what is not known is not told, and no difference."""
    if use.value == ev.NONE:
        return ""
    told = elements(recording.value(use.value))
    is_same = told.tobytes() == tensor.contiguous().resolve_conj().numpy().tobytes() and told.shape == tensor.shape
    return "" if is_same else f"{told.tolist()} is told, {tensor.tolist()} it was"


def differences(source, path):
    found = []
    expected = truth(source)
    recording, ran = recorded(source, path)
    assert [operation.name for operation in ran] == [name for name, _, _ in expected]
    known = 0
    for operation, (name, took, gave) in zip(ran, expected, strict=True):
        # What `torch.empty` gives is anything.
        if operation.span.line == HEAD[: HEAD.index("norm =")].count("\n") + 1:
            continue
        pairs = [*zip(operation.inputs, took, strict=True), *zip(operation.outputs, gave, strict=True)]
        known += sum(use.value != ev.NONE for use, _ in pairs)
        found += [f"line {operation.span.line}, {name}: {text}" for pair in pairs if (text := unlike(recording, *pair))]
    assert known > 10
    return found


@given(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=7))
@settings(max_examples=60, deadline=None)
def test_what_was_taken_and_given_is_what_was_there(tmp_path_factory, statements):
    source = HEAD + "\n".join(statements) + "\n"
    assert not differences(source, tmp_path_factory.mktemp("run") / "program.py"), source


@pytest.mark.parametrize("statement", STATEMENTS)
def test_every_statement_by_itself(statement, tmp_path):
    assert not differences(HEAD + statement + "\n", tmp_path / "program.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="another process")
def test_what_another_process_wrote_into_shared_memory_is_what_was_taken(tmp_path):
    source = """import os, warnings
s = torch.zeros(3).share_memory_()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    child = os.fork()
if not child:
    s.add_(2)
    os._exit(0)
os.waitpid(child, 0)
x = s * p.sum()
"""
    assert not differences(HEAD + source, tmp_path / "program.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="another process")
def test_what_another_process_wrote_into_what_was_sent_is_what_was_taken(tmp_path):
    source = """import os, warnings
from multiprocessing import resource_sharer
here, there = torch.multiprocessing.Pipe()
s = torch.zeros(3)
x = s * p.sum()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    child = os.fork()
if not child:
    try:
        here.close()
        mine = torch.ones(3)
        there.send(mine)
        given = there.recv()
        there.recv()
        given.add_(2)
        mine.mul_(5)
        there.send("written")
        there.recv()
    finally:
        os._exit(0)
there.close()
t = here.recv()
here.send(s)
x = s * t
here.send("write")
here.recv()
x = s * t
here.send("end")
os.waitpid(child, 0)
resource_sharer.stop()
"""
    assert not differences(HEAD + source, tmp_path / "program.py")
