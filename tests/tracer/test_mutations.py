"""Errors about tensors written on in place: who had saved what, and who wrote on it, also through an alias."""

import pytest
import torch

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.tracer.tracer import Tracer
from tests.support_trace import trace_source

CASES = {
    # what is written, the line it stands in, and what stands there
    "y.mul_(2)\nloss = y.sum()": (3, "y.mul_(2)"),
    "y[0] = 5.0\nloss = y.sum()": (3, "y[0] = …"),
    "y[y > 0] = 0.0\nloss = y.sum()": (3, "y[y > 0] = …"),
    "y += 1\nloss = y.sum()": (3, "y += 1"),
    "y.copy_(torch.zeros(3))\nloss = y.sum()": (3, "y.copy_(torch.zeros(3))"),
    "torch._foreach_add_([y], 1.0)\nloss = y.sum()": (3, "torch._foreach_add_([y], 1.0)"),
    "torch.relu_(y)\nloss = y.sum()": (3, "torch.relu_(y)"),
    "torch.add(torch.ones(3), 1, out=y.detach())\nloss = y.sum()": (3, "torch.add(torch.ones(3), 1, out=y.detach())"),
    # Through an alias, before and after it was last used.
    "v = y[1:]\nv.add_(1)\nloss = y.sum()": (4, "v.add_(1)"),
    "loss = y.sum()\nv = y[1:]\nv.add_(1)": (5, "v.add_(1)"),
    "y.detach().zero_()\nloss = y.sum()": (3, "y.detach().zero_()"),
    "loss = y.sum()\nd = y.detach()\nd.add_(1)": (5, "d.add_(1)"),
    "loss = y.sum()\nd = y.detach()[1:]\nd.mul_(2)\nd.add_(1)": (5, "d.mul_(2)"),
    "loss = y.sum()\ny.detach()[0] = 3.0": (4, "y.detach()[0] = …"),
    "a, b = y.view(3), y.view(3)\nwith torch.no_grad():\n    b.add_(1)\nloss = a.sum()": (5, "b.add_(1)"),
}
CUSTOM = """class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, unused):
        y = x * 2
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return g * 2, None
"""


def traced(source, path):
    """Runs a program that fails in `backward`, and returns the recording, the error and what is said about it."""
    batches, variables = [], {"torch": torch, "__name__": "program"}
    exec(CUSTOM, variables)  # noqa: S102 - the program
    path.write_text(source)
    tracer = Tracer(batches.append, folder=str(path.parent), variables=variables)
    tracer.start()
    try:
        exec(compile(source, str(path), "exec"), variables)  # noqa: S102 - the program
    except RuntimeError as error:
        message = str(error)
    else:
        message = ""
    finally:
        tracer.stop()
    recording = Recording.of(batches)
    passes = [event for event in recording.events() if isinstance(event, ev.BackwardFinished)]
    return recording, message, passes[-1].sentence if passes else ""


@pytest.mark.parametrize("written", CASES)
def test_the_line_that_wrote_is_named_however_it_came_to_the_memory(written, tmp_path):
    line, text = CASES[written]
    source = f"w = torch.ones(3, requires_grad=True)\ny = w.exp()\n{written}\nloss.backward()\n"
    _, message, sentence = traced(source, tmp_path / "program.py")
    assert "modified by an inplace operation" in message
    assert f"`y` was written on by `{text}` in line {line}," in sentence
    assert "torch.Tensor.exp (line 2) had saved it" in sentence


PARTS = {
    "y[0] = 5.0": "y[0] = …",
    "v = y[1:]; v.add_(1)": "v.add_(1)",
    "y.view(3, 1)[0].zero_()": "y.view(3, 1)[0].zero_()",
}


@pytest.mark.parametrize("written", PARTS)
def test_a_write_on_a_part_of_an_argument_is_explained_too(written, tmp_path):
    source = f"w = torch.ones(3, requires_grad=True)\ny = w * 2\nloss = y.sin().sum()\n{written}\nloss.backward()\n"
    recording, message, sentence = traced(source, tmp_path / "program.py")
    assert "CopySlices" in message
    assert f"`y` was written on by `{PARTS[written]}` in line 4, though torch.Tensor.sin (line 3)" in sentence
    useless = [name for one in recording.events() if isinstance(one, ev.TensorMutated) for name in one.saved_by]
    assert [recording.index.nodes.name(node) for node in useless] == ["SinBackward0"]


SEVERAL = {
    # what is written on, what is differentiated, and what torch complains of
    "a += 1; b += 1": {"a.sum()": "a", "b.sum()": "b", "(a * b).sum()": "b", "(b + a).sum()": "b"},
    "b += 1; a += 1": {"a.sum()": "a", "(a * b).sum()": "b"},
    "c.mul_(2); a.mul_(2); b.mul_(2)": {"(c * 2).sum()": "c", "(a + c).sum()": "c", "(a + b).sum()": "b"},
}


@pytest.mark.parametrize(
    ("written", "loss", "culprit"), [(written, *each) for written, losses in SEVERAL.items() for each in losses.items()]
)
def test_of_several_writes_the_one_is_told_that_the_failing_node_had_saved(written, loss, culprit, tmp_path):
    source = f"""w = torch.ones(3, requires_grad=True)
a = w.exp()
b = w.sigmoid()
c = a.tanh()
with torch.no_grad():
    {written}
({loss}).backward()
"""
    _, message, sentence = traced(source, tmp_path / "program.py")
    maker = {"a": ("Exp", "exp"), "b": ("Sigmoid", "sigmoid"), "c": ("Tanh", "tanh")}[culprit]
    assert f"output 0 of {maker[0]}" in message
    assert f"`{culprit}` was written on" in sentence
    assert f"though torch.Tensor.{maker[1]} (" in sentence


SAVERS = {
    "z = y.view(3, 1).mm(v.view(1, 3)).sum()\ny.add_(1)": ("y", "y.add_(1)", 6, "torch.Tensor.mm (line 5)"),
    "z = torch.outer(y[1:], v[1:]).sum()\ny.view(3)[2:].zero_()": (
        "y",
        "y.view(3)[2:].zero_()",
        6,
        "torch.outer (line 5)",
    ),
    # What another node saved is not what the message is about.
    "y.mul_(y)\nz = y.sum()": ("y", "y.mul_(y)", 5, "torch.Tensor.mul_ (line 5)"),
    "y.mul_(y)\nz = v.tanh()\nv.add_(1)\nz = y.sum()": ("y", "y.mul_(y)", 5, "torch.Tensor.mul_ (line 5)"),
    "z = Doubled.apply(y, 1).sum()\nu = v.tanh()\nwith torch.no_grad(): v.add_(1); y.add_(1)\nz = z + u": (
        "y",
        "y.add_(1)",
        7,
        "Doubled.apply (line 5)",
    ),
    # `.data` counts versions of its own.
    "z = y.sin()\ny.data.add_(1)\ny.mul_(2)": ("y", "y.mul_(2)", 7, "torch.Tensor.sin (line 5)"),
    "z = layer(y)\nwith torch.no_grad(): layer.weight.mul_(2)": (
        "layer.weight",
        "layer.weight.mul_(2)",
        6,
        "torch.nn.functional.linear (line 5)",
    ),
}


@pytest.mark.parametrize("program", SAVERS)
def test_the_tensor_and_the_write_are_those_that_the_failing_node_is_about(program, tmp_path):
    name, text, line, saver = SAVERS[program]
    lines = "w = torch.ones(3, requires_grad=True)\nlayer = torch.nn.Linear(3, 3)\ny = w * 1\nv = y.clone()\n"
    _, message, sentence = traced(f"{lines}{program}\nz.sum().backward()\n", tmp_path / "program.py")
    assert "modified by an inplace operation" in message
    assert f"`{name}` was written on by `{text}` in line {line}, though {saver} had saved it" in sentence
    # Of an optimizer's step no result can be written to a new tensor.
    assert ("Call backward() before it is updated" in sentence) is (name == "layer.weight")
    assert ("Write the result to a new tensor" in sentence) is (name != "layer.weight")


@pytest.mark.parametrize(("written", "index"), [("x", 0), ("y", 1)])
def test_what_a_custom_function_saved_is_known(written, index, tmp_path):
    source = f"""{CUSTOM}
w = torch.ones(3, requires_grad=True)
x = w * 1
y = Doubled.apply(x, 3)
loss = y.sum()
with torch.no_grad():
    {written}.add_(1)
loss.backward()
"""
    recording, message, sentence = traced(source, tmp_path / "program.py")
    assert "modified by an inplace operation" in message
    assert f"`{written}` was written on by `{written}.add_(1)` in line 18, though Doubled.apply (line 15)" in sentence
    operations = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    applied = next(operation for operation in operations if operation.name == "Doubled.apply")
    tensors = [*applied.inputs, *applied.outputs]
    assert len(applied.inputs) == 1
    assert applied.saved == (0, 1)
    assert tensors[index].tensor in [
        event.tensor for event in recording.events() if isinstance(event, ev.TensorMutated)
    ]


def test_a_custom_function_may_save_something_else_at_every_call(tmp_path):
    source = """class Either(torch.autograd.Function):
    saved_tensors = property(lambda self: 1 / 0)

    @staticmethod
    def forward(ctx, x, which):
        y = x * 2
        ctx.save_for_backward(*[(), (x,), (y,), (x * 3,)][which])
        return y

    @staticmethod
    def backward(ctx, g):
        return g * 2, None

w = torch.ones(3, requires_grad=True)
for which in range(4):
    Either.apply(w, which)
"""
    recording, message, _ = traced(source, tmp_path / "program.py")
    assert message == ""
    operations = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    assert [one.saved for one in operations if one.name == "Either.apply"] == [(), (0,), (1,), ()]


def test_a_write_on_memory_that_was_another_tensors_is_not_taken_for_an_older_one(tmp_path):
    source = """for turn in range(20):
    y = torch.ones(300, requires_grad=True).exp()
    with torch.no_grad():
        y.view(3, 100)[0] += turn
    del y
w = torch.ones(300, requires_grad=True)
y = w.exp()
torch.nn.functional.dropout(y, inplace=True)
y.sum().backward()
"""
    _, message, sentence = traced(source, tmp_path / "program.py")
    assert "modified by an inplace operation" in message
    assert "`torch.nn.functional.dropout(y, inplace=True)` in line 8" in sentence


WRITERS = {
    "w.data -= 0.1 * w.grad\nw.grad.data.zero_()": [("LeafUpdated", 3), ("GradCleared", 4)],
    "w.detach().sub_(w.grad)\nw.grad.detach()[0].fill_(3)": [("LeafUpdated", 3), ("GradWritten", 4)],
    "with torch.no_grad():\n    w.sub_(w.grad)\n    w.grad.zero_()": [("LeafUpdated", 4), ("GradCleared", 5)],
    "w.grad.data.zero_()\nw.data[0] = 5.0\nw.grad = None": [("GradCleared", 3), ("LeafUpdated", 4), ("GradCleared", 5)],
}


@pytest.mark.parametrize("size", [2, 80], ids=["every element is kept", "figures are kept"])
@pytest.mark.parametrize("written", WRITERS)
def test_what_became_of_a_leaf_is_told_with_the_line_that_wrote(written, size, tmp_path):
    source = f"w = torch.ones({size}, {size}, requires_grad=True)\n(w * 2).sum().backward()\n{written}\nw.sum()\n"
    recording, _, _ = traced(source, tmp_path / "program.py")
    events = [*recording.events()]
    kinds = (ev.LeafUpdated, ev.GradCleared, ev.GradWritten)
    assert [(type(event).__name__, event.span.line) for event in events if isinstance(event, kinds)] == WRITERS[written]


@pytest.mark.parametrize("size", [4, 160], ids=["every element is kept", "figures are kept"])
def test_a_write_beside_a_leaf_or_its_grad_in_one_buffer_is_not_its_own(size, tmp_path):
    source = f"""both, grads = torch.ones({size}, 80), torch.zeros({size}, 80)
w, other = both[: {size // 2}].requires_grad_(), both[{size // 2} :]
w.grad, beside = grads[: {size // 2}], grads[{size // 2} :]
(w * 2).sum().backward()
other.mul_(3)
beside.add_(1)
(w * 2).sum().backward()
"""
    recording, _, _ = traced(source, tmp_path / "program.py")
    changed = [type(event).__name__ for event in recording.events() if isinstance(event, CHANGES)]
    assert changed == ["GradWritten", "GradAccumulated", "GradAccumulated"]


CHANGES = (ev.LeafUpdated, ev.GradCleared, ev.GradWritten, ev.GradAccumulated)


SETTERS = {
    "w.grad = None": ("GradCleared", "w.grad = None"),
    "w.grad = torch.ones(2)": ("GradWritten", "w.grad = torch.ones(2)"),
    "del w.grad": ("GradCleared", "del w.grad"),
    "w.grad = other = None": ("GradCleared", "w.grad = None"),
    "w.grad.zero_()": ("GradCleared", "w.grad.zero_()"),
    "w.grad.mul_(-0.0)": ("GradCleared", "w.grad.mul_(-0.0)"),
    "w.data = torch.zeros(2)": ("LeafUpdated", "w.data = torch.zeros(2)"),
}


@pytest.mark.parametrize("written", SETTERS)
def test_how_an_attribute_was_set_is_told_as_it_is_written(written, tmp_path):
    source = f"w = torch.ones(2, requires_grad=True)\n(w * 2).sum().backward()\n{written}\n(w * 2).sum()\n"
    recording, _, _ = traced(source, tmp_path / "program.py")
    events = [*recording.events()]
    kinds = (ev.LeafUpdated, ev.GradCleared, ev.GradWritten)
    found = [(type(event).__name__, event.how) for event in events if isinstance(event, kinds)]
    assert found == [SETTERS[written]]
    assert all(event.span.line == 3 for event in events if isinstance(event, kinds))


def test_the_sign_of_a_zero_is_told(tmp_path):
    source = "w = torch.ones(2, requires_grad=True)\nw.sum().backward()\nw.grad.zero_()\nw.grad.neg_()\nw.grad.neg_()\n"
    recording, _, _ = traced(source, tmp_path / "program.py")
    lines = [event.span.line for event in recording.events() if isinstance(event, ev.GradWritten | ev.GradCleared)]
    assert lines == [3, 4, 5]


def test_what_hooks_keep_for_a_node_is_not_said_to_be_lost_by_a_write(tmp_path):
    source = """w = torch.ones(3, requires_grad=True)
c = torch.ones(3)
first = (w * c).sum()
with torch.autograd.graph.saved_tensors_hooks(lambda x: x.clone(), lambda x: x):
    second = (w * c).sum()
first.backward()
c.add_(1)
second.backward()
"""
    recording, message, _ = traced(source, tmp_path / "program.py")
    assert not message
    written = [one for one in recording.events() if isinstance(one, ev.TensorMutated) and one.span.line == 7]
    names = [recording.index.nodes.name(node) for one in written for node in one.saved_by]
    assert len(written) == 1
    assert names == []


UNUSED_RESULT = """import torch
lstm, attention = torch.nn.LSTM(2, 2), torch.nn.MultiheadAttention(2, 1)
parameters = [*lstm.parameters(), *attention.parameters()]
step = torch.optim.SGD(parameters, 0.1)
for _ in range(2):
    out, state = lstm(torch.ones(3, 1, 2))
    mixed, weights = attention(out, out, out)
    mixed.sum().backward()
    step.step()
unused = parameters[0] ** 2
step.step()
"""


def test_a_result_that_no_pass_came_through_has_not_saved_what_another_ones_node_did(tmp_path):
    recording = trace_source(UNUSED_RESULT, tmp_path / "program.py")
    mutated = [event for event in recording.events() if isinstance(event, ev.TensorMutated) and event.saved_by]
    found = [(event.span.line, [recording.index.nodes.name(node) for node in event.saved_by]) for event in mutated]
    assert found == [(11, ["PowBackward0"])]
