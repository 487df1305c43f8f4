"""What `autograd.grad` gives back is recorded with the pass, bit for bit, and so is what hooks made of it."""

from __future__ import annotations

import json

import pytest
import torch

from graphviz_app.export.json import json_chunks
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from graphviz_app.scene.caption import caption
from graphviz_app.timeline import Timeline
from tests.support_trace import trace_source

HEAD = """import torch
torch.manual_seed(0)
w = torch.randn(3, requires_grad=True)
u = torch.randn(3, requires_grad=True)
h = w.exp() * w
loss = (h.sin() * w).sum()
"""


def finished(recording):
    return [event for event in recording.events() if isinstance(event, ev.BackwardFinished)]


def array(recording, value):
    return None if value == ev.NONE else elements(recording.value(value)).tolist()


@pytest.mark.parametrize(
    "call",
    [
        "torch.autograd.grad(loss, w)",
        "torch.autograd.grad(loss, [h, w])",
        "torch.autograd.grad(loss, [u, w], allow_unused=True)",
        "torch.autograd.grad(h, (w,), torch.ones(3), create_graph=True)",
        "torch.autograd.grad(loss, torch.autograd.graph.get_gradient_edge(h))",
        "torch.autograd.grad(loss, loss)",
        "torch.autograd.grad([loss, h], [h, w], [None, torch.arange(3.0)])",
        "torch.autograd.grad(loss, [w, w])",
    ],
)
def test_gradients_that_are_given_back_are_those_of_torch(call, tmp_path):
    recording = trace_source(f"{HEAD}{call}\n", tmp_path / "program.py")
    variables = {}
    exec(HEAD, variables)  # noqa: S102 - the program
    expected = eval(call, variables)  # noqa: S307 - likewise
    [event] = finished(recording)
    assert [array(recording, one.value) for one in event.returned] == [
        None if grad is None else grad.detach().tolist() for grad in expected
    ]


def test_a_pass_that_accumulates_gives_nothing_back(tmp_path):
    recording = trace_source(f"{HEAD}loss.backward(inputs=[w])\n", tmp_path / "program.py")
    assert [event.returned for event in finished(recording)] == [()]


HOOKED = f"""{HEAD}def double(grad):
    return grad * 2
def shift(grad):
    grad.add_(1)
w.register_hook(double)
h.register_hook(shift)
"""


@pytest.mark.parametrize(
    ("wanted", "hooks"),
    # What is only on the way to something else, torch gives back as it came.
    [("w", [[("double", 7)]]), ("h", [[("shift", 9)]]), ("[w, h]", [[("double", 7)], []])],
)
def test_what_hooks_made_of_it_is_told_with_it(wanted, hooks, tmp_path):
    source = f"{HOOKED}found = torch.autograd.grad(loss, {wanted})\n"
    recording = trace_source(source, tmp_path / "program.py")
    variables = {}
    exec(source, variables)  # noqa: S102 - the program
    [event] = finished(recording)
    assert [array(recording, one.value) for one in event.returned] == [grad.tolist() for grad in variables["found"]]
    assert [[(change.hook, change.span.line) for change in one.hooks] for one in event.returned] == hooks
    for one in event.returned:
        for change in one.hooks:
            before = torch.tensor(array(recording, change.before))
            made = before * 2 if change.hook == "double" else before + 1
            assert made.tolist() == array(recording, change.after) == array(recording, one.value)


def test_it_is_said_in_the_caption_and_written_as_json(tmp_path):
    recording = trace_source(
        f"{HEAD}torch.autograd.grad(loss.detach() * u.sum(), [u, w], allow_unused=True)\n", tmp_path / "program.py"
    )
    timeline = Timeline(recording)
    last = next(
        step for step in range(timeline.step_count, 0, -1) if isinstance(timeline.event(step), ev.BackwardFinished)
    )
    sentence = caption(timeline.state(last))
    assert sentence.startswith("Pass 1 has finished and gives back the gradients of u: [")
    assert sentence.endswith(", w: None.")
    [one] = json.loads("".join(json_chunks(recording)))["passes"]
    assert [(each["variable"], each["value"] is None) for each in one["returned"]] == [("u", False), ("w", True)]
