"""Why a `.grad` is None: the cause and the line, on real recordings of programs that lose a gradient in every way."""

import re
from typing import NamedTuple

import pytest

from graphviz_app.explain.missing import why_no_grad, why_tensor_has_no_grad
from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from tests.support_record import record_source

HEAD = "import torch\nx = torch.ones(3, requires_grad=True)\nw = torch.ones(3, requires_grad=True)\n"


class Case(NamedTuple):
    program: str
    cause: str
    sentence: str
    line: int | None = None
    tensor: str = "w"


CASES = {
    "detach": Case(
        "y = w.detach() * 2\nz = (x * y).sum()\nz.backward()\n", "cut", "w was cut off on line 4: detach", 4
    ),
    "data": Case("y = w.data * 2\nz = (x * y).sum()\nz.backward()\n", "cut", "w was cut off on line 4: data", 4),
    "data by a name": Case("u = w.data\nz = (x * u).sum()\nz.backward()\n", "cut", "w was cut off on line 4: data", 4),
    "detach_": Case(
        "y = w * 2\ny.detach_()\nz = (x * y).sum()\nz.backward()\n", "cut", "w was cut off on line 5: detach_", 5
    ),
    "detach_ too late": Case(
        "y = w * 2\nz = (x * y.detach()).sum()\ny.detach_()\nz.backward()\n", "cut", "on line 5: detach gives", 5
    ),
    "a result that cannot be differentiated": Case(
        "z = (w * 2 > 1).float().sum()\ntry:\n    z.backward()\nexcept RuntimeError:\n    pass\n",
        "cut",
        "w was cut off on line 4: gt gives integers or truth values",
        4,
    ),
    "only initialised": Case(
        "g = torch.nn.Parameter(torch.empty(3))\ntorch.nn.init.ones_(g)\nz = (x * w).sum()\nz.backward()\n",
        "unused",
        "g was not used in anything before the backward pass, so z does not depend on it",
        tensor="g",
    ),
    "asked for too late": Case(
        "g = torch.ones(3)\nz = (x * g).sum()\ng.requires_grad_()\nz.backward()\n(g * 2).sum()\n",
        "requires no grad",
        "g did not require a gradient yet when it was used on line 5",
        tensor="g",
    ),
    "no_grad": Case(
        "with torch.no_grad():\n    y = w * 2\nz = (x * y).sum()\nz.backward()\n", "cut", r"on line 5.*no_grad\(\)", 5
    ),
    "item": Case("s = w.sum().item()\nz = (x * s).sum()\nz.backward()\n", "cut", "item.*out of torch", 4),
    "a new tensor": Case("y = torch.tensor(w.tolist())\nz = (x * y).sum()\nz.backward()\n", "cut", "out of torch", 4),
    "copied over": Case(
        "u = torch.zeros(3)\nwith torch.no_grad():\n    u.copy_(w)\nz = (x * u).sum()\nz.backward()\n",
        "cut",
        "w was cut off on line 6: copy_ ran with gradients switched off",
        6,
    ),
    "written into items": Case(
        "u = torch.zeros(3)\nwith torch.no_grad():\n    u[:] = w\nz = (x * u).sum()\nz.backward()\n",
        "cut",
        "w was cut off on line 6: __setitem__ ran with gradients switched off",
        6,
    ),
    "the second of two ways": Case(
        "u = torch.zeros_like(w)\ny = w.detach()\nz = (x * (u + y)).sum()\nz.backward()\n",
        "cut",
        "w was cut off on line 5: detach",
        5,
    ),
    "nothing but its shape": Case(
        "u = torch.ones_like(w).detach()\nz = (x * u).sum()\nz.backward()\n", "unused", "used on line 4, but z was not"
    ),
    "a copy of which nothing came": Case(
        "u = torch.tensor(w)\nz = (x * 2).sum()\nz.backward()\n", "unused", "used on line 4, but z was not"
    ),
    "looked at": Case(
        "s = w.sum().item()\nz = (x * s).sum()\nz.backward()\n",
        "cut",
        "Nothing in torch leads from w to z: item on line 4 takes the value out",
        4,
    ),
    "looked at, where all numbers are written out": Case(
        "s = w.sum().item()\nu = torch.zeros(3)\nz = (x * 2 + u).sum()\nz.backward()\n", "unused", "used on line 4, but"
    ),
    "replaced, and shown before": Case(
        "s = 2\nprint('shown', (w * s).sum().item())\nc = torch.nn.Parameter(torch.zeros(3))\n"
        "z = (c * x).sum()\nz.backward()\n",
        "unused",
        "last used on line 5, but z was not",
    ),
    "made useless later": Case(
        "z = (x * w.exp()).sum()\nu = w * 2\nz = z - z\nz = x.sum()\nz.backward()\nz.detach_()\n", "unused", "last used"
    ),
    "looked at, and used too": Case(
        "print(w.tolist())\nu = w.exp()\ns = u.sum().item()\nz = (x * s).sum()\nprint(w.sum().item())\nz.backward()\n",
        "cut",
        "Nothing in torch leads from w to z: item on line 6 takes the value out",
        6,
    ),
    "only ever used under no_grad, and a number of what came of it was used": Case(
        "with torch.no_grad():\n    y = w * 2\nu = (x * y).sum()\ns = u.item()\nz = (x * s).sum()\nz.backward()\n",
        "cut",
        r"w was cut off on line 5: mul ran with gradients switched off \(no_grad",
        5,
    ),
    "looked at by the way": Case(
        "z = (x * x).sum()\nprint(w.tolist())\nz.backward()\n", "unused", "last used on line 5, but z was not"
    ),
    "one of several results": Case(
        "y = w.sort().indices\nz = (x * y).sum()\nz.backward()\n",
        "cut",
        "w was cut off on line 4: sort gives integers or truth values",
        4,
    ),
    "a result that a function marks": Case(
        "class Marked(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, t):\n"
        "        a, b = t * 2, t * 3\n        ctx.mark_non_differentiable(b)\n        return a, b\n"
        "y = Marked.apply(w)[1]\nz = (x * y).sum()\nz.backward()\n",
        "cut",
        "w was cut off on line 10: Marked.apply gives a result that was said to have no gradient",
        10,
    ),
    "not used": Case("z = (x * 2).sum()\nz.backward()\n", "unused", ""),
    "used elsewhere": Case("u = w * 3\nz = (x * 2).sum()\nz.backward()\n", "unused", "last used on line 4, but z"),
    "printed before": Case(
        "u = w * 3\nu.sum().backward()\nprint(u.sum().item())\nw.grad = None\nz = (x * 2).sum()\nz.backward()\n",
        "unused",
        "last used on line 4, but z was not computed from what came of it",
    ),
    "printed, noted and compared": Case(
        "u, seen = w * 3, []\nprint(f'{u.sum().item():.2f}', u.max().item())\nseen.append(u.min().item())\n"
        "if u.sum().item() > 0:\n    z = (x * 2).sum()\nz.backward()\n",
        "unused",
        "last used on line 4, but z was not computed from what came of it",
    ),
    "only added": Case(
        "u = (x * x + w).sum()\nu.backward()\nw.grad = None\nprint(u.item())\nu = (x * x + w).sum()\n"
        "g, = torch.autograd.grad(u, x, create_graph=True)\nz = (g * 2).sum()\nz.backward()\n",
        "unused",
        r"last used on line 8, but z was computed from the gradients that autograd.grad\(\) on line 9 gave back, "
        "and those do not depend on w",
    ),
    "no backward": Case("z = (x * w).sum()\n", "no backward", "No backward pass has run"),
    "autograd.grad": Case(
        "z = (x * w).sum()\ng = torch.autograd.grad(z, [x, w])\n", "autograd.grad", "on line 5 returns the gradients", 5
    ),
    "inputs": Case("z = (x * w).sum()\nz.backward(inputs=[x])\n", "inputs", "on line 5 wrote only", 5),
    "cleared": Case("z = (x * w).sum()\nz.backward()\nw.grad = None\n", "cleared", "set to None.*on line 6", 6),
    "zero_grad": Case(
        "o = torch.optim.SGD([w], lr=1.)\nz = (x * w).sum()\nz.backward()\no.zero_grad()\n", "cleared", "on line 7", 7
    ),
    "not a leaf": Case(
        "u = w * 2\nz = (x * u).sum()\nz.backward()\n",
        "not a leaf",
        r"u was computed from other tensors.*call u.retain_grad\(\) before backward",
        6,
        "u",
    ),
    "where it started": Case("z = (x * w).sum()\nz.backward()\n", "not a leaf", "only leaves keep", 5, "z"),
    "not a leaf, nor reached": Case(
        "u = w * 2\nz = (x * u.detach()).sum()\nz.backward()\n", "cut", "u was cut off on line 5: detach", 5, "u"
    ),
    "retained too late": Case(
        "u = w * 2\nz = (x * u).sum()\nz.backward()\nu.retain_grad()\n",
        "not a leaf",
        r"u was computed from.*retain_grad\(\) came only after the pass on line 6",
        6,
        "u",
    ),
    "a Function that gives nothing back": Case(
        "class Silent(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, t):\n        return t * 2\n"
        "    @staticmethod\n    def backward(ctx, g):\n        g * 2\n"
        "y = Silent.apply(w * 3)\nz = (x * y).sum()\nz.backward()\n",
        "undefined",
        "nothing to add: SilentBackward, made on line 11, sent none",
        11,
    ),
    "set_grad_enabled": Case(
        "t = torch.set_grad_enabled(False)\ny = w * 2\nt = torch.set_grad_enabled(True)\n"
        "z = (x * y).sum()\nz.backward()\n",
        "cut",
        r"on line 5.*set_grad_enabled\(False\)",
        5,
    ),
    "switched off": Case(
        "w.requires_grad_(False)\nz = (x * w).sum()\nz.backward()\n",
        "requires no grad",
        "gave up its gradient on line 4",
        4,
    ),
    "a constant": Case(
        "c = torch.ones(3)\nz = (x * c).sum()\nz.backward()\n", "requires no grad", "constant", None, "c"
    ),
    "integers": Case(
        "c = torch.tensor([1, 2, 3])\nz = (x * c).sum()\nz.backward()\n", "requires no grad", "int64", None, "c"
    ),
}


@pytest.fixture(scope="module")
def answers():
    """All programs one after the other in one run, each with variables of its own, asked at its own end."""
    text, ends = "import torch\n", []
    for number, case in enumerate(CASES.values()):
        program = HEAD.removeprefix("import torch\n") + case.program
        text += re.sub(r"\b([xwzyguosc])\b(?!\()", rf"\1_{number}", program)
        ends.append(text.count("\n"))
    timeline = Timeline(record_source(text))
    return {
        name: (_answer(timeline, f"{case.tensor}_{number}", ends[number]), ends[number] - _lines(case))
        for number, (name, case) in enumerate(CASES.items())
    }


def _lines(case: Case) -> int:
    """How many lines the program would have by itself."""
    return (HEAD + case.program).count("\n")


def _answer(timeline, name, last_line):
    columns = timeline.recording.index.events
    after = next((n for n in range(len(columns)) if columns.line[n] > last_line), None)
    step = timeline.step_count if after is None else timeline.step_of_event(after) - 1
    for summary in timeline.recording.leaves:
        if summary.name == name:
            return why_no_grad(timeline, summary.leaf, step)
    tensor = next(bound.tensor for bound in timeline.recording.index.tensor_names if bound.name == name)
    return why_tensor_has_no_grad(timeline, tensor, step)


@pytest.mark.parametrize("name", CASES)
def test_the_cause_and_the_line_are_named(answers, name):
    case = CASES[name]
    missing, offset = answers[name]
    assert missing is not None
    by_itself = re.sub(r"line (\d+)", lambda found: f"line {int(found[1]) - offset}", missing.sentence)
    assert missing.cause == case.cause, missing
    assert re.search(case.sentence, re.sub(r"_\d+", "", by_itself)), missing
    if case.line is not None:
        assert missing.span is not None
        assert missing.span.line - offset == case.line
    assert missing.sentence.endswith(".")


def test_there_is_nothing_to_explain_where_there_is_a_gradient_and_before_it_there_is():
    timeline = Timeline(record_source(HEAD + "z = (x * w).sum()\nz.backward()\n"))
    leaf = next(summary.leaf for summary in timeline.recording.leaves if summary.name == "w")
    assert why_no_grad(timeline, leaf, timeline.step_count) is None
    started = timeline.next_of_kind(0, (ev.BackwardStarted,))
    assert why_no_grad(timeline, leaf, started).cause == "not yet"
    assert why_no_grad(timeline, leaf, started - 1).cause == "no backward"


def test_a_gradient_that_has_arrived_and_is_not_yet_added_is_not_called_undefined():
    program = "for _ in range(2):\n    z = (x * w).sum()\n    z.backward()\n    x.grad = w.grad = None\n"
    timeline = Timeline(record_source(HEAD + program))
    leaf = next(summary.leaf for summary in timeline.recording.leaves if summary.name == "w")
    added = [timeline.step_of_event(int(number)) for number in timeline.events_of(ev.GradAccumulated)]
    mine = [step for step in added if timeline.recording.event(timeline.event_number(step)).leaf == leaf]
    assert len(mine) == 2
    for step in mine:
        before = why_no_grad(timeline, leaf, step - 1)
        assert (before.cause, "arrived" in before.sentence) == ("not yet", True)
        assert why_no_grad(timeline, leaf, step) is None


def test_of_several_lines_that_switch_gradients_off_none_is_blamed():
    program = (
        "import torch\ndef freeze(module):\n    for p in module.parameters():\n        p.requires_grad_(False)\n"
        "net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))\nfreeze(net[0])\n"
        "for p in net[1].parameters():\n    p.requires_grad = False  # and not net[0].requires_grad = False\n"
        "def run():\n    y = net(w).sum()\n    y.backward()\nw = torch.ones(2, requires_grad=True)\nrun()\n"
    )
    answers = [_why(program, "net.1.weight"), _why(program.replace("p.requires_grad = False", "pass"), "net.0.weight")]
    assert [each.sentence for each in answers] == [
        "net.1.weight gave up its gradient before it was used: requires_grad was set to False.",
        "net.0.weight gave up its gradient on line 4: requires_grad was set to False.",
    ]


def _why(program, name):
    timeline = Timeline(record_source(program))
    leaf = next(summary.leaf for summary in timeline.recording.leaves if summary.name == name)
    return why_no_grad(timeline, leaf, timeline.step_count)
