"""Of a custom Function whose forward writes on its input without `mark_dirty` that is told, with the line."""

import pytest

from graphviz_app.explain.node import explain_node
from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from tests.support_trace import trace_source

PROGRAM = """import torch
class Own(torch.autograd.Function):
    @staticmethod
    def forward(ctx, c, x):
        {body}
    @staticmethod
    def backward(ctx, g):
        return None, g * 2
a = torch.ones(2, requires_grad=True)
y = a * 2
try:
    Own.apply(3, {given}).sum().backward()
except RuntimeError:
    pass
"""
WRITES = {
    "x.mul_(2)\nreturn x * 1": (5, "x.mul_(2)"),
    "x.mul_(2)\nreturn x": (5, "x.mul_(2)"),
    "c = x.sum()\nx[0] = 5.0\nx.add_(1)\nreturn x * 2": (6, "x[0] = 5.0"),
    "torch.mul(x, 2, out=x)\nreturn x * 2": (5, "torch.mul(x, 2, out=x)"),
    "x.detach().view(-1)[0:1].zero_()\nreturn x * 2": (5, "x.detach().view(-1)[0:1].zero_()"),
}


def traced(body, given, tmp_path):
    text = PROGRAM.format(body=body.replace("\n", "\n        "), given=given)
    return trace_source(text, tmp_path / "program.py")


def told(recording):
    """The sentences about it of the Function's node."""
    timeline, nodes = Timeline(recording), recording.index.nodes
    (node,) = [number for number in range(len(nodes)) if nodes.name(number) == "OwnBackward"]
    sentences = explain_node(recording, timeline, node, timeline.step_count).sentences
    return [each for each in sentences if "mark_dirty" in each]


@pytest.mark.parametrize(("body", "place"), WRITES.items())
def test_a_write_on_an_input_without_mark_dirty_is_told_with_its_line(body, place, tmp_path):
    recording = traced(body, "y", tmp_path)
    line, text = place
    (sentence,) = told(recording)
    assert f"wrote on its first input, y, in place on line {line} ({text}), and did not call ctx.mark_dirty" in sentence
    assert "y keeps the node that it had (MulBackward0)" in sentence
    written = [event.span.line for event in recording.events() if isinstance(event, ev.TensorMutated)]
    assert line in written


def test_of_a_leaf_other_things_follow(tmp_path):
    recording = traced("x.mul_(2)\nreturn x * 2", "a", tmp_path)
    (sentence,) = told(recording)
    assert "a is a leaf: it holds other numbers from there on" in sentence
    (updated,) = [event for event in recording.events() if isinstance(event, ev.LeafUpdated)]
    assert (updated.span.line, updated.how) == (5, "x.mul_(2)")


@pytest.mark.parametrize(
    "body", ["return x * 2", "x = x.clone()\nx.mul_(2)\nreturn x", "x.mul_(2)\nctx.mark_dirty(x)\nreturn x"]
)
def test_nothing_is_told_of_what_is_marked_or_not_written_on(body, tmp_path):
    assert told(traced(body, "y", tmp_path)) == []


def test_a_leaf_that_torch_does_not_let_be_marked_was_written_on_all_the_same(tmp_path):
    recording = traced("x.mul_(2)\nctx.mark_dirty(x)\nreturn x", "a", tmp_path)
    (updated,) = [event for event in recording.events() if isinstance(event, ev.LeafUpdated)]
    assert (updated.span.line, updated.how) == (5, "x.mul_(2)")
