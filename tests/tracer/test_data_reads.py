"""`.data`: a cut where something is computed from it, nothing by itself, nothing where it is only written on."""

from __future__ import annotations

import pytest

from graphviz_app.recording import events as ev
from tests.support_record import record_source

PROGRAM = """
import torch
w = torch.ones(3, requires_grad=True)
u = torch.ones(3, requires_grad=True)
x = torch.ones(3)
w.data.mul_(2)
w.data -= 1
w.data
x.data + 1
u.grad = torch.ones(3)
u.data.sub_(u.grad.data)
scale = w.data * 2
later = u.data
middle = (u * 2).data
total = (u * later * middle * scale).sum()
again = later + 1
total.backward()
w.data.mul_(3)
layer = torch.nn.Linear(2, 2)
for p in layer.parameters():
    p.data.copy_(0.5 * p.data)
layer(torch.ones(1, 2)).sum().backward()
"""


def line_of(text):
    return next(number for number, line in enumerate(PROGRAM.splitlines(), start=1) if text in line)


@pytest.fixture(scope="module")
def events():
    recording = record_source(PROGRAM)
    return [*recording.events()]


def reads(events):
    return [event for event in events if isinstance(event, ev.OperationRan) and event.name == "torch.Tensor.data"]


def test_reads_from_which_something_is_computed_are_cuts_at_their_own_lines(events):
    found = [(read.span.line, read.cut) for read in reads(events) if read.span.line < line_of("backward")]
    # In the order in which something was computed from them.
    assert found == [(line_of(text), "detach") for text in ("scale =", "later =", "middle =")]


def test_what_was_read_comes_from_the_leaf_or_from_the_node_in_the_middle(events):
    leaves = {event.name: event.tensor for event in events if isinstance(event, ev.LeafFound)}
    scale, later, middle = reads(events)[:3]
    assert [scale.inputs[0].tensor, later.inputs[0].tensor] == [leaves["w"], leaves["u"]]
    assert [read.inputs[0].is_leaf for read in (scale, later, middle)] == [True, True, False]
    made = [node for event in events if isinstance(event, ev.NodesMade) for node in event.nodes]
    assert next(node.name for node in made if node.id == middle.inputs[0].node) == "MulBackward0"


def test_a_name_that_was_given_to_data_is_known(events):
    names = {event.tensor: event.name for event in events if isinstance(event, ev.NameBound)}
    assert [names.get(read.outputs[0].tensor) for read in reads(events)[1:3]] == ["later", "middle"]


def test_a_leaf_that_only_data_was_read_of_is_followed_from_then_on(events):
    leaf = next(event.leaf for event in events if isinstance(event, ev.LeafFound) and event.name == "w")
    updates = [event.span.line for event in events if isinstance(event, ev.LeafUpdated) and event.leaf == leaf]
    assert updates == [line_of("w.data.mul_(3)")]


def test_a_parameter_is_called_by_its_module_though_a_loop_has_left_it_in_a_variable(events):
    names = {event.leaf: event.name for event in events if isinstance(event, ev.LeafFound)}
    accumulated = [names[event.leaf] for event in events if isinstance(event, ev.GradAccumulated)]
    assert sorted(accumulated) == ["layer.bias", "layer.weight", "u"]


def test_what_was_read_in_a_loop_or_a_module_stands_there(events):
    in_loop = [(read.rounds[0].line, read.rounds[0].number) for read in reads(events) if read.rounds]
    assert in_loop == [(line_of("for p in"), 1), (line_of("for p in"), 2)]
    recording = record_source(IN_MODULE)
    assert [(read.module, read.module_type) for read in reads(recording.events())] == [("inner", "Inner")]


IN_MODULE = """import torch
class Inner(torch.nn.Linear):
    def forward(self, x):
        return super().forward(x) * self.weight.data.sum()
class Outer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Inner(2, 2)
    def forward(self, x):
        return self.inner(x)
Outer()(torch.ones(1, 2)).sum().backward()
"""
