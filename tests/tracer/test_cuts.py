"""Why a value went on but the graph did not: the cause that is told of each operation."""

from __future__ import annotations

import warnings

import pytest
import torch

from graphviz_app.recording import events as ev
from tests.support_trace import trace_source

LINES = {
    "w.detach()": "detach",
    "t.detach()": "no_input_requires_grad",
    "torch.tensor(t)": "no_input_requires_grad",
    "torch.tensor(w[0])": "new_tensor",
    "torch.as_tensor(w)": None,
    "torch.asarray(w)": None,
    "w.clone().detach_()": "detach",
    "w.sum().item()": "item",
    "w.long()": "dtype",
    "w.argmax()": "dtype",
    "w.max(0)": None,
    "t * 2": "no_input_requires_grad",
    "with torch.no_grad(): t.copy_(w)": "no_grad",
    "with torch.no_grad(): t[:] = w": "no_grad",
    "with torch.no_grad(): w[:] = t": None,
    "with torch.no_grad(): t[:] = s": "no_input_requires_grad",
    "with torch.inference_mode(): w * 2": "inference_mode",
    "with torch.no_grad(): torch.zeros_like(w)": None,
    "with torch.no_grad(): w.new_zeros(3)": None,
    "with torch.no_grad(): t.view_as(w)": "no_input_requires_grad",
    "with torch.no_grad(): t.to(w)": "no_input_requires_grad",
    "with torch.no_grad(): w.to(torch.float64)": "no_grad",
    "w.new_tensor([2.0])": None,
    "t.new_tensor(w)": "new_tensor",
}
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    if not torch.asarray(torch.ones(1, requires_grad=True)).requires_grad:
        del LINES["torch.asarray(w)"]  # it once took the leaf itself out of the graph
HEAD = "import torch\nw = torch.ones(3, requires_grad=True)\nt = torch.ones(3)\ns = torch.ones(3)\n"


@pytest.fixture(scope="module")
def cuts(tmp_path_factory):
    path = tmp_path_factory.mktemp("cuts") / "program.py"
    lines = [HEAD, "import warnings\nwarnings.simplefilter('ignore')\n", *[f"{line}\n" for line in LINES]]
    operations = [event for event in trace_source("".join(lines), path).events() if isinstance(event, ev.OperationRan)]
    return {operation.span.line - 6: operation.cut for operation in operations if operation.span}


@pytest.mark.parametrize("line", LINES)
def test_the_cause_of_a_cut_is_told(cuts, line):
    assert cuts[[*LINES].index(line) + 1] == LINES[line]


def test_what_has_no_derivative_is_a_node_of_its_operation_all_the_same(tmp_path):
    program = (
        HEAD + "a = w // 2\ny = a * w\ny //= 3\nz = y + a\ntry:\n    z.sum().backward()\nexcept RuntimeError: pass\n"
    )
    recording = trace_source(program, tmp_path / "program.py")
    nodes = {
        number: (operation.span.line, recording.index.nodes.name(number))
        for operation in recording.events()
        if isinstance(operation, ev.OperationRan)
        for number in operation.nodes
    }
    refusing = "torch::autograd::NotImplemented"
    assert [*nodes.values()] == [
        (5, refusing),
        (6, "MulBackward0"),
        (7, refusing),
        (8, "AddBackward0"),
        (10, "SumBackward0"),
    ]
