"""A pass that failed is explained with the lines to blame: what cut the graph off, or what another pass had freed."""

import re

import pytest

from graphviz_app.explain.pass_errors import explain_failed_pass
from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from tests.support_record import record_source

HEAD = "import torch\nx = torch.ones(3)\nnet = torch.nn.Linear(3, 2)\ny = net(x)\n"

PROGRAMS = {
    "a choice": ("loss = y.argmax().float()", "behind loss.*: argmax on line 5 gives integers"),
    "a comparison": ("loss = (y > 0).float().mean()", "behind loss.*: gt on line 5 gives integers or truth values"),
    "a list of losses": ("loss = torch.tensor([y.sum(), y.mean()]).sum()", "tensor on line 5 makes a new tensor"),
    "switched off": ("t = torch.set_grad_enabled(False)\nloss = y.exp().sum()", r"exp on line 6 ran with.*_enabled\("),
    "frozen": (
        "t = net.requires_grad_(False)\nloss = net(x).sum()",
        r"nothing that torch computed loss from required a gradient, not even net.weight, net.bias\.$",
    ),
    "a constant": ("loss = (x * 2).sum()", r"nothing that torch computed loss from required a gradient\.$"),
    "a gradient": ("loss = torch.autograd.grad(y.sum(), net.bias)[0].sum()", "without create_graph=True"),
    "a leaf's gradient": ("y.sum().backward()\nloss = net.bias.grad.sum()", "without create_graph=True"),
    "twice": (
        "loss = y.exp().sum()\nloss.backward()",
        r"hidden state.* It failed at ExpBackward0, made on line 5, which backward\(\) on line 6 had already run\.$",
    ),
    "a part twice": (
        "a = y.exp()\na.sum().backward()\nloss = (net(a[:1].expand(3)) ** 2).sum()",
        r"It failed at ExpBackward0 of a, made on line 5, which backward\(\) on line 6 had already run\.$",
    ),
}


TAIL = "try:\n    loss.backward()\nexcept RuntimeError:\n    pass\nt = torch.set_grad_enabled(True)\n"


@pytest.fixture(scope="module")
def told():
    """All programs one after the other in one run, with the lines counted from where each begins."""
    parts = [f"{HEAD}{program}\n{TAIL}" for program, _ in PROGRAMS.values()]
    timeline = Timeline(record_source("".join(parts)))
    ends = (timeline.recording.event(int(number)) for number in timeline.events_of(ev.BackwardFinished))
    sentences = [explain_failed_pass(timeline, end) for end in ends if end.error]
    offsets = [sum(part.count("\n") for part in parts[:number]) for number in range(len(parts))]
    return {
        name: re.sub(r"line (\d+)", lambda found, offset=offset: f"line {int(found[1]) - offset}", sentence)
        for name, offset, sentence in zip(PROGRAMS, offsets, sentences, strict=True)
    }


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_line_that_is_to_blame_is_named(told, name):
    assert re.search(PROGRAMS[name][1], told[name])
