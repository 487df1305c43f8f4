"""Recordings made by hand, for tests that need no torch."""

import numpy as np

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import record_array


class Script:
    """Writes events one by one, numbering values as they come."""

    def __init__(self):
        self.values = []
        self.events = []

    def value(self, *numbers, dtype=np.float32):
        self.values.append(record_array(np.array(numbers, dtype)))
        return len(self.values) - 1

    def add(self, *events):
        self.events.extend(events)

    def batch(self):
        return ev.Batch(0, tuple(self.values), tuple(self.events))

    def recording(self, source=""):
        return Recording.of([self.batch()], ev.Program("program.py", source))


def accumulation(passes=2):
    """w = ones(4); (w * 3).sum().backward(), several times: SumBackward0 → MulBackward0 → AccumulateGrad."""
    script = Script()
    script.add(ev.SourceRead(0, "program.py", "w = ...\n(w * 3).sum().backward()\n"))
    w = script.value(1, 1, 1, 1)
    script.add(ev.LeafFound(0, 0, "w", w))
    grad = ev.NONE
    for number in range(passes):
        grad = _accumulation_pass(script, number, grad)
    script.add(ev.Finished("returned", 0))
    return script


def _accumulation_pass(script, number, grad):
    line = ev.Span(0, 2)
    first = 3 * number
    sum_node, mul_node, leaf_node = first, first + 1, first + 2
    product, total, one = script.value(3, 3, 3, 3), script.value(12), script.value(1)
    ones, threes = script.value(1, 1, 1, 1), script.value(3, 3, 3, 3)
    after = script.value(*[3 * (number + 1)] * 4)
    mul, add = 2 * number, 2 * number + 1
    leaf = ev.Node(leaf_node, "AccumulateGrad", leaf=0)
    script.add(
        ev.NodesMade(
            (
                ev.Node(sum_node, "SumBackward0", operation=add, tensor=2),
                ev.Node(mul_node, "MulBackward0", operation=mul, tensor=1),
                leaf,
            ),
            (ev.Edge(sum_node, 0, mul_node, 0), ev.Edge(mul_node, 0, leaf_node, 0)),
        ),
        ev.OperationRan(
            mul, "torch.Tensor.mul", line, outputs=(ev.TensorUse(1, product, mul_node),), nodes=(mul_node,)
        ),
        ev.OperationRan(add, "torch.Tensor.sum", line, outputs=(ev.TensorUse(2, total, sum_node),), nodes=(sum_node,)),
        ev.BackwardStarted(number, roots=(ev.Root(sum_node, 0, one, implicit=True),), span=line),
        ev.NodeCalled(number, sum_node, (one,), (ones,)),
        ev.NodeCalled(number, mul_node, (ones,), (threes, ev.NONE)),
        ev.NodeCalled(number, leaf_node, (threes,), ()),
        ev.GradAccumulated(number, 0, grad, threes, after, leaf_node),
        ev.BackwardFinished(number),
        ev.Printed("stdout", f"pass {number}\n"),
    )
    return after
