"""Recordings made by hand for the panels: a training loop, NaNs, large values, nested passes, an error."""

import numpy as np

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import Sample, TensorRecord, measure, record_array

SOURCE = """import torch
w = torch.ones(4, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for step in range(3):
    loss = (w * 3).sum()
    loss.backward()
    optimizer.step()
    print(loss.item())
    w.grad.zero_()
"""


class Writer:
    """Writes a program's events one by one; values are numbered as they come."""

    def __init__(self):
        self.values = []
        self.events = []
        self.nodes = 0

    def value(self, array, dtype=np.float32):
        self.values.append(array if isinstance(array, TensorRecord) else record_array(np.asarray(array, dtype)))
        return len(self.values) - 1

    def add(self, *events):
        self.events.extend(events)

    def recording(self, source=SOURCE):
        program = ev.Program("program.py", source)
        return Recording.of([ev.Batch(0, tuple(self.values), tuple(self.events))], program)


def forward(writer, operation, w, contribution, line=5):
    """(w * 3).sum(): makes MulBackward0, SumBackward0 and AccumulateGrad; returns their numbers."""
    product, total = writer.value(contribution), writer.value(np.sum(contribution))
    three = writer.value(3.0)
    mul, add, leaf = range(writer.nodes, writer.nodes + 3)
    writer.nodes += 3
    nodes = (
        ev.Node(mul, "MulBackward0", operation=operation, tensor=10 + 2 * operation),
        ev.Node(add, "SumBackward0", operation=operation + 1, tensor=11 + 2 * operation),
        ev.Node(leaf, "AccumulateGrad", leaf=0),
    )
    span = ev.Span(0, line, 11, line, 16)
    taken = (
        ev.TensorUse(0, w, leaf, requires_grad=True, argument="0"),
        ev.TensorUse(7, three, argument="1"),
    )
    given = ev.TensorUse(10 + 2 * operation, product, mul, requires_grad=True, is_leaf=False)
    result = ev.TensorUse(11 + 2 * operation, total, add, requires_grad=True, is_leaf=False)
    writer.add(
        ev.NodesMade(nodes, (ev.Edge(add, 0, mul, 0), ev.Edge(mul, 0, leaf, 0))),
        ev.OperationRan(
            operation, "torch.Tensor.mul", span, inputs=taken, outputs=(given,), nodes=(mul,), module="head", saved=(1,)
        ),
        ev.OperationRan(operation + 1, "torch.Tensor.sum", span, inputs=(given,), outputs=(result,), nodes=(add,)),
        ev.NameBound(11 + 2 * operation, "loss", span),
    )
    return mul, add, leaf


def backward(writer, pass_id, nodes, contribution, before, after, line=6, parent=ev.NONE):
    """One pass over the nodes of `forward`; `before`, `after` are value numbers of the leaf's `.grad`."""
    mul, add, leaf = nodes
    one, ones = writer.value(1.0), writer.value(np.ones_like(contribution))
    sent = writer.value(contribution)
    writer.add(
        ev.BackwardStarted(pass_id, parent, roots=(ev.Root(add, 0, one, implicit=True),), span=ev.Span(0, line)),
        ev.NodeCalled(pass_id, add, (one,), (ones,)),
        ev.NodeCalled(pass_id, mul, (ones,), (sent, ev.NONE)),
        ev.NodeCalled(pass_id, leaf, (sent,), ()),
        ev.GradAccumulated(pass_id, 0, before, sent, after, leaf),
        ev.BackwardFinished(pass_id),
    )


def start(writer, w):
    writer.add(ev.SourceRead(0, "program.py", SOURCE), ev.LeafFound(0, 0, "w", w, is_parameter=True))


def training(iterations=3, *, clear=True, size=4):
    """A training loop: forward, backward, optimizer step, print, clear."""
    writer = Writer()
    weights = np.ones(size, np.float32)
    w = writer.value(weights)
    start(writer, w)
    contribution = np.full(size, 3, np.float32)
    before, grad = ev.NONE, np.zeros(size, np.float32)
    for number in range(iterations):
        nodes = forward(writer, 2 * number, w, contribution)
        grad = grad + contribution
        after = writer.value(grad)
        backward(writer, number, nodes, contribution, before, after)
        weights = weights - 0.1 * grad
        updated = writer.value(weights)
        writer.add(ev.LeafUpdated(0, w, updated, ev.Span(0, 7), "SGD.step"))
        writer.add(ev.Printed("stdout", f"{12 - number}\n"))
        w, before = updated, after
        if clear:
            before = writer.value(np.zeros(size))
            writer.add(ev.GradCleared(0, after, before, ev.Span(0, 9), "Tensor.zero_"))
            grad = np.zeros(size, np.float32)
    writer.add(ev.Finished("returned", 0))
    return writer.recording()


def long_ledger(entries):
    """Nothing but accumulations and clears, over and over, of the same few values."""
    writer = Writer()
    w, three, zero = writer.value([1, 1]), writer.value([3, 3]), writer.value([0, 0])
    start(writer, w)
    clear = ev.GradCleared(0, three, zero, ev.Span(0, 9), "Tensor.zero_")
    for number in range(entries // 2):
        writer.add(ev.BackwardStarted(number), ev.GradAccumulated(number, 0, zero, three, three))
        writer.add(ev.BackwardFinished(number), clear)
    return writer.recording()


def troubled():
    """NaN and Inf in the gradients, an in-place write, a clear to None, an error at the end."""
    writer = Writer()
    w = writer.value([1, 2, 3, 4])
    start(writer, w)
    contribution = np.array([np.nan, np.inf, -np.inf, 0], np.float32)
    nodes = forward(writer, 0, w, contribution)
    after = writer.value(contribution)
    backward(writer, 0, nodes, contribution, ev.NONE, after)
    writer.add(
        ev.GradCleared(0, after, ev.NONE, ev.Span(0, 9), "w.grad = None"),
        ev.TensorMutated(10, 1, 0, 1, ev.Span(0, 5), (0,)),
        ev.Raised(
            "RuntimeError", "one of the variables needed for gradient computation has been modified", span=ev.Span(0, 6)
        ),
        ev.Finished("returned", 1),
    )
    return writer.recording()


def nested():
    """A pass inside a pass, as re-entrant checkpoints run them."""
    writer = Writer()
    w = writer.value([1, 1])
    start(writer, w)
    contribution = np.array([3, 3], np.float32)
    outer = forward(writer, 0, w, contribution)
    inner = forward(writer, 2, w, contribution)
    one = writer.value(1.0)
    writer.add(
        ev.BackwardStarted(0, roots=(ev.Root(outer[1], 0, one),), span=ev.Span(0, 6)),
        ev.NodeCalled(0, outer[1], (one,), (one,)),
    )
    backward(writer, 1, inner, contribution, ev.NONE, writer.value([3, 3]), parent=0)
    writer.add(ev.NodeCalled(0, outer[0], (one,), (one,)), ev.BackwardFinished(0), ev.Finished("returned", 0))
    return writer.recording()


def large_record(rows=4096, columns=4096, kept=64):
    """A tensor recorded as statistics and a sample."""
    generator = np.random.default_rng(0)
    sample = generator.normal(size=(kept, kept)).astype(np.float32)
    sample[0, 0], sample[1, 1], sample[2, 2], sample[3:6, 3:6] = np.nan, np.inf, -np.inf, 0
    return TensorRecord(
        (rows, columns),
        "float32",
        strides=(columns, 1),
        statistics=measure(sample),
        sample=Sample((kept, kept), (rows // kept, columns // kept), sample.tobytes()),
    )


def large():
    """One pass whose gradients are large tensors."""
    writer = Writer()
    w = writer.value(large_record())
    start(writer, w)
    nodes = forward(writer, 0, w, np.ones(4, np.float32))
    mul, add, leaf = nodes
    one, big = writer.value(1.0), writer.value(large_record())
    writer.add(
        ev.BackwardStarted(0, roots=(ev.Root(add, 0, one),), span=ev.Span(0, 6)),
        ev.NodeCalled(0, add, (one,), (big,)),
        ev.NodeCalled(0, mul, (big,), (big, ev.NONE)),
        ev.NodeCalled(0, leaf, (big,), ()),
        ev.GradAccumulated(0, 0, ev.NONE, big, big, leaf),
        ev.BackwardFinished(0),
        ev.Finished("returned", 0),
    )
    return writer.recording()
