"""A gradient that a hook changed names the function that the user wrote, however torch comes to call it; no other."""

from __future__ import annotations

import pytest

from graphviz_app.explain.node import explain_node
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements, statistics
from graphviz_app.timeline import Timeline
from tests.support_record import record_source
from tests.support_trace import trace_source

PROGRAM = """
import functools
import torch

model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))

def scale_module(module, grad_input, grad_output):
    return tuple(None if g is None else g * 0.5 for g in grad_input)

def before_module(module, grad_output):
    return tuple(g * 3 for g in grad_output)

def times(factor, grad):
    return grad * factor

class Doubler:
    def __call__(self, grad):
        return grad * 2

    def method(self, grad):
        return grad + 1

model[1].register_full_backward_hook(scale_module)
model[1].register_full_backward_pre_hook(before_module)
model[0].weight.register_hook(functools.partial(times, 10))
model[0].bias.register_hook(Doubler())
model[2].weight.register_hook(Doubler().method)
torch.manual_seed(0)
model(torch.randn(4, 2)).sum().backward()
"""


def test_hooks_are_named_as_the_user_wrote_them():
    recording = record_source(PROGRAM)
    events = [*recording.events()]
    found = {change.hook: change for event in events if isinstance(event, ev.NodeCalled) for change in event.hooks}
    assert set(found) == {"scale_module", "before_module", "times", "Doubler", "Doubler.method"}
    lines = PROGRAM.splitlines()
    for name in ("scale_module", "before_module", "times"):
        assert lines[found[name].span.line - 1].startswith(f"def {name}(")
    # An object has no line of its own: where it was registered.
    assert lines[found["Doubler"].span.line - 1] == "model[0].bias.register_hook(Doubler())"


HOOKS = """import torch
w = torch.ones({size}, requires_grad=True)
x = w * 2
y = x * 1
def double(grad): return grad * 2
def look(grad): return grad.clone()
def nothing(grad): pass
def in_place(grad): grad.add_(1)
def triple(grad): return grad * 3
def unseen(grad): grad.data.mul_(5)
def node_look(grad_inputs, grad_outputs): return tuple(None if g is None else g.clone() for g in grad_inputs)
def node_triple(grad_inputs, grad_outputs): return tuple(None if g is None else g * 3 for g in grad_inputs)
def before_node(grad_outputs): return (grad_outputs[0] * 7,)
def before_look(grad_outputs): return (grad_outputs[0].clone(),)
def once(grad):
    handle.remove()
    return grad * 2
{registered}
(y + y).sum().backward()
"""
CASES = {
    "y.register_hook(double)\ny.register_hook(nothing)\ny.register_hook(triple)": "double 2 4, triple 4 12",
    "y.register_hook(double).remove()\ny.register_hook(look)\ny.register_hook(in_place)": "in_place 2 3",
    "y.register_hook(nothing)\ny.register_hook(look)": "",
    "handle = y.register_hook(once)\ny.register_hook(triple)": "once 2 4, triple 4 12",
    "y.register_hook(lambda grad: x.register_hook(triple) and None)": "triple 2 6",
    "y.register_hook(nothing)\nx.register_hook(lambda grad: y.register_hook(triple) and None)": "",
    "x.register_hook(nothing)\ny.register_hook(lambda grad: x.register_hook(triple) and None)": "triple 2 6",
    "y.register_hook(unseen)": "unseen 2 10",
    "y.grad_fn.register_hook(node_look)\ny.grad_fn.register_hook(node_triple)": "node_triple 2 6",
    "y.grad_fn.register_hook(node_triple)\ny.grad_fn.register_hook(node_look)": "node_triple 2 6",
    "y.register_hook(double)\ny.grad_fn.register_prehook(before_node)": "double 2 4, before_node 4 28",
    "y.grad_fn.register_prehook(before_look)\ny.grad_fn.register_prehook(before_node)\n"
    "y.grad_fn.register_prehook(nothing)": "before_node 2 14",
    "y.register_hook(lambda grad: x.grad_fn.register_hook(node_triple) and None)": "node_triple 4 12",
    "y.grad_fn.register_hook(node_look)\n"
    "y.register_hook(lambda grad: y.grad_fn.register_hook(node_triple) and None)": "node_triple 2 6",
    "w.register_post_accumulate_grad_hook(nothing)\nw.register_hook(double)": "double 4 8",
    "w.register_post_accumulate_grad_hook(nothing)\nn = x.grad_fn.next_functions[0][0]\n"
    "n.register_prehook(before_node)": "before_node 4 28",
}


@pytest.mark.parametrize("size", [2, 5000], ids=["every element is kept", "figures are kept"])
@pytest.mark.parametrize("registered", CASES)
def test_each_change_is_told_of_the_hook_that_made_it(registered, size, tmp_path):
    recording = trace_source(HOOKS.format(size=size, registered=registered), tmp_path / "program.py")
    calls = [event for event in recording.events() if isinstance(event, ev.NodeCalled)]
    told = [
        f"{one.hook} {statistics(recording.value(one.before)).maximum:g} "
        f"{statistics(recording.value(one.after)).maximum:g}"
        for call in calls
        for one in call.hooks
    ]
    assert ", ".join(told) == CASES[registered]


def test_what_a_backward_of_the_users_writes_on_is_no_hooks_work(tmp_path):
    source = """import torch
class Impatient(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x * 2
    @staticmethod
    def backward(ctx, grad): return grad.mul_(2)
w = torch.ones(2, requires_grad=True)
(Impatient.apply(w) * 3).sum().backward()
"""
    recording = trace_source(source, tmp_path / "program.py")
    nodes = recording.index.nodes
    calls = {nodes.name(e.node): e for e in recording.events() if isinstance(e, ev.NodeCalled)}
    call = calls["ImpatientBackward"]
    came, went = (elements(recording.value(values[0])).tolist() for values in (call.grad_outputs, call.grad_inputs))
    assert (came, went, call.hooks) == ([3, 3], [6, 6], ())


def test_of_a_modules_hooks_each_is_told_of_by_itself(tmp_path):
    source = """import torch
def pair(module, grads, outputs=None): return tuple(g * 2 for g in grads)
def look(module, grads, outputs=None): return None
def five(module, grads, outputs=None): return tuple(g * 5 for g in grads)
module = torch.nn.Tanh()
for hook in (look, pair, look, five): module.register_full_backward_hook(hook)
for hook in (pair, five, look): module.register_full_backward_pre_hook(hook)
w = torch.zeros(2, requires_grad=True)
result = module(w * 1)
for _ in range(2): result.sum().backward(retain_graph=True)
"""
    recording = trace_source(source, tmp_path / "program.py")
    calls = [event for event in recording.events() if isinstance(event, ev.NodeCalled)]
    told = [[change.hook, change.span.line, *_maxima(recording, change)] for call in calls for change in call.hooks]
    assert told == [["pair", 2, 1, 2], ["five", 4, 2, 10], ["pair", 2, 10, 20], ["five", 4, 20, 100]] * 2


def _maxima(recording, change):
    return [statistics(recording.value(value)).maximum for value in (change.before, change.after)]


SHARED = """import torch
class InPlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x): return x * 2
    @staticmethod
    def backward(ctx, grad): return grad.mul_(2)
def double(grad): grad.mul_(2)
def unseen(grad): grad.data.mul_(2)
def look(grad): pass
w = torch.ones(2, requires_grad=True)
{lines}
(a + b).backward(torch.ones(2))
"""


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        ("a, b = w * 2, w * 3\nb.register_hook(double)", ["double", "double"]),
        ("a, b = w * 2, w * 3\nb.register_hook(unseen)\na.register_hook(look)", ["unseen", "unseen"]),
        ("a, b = w * 2, InPlace.apply(w)", [""]),
        ("a, b = w * 2, InPlace.apply(w)\na.retain_grad()", [""]),
    ],
)
def test_a_gradient_that_two_nodes_share_is_written_on_for_both(lines, names, tmp_path):
    recording = trace_source(SHARED.format(lines=lines), tmp_path / "program.py")
    calls = [event for event in recording.events() if isinstance(event, ev.NodeCalled)]
    changes = [(call.node, change) for call in calls for change in call.hooks]
    assert [change.hook for _, change in changes] == names
    assert [_maxima(recording, change) for _, change in changes] == [[1, 2]] * len(names)
    timeline = Timeline(recording)
    sentences = explain_node(recording, timeline, changes[-1][0], timeline.step_count).sentences
    what = f"The hook {names[0]} changed what came in, line " if names[0] else "it was written on in place on its way."
    assert any(what in sentence for sentence in sentences)


def test_what_a_hook_writes_on_as_it_leaves_a_node_came_in_unwritten(tmp_path):
    source = """import torch
w = torch.ones(2, requires_grad=True)
y = w.view(2)
y.grad_fn.register_hook(lambda grad_inputs, grad_outputs: grad_inputs[0].mul_(3) is None or None)
(y * 2).backward(torch.ones(2))
"""
    recording = trace_source(source, tmp_path / "program.py")
    nodes = recording.index.nodes
    calls = {nodes.name(e.node): e for e in recording.events() if isinstance(e, ev.NodeCalled)}
    call = calls["ViewBackward0"]
    came, went = (elements(recording.value(values[0])).tolist() for values in (call.grad_outputs, call.grad_inputs))
    assert (came, went) == ([2, 2], [6, 6])
    assert [(change.direction, *_maxima(recording, change)) for change in call.hooks] == [("grad_inputs", 2, 6)]


def test_a_hook_that_fails_after_a_leaf_has_its_gradient_hides_nothing(tmp_path):
    source = """import torch
w = torch.ones(2, requires_grad=True)
def fail(grad_inputs, grad_outputs): raise ValueError
node = torch.autograd.graph.get_gradient_edge(w).node
node.register_hook(fail)
try: (w * 2).sum().backward()
except ValueError: pass
"""
    recording = trace_source(source, tmp_path / "program.py")
    told = [event for event in recording.events() if isinstance(event, ev.GradAccumulated | ev.GradWritten)]
    assert [type(event) for event in told] == [ev.GradAccumulated]


def test_all_inputs_of_a_pass_are_told_also_those_that_it_cannot_reach(tmp_path):
    source = """import torch
w = torch.ones(2, requires_grad=True)
v = torch.ones(2, requires_grad=True)
other = (v * 3).exp()
(w * 2).sum().backward(inputs=[other])
torch.autograd.grad((w * 2).sum(), [w, other], allow_unused=True)
"""
    recording = trace_source(source, tmp_path / "program.py")
    nodes = recording.index.nodes
    started = [event for event in recording.events() if isinstance(event, ev.BackwardStarted)]
    assert [[*map(nodes.name, event.inputs)] for event in started] == [
        ["ExpBackward0"], ["AccumulateGrad", "ExpBackward0"]
    ]  # fmt: skip


RAISING = """
import torch

def double(grad_inputs, grad_outputs):
    return tuple(None if grad is None else grad * 2 for grad in grad_inputs)

def fail(grad_inputs, grad_outputs):
    raise ValueError("no more")

x = torch.ones(2, requires_grad=True)
y = x * 3
z = y * 5
z.grad_fn.register_hook(double)
z.grad_fn.register_hook(fail)
try:
    z.sum().backward()
except ValueError:
    pass
"""


def test_a_node_has_run_also_where_a_hook_on_what_it_sends_fails(tmp_path):
    recording = trace_source(RAISING, tmp_path / "program.py")
    names = {node.id: node.name for e in recording.events() if isinstance(e, ev.NodesMade) for node in e.nodes}
    called = [event for event in recording.events() if isinstance(event, ev.NodeCalled)]
    assert [names[event.node] for event in called] == ["SumBackward0", "MulBackward0"]
    last = called[-1]
    assert elements(recording.value(last.grad_outputs[0])).tolist() == [1, 1]
    assert elements(recording.value(last.grad_inputs[0])).tolist() == [10, 10]
    change = last.hooks[0]
    assert (change.hook, elements(recording.value(change.before)).tolist()) == ("double", [5, 5])
    finished = next(event for event in recording.events() if isinstance(event, ev.BackwardFinished))
    assert finished.error == "no more"


SUMS = {
    "sparse": (
        "emb = torch.nn.Embedding(4, 3, sparse=True)\n"
        "sum((torch.randn(9, 3) * emb(torch.randint(0, 4, (9,)))).sum() for _ in range(3)).backward()\n"
    ),
    "overflowing": (
        "x = torch.ones(2, requires_grad=True)\ny = x * 1\nbig = torch.tensor([torch.inf, 3e38])\n"
        "((y * big).sum() - (y * -big).sum() - (y * big).sum()).backward()\n"
    ),
    "complex and infinite": (
        "x = torch.ones(2, requires_grad=True, dtype=torch.complex64)\ny = x * 1\n"
        "parts = [y * torch.tensor([complex(0, torch.inf), 1]) for k in range(3)]\n"
        "torch.autograd.backward(parts, [torch.ones_like(part) for part in parts])\n"
    ),
    "half complex": (
        "x = torch.ones(2, requires_grad=True, dtype=torch.complex32)\ny = x * 1\n"
        "parts = [y * torch.tensor([k / 10, 0.7], dtype=torch.complex32) for k in range(3)]\n"
        "torch.autograd.backward(parts, [torch.ones_like(part) for part in parts])\n"
    ),
}


@pytest.mark.filterwarnings("ignore:ComplexHalf support")
@pytest.mark.parametrize("name", SUMS)
def test_what_rounding_makes_of_a_sum_is_no_write_and_nobody_is_warned_of_it(name, tmp_path):
    recording = trace_source("import torch\ntorch.manual_seed(0)\n" + SUMS[name], tmp_path / "program.py")
    calls = [event for event in recording.events() if isinstance(event, ev.NodeCalled)]
    assert calls
    assert [each.hooks for each in calls if each.hooks] == []
    assert not any(isinstance(event, ev.Notice) for event in recording.events())
