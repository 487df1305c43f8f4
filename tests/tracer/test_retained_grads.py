"""What is kept as the `.grad` of a tensor in the middle of a graph is told as what the engine added there."""

from __future__ import annotations

import pytest
import torch

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from tests.support_trace import trace_source

CASES = {
    "retained": "a.retain_grad()\n(a * a).sum().backward()",
    "written on in place afterwards": "a.retain_grad()\na.mul_(3)\n(a * a).sum().backward()",
    "written on in between": "b = a * 5\na.retain_grad()\na.mul_(3)\n(a + b).sum().backward()",
    "a part written on": "a.retain_grad()\na[0] = 7.0\n(a * a).sum().backward()",
    "written on through a view": "a.retain_grad()\nv = a[:1]\nv.mul_(3)\n(a * a).sum().backward()",
    "before a hook of the node": "a.retain_grad()\na.grad_fn.register_prehook(lambda g: (g[0] * 2,))\n"
    "for _ in range(2):\n    (a * a).sum().backward(retain_graph=True)",
    "of a part that is computed again": "from torch.utils.checkpoint import checkpoint\n"
    "a = checkpoint(torch.sin, w, use_reentrant=True)\na.retain_grad()\n(a * a).sum().backward()",
    "where a hook of its node looks": "a.retain_grad()\nb = w.exp().sum()\n"
    "a.grad_fn.register_hook(lambda *_: b.backward())\n(a * a).sum().backward()",
    "only since the pass began": "b = w.exp().sum()\na.grad_fn.register_hook(lambda *_: b.backward())\n"
    "c = a * a\nc.register_hook(lambda grad: a.retain_grad())\nc.sum().backward()",
    "asked for by inputs=": "(a * a).sum().backward(inputs=[a])",
    "asked for by autograd.grad": "a.retain_grad()\nb = (a * a + a).sum()\n"
    "for _ in range(2):\n    torch.autograd.grad(b, a, retain_graph=True)\nb.backward()",
    "asked for twice": "for _ in range(2):\n    (a * a).sum().backward(inputs=[a, w], retain_graph=True)",
}


@pytest.mark.parametrize("case", CASES)
def test_the_ledger_has_the_grad_that_torch_kept(case, tmp_path):
    source = f"import torch\nw = torch.ones(2, requires_grad=True)\na = w * 2\n{CASES[case]}\n"
    plain = {}
    exec(source, plain)  # noqa: S102 - the program
    recording = trace_source(source, tmp_path / "program.py")
    leaf = next(leaf.leaf for leaf in recording.leaves if leaf.retains_grad)
    changes = [event for event in recording.events() if getattr(event, "leaf", None) == leaf]
    told = [event for event in changes if isinstance(event, ev.GradAccumulated | ev.GradWritten | ev.GradCleared)]
    assert {type(event) for event in told} == {ev.GradAccumulated}
    assert torch.equal(torch.from_numpy(elements(recording.value(told[-1].after)).copy()), plain["a"].grad)
    # It is what came into the node whose output the tensor is by then.
    calls = {event.node: event for event in recording.events() if isinstance(event, ev.NodeCalled)}
    call = calls[told[-1].node]
    assert told[-1].contribution in [*call.grad_outputs, *[change.before for change in call.hooks]]


def test_a_tensor_that_is_written_on_through_a_view_has_the_new_grad_fn(tmp_path):
    source = "import torch\nw = torch.ones(3, requires_grad=True)\na = w * 2\na[1:].add_(1)\nloss = a.sum()\n"
    recording = trace_source(source, tmp_path / "program.py")
    operation = [event for event in recording.events() if isinstance(event, ev.OperationRan)][-1]
    nodes = recording.index.nodes
    assert nodes.name(operation.inputs[0].node) == "torch::autograd::CopySlices"
    assert int(nodes.tensor[operation.inputs[0].node]) == operation.inputs[0].tensor
