"""What nodes do that belong to the engine itself, or that stand for many operations at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.numeric import sum_to_shape
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

UNKNOWN_FORMULA = r"\frac{\partial L}{\partial x} = {J}^{\top} g, \qquad J_{ij} = \frac{\partial y_i}{\partial x_j}"


def _passed_on(call: Call, slot: int) -> Array:
    return call.grad(slot)


def _written_over(call: Call, slot: int) -> Array:
    return np.zeros(call.shape(0)) if slot == 0 else sum_to_shape(call.grad(), call.shape(1))


RULES = (
    Rule(
        ("AccumulateGrad",),
        r"\mathrm{grad} \leftarrow \mathrm{grad} + g",
        "The end of the way: the gradient that arrives here is added to the leaf's .grad, which keeps it after the "
        "pass. Where .grad was None, it becomes the gradient itself.",
        "torch/csrc/autograd/functions/accumulate_grad.h",
    ),
    Rule(
        ("CopySlices",),
        rf"{X} = g \; \mathrm{{outside}}, \qquad \mathrm{{through}} \; f \; \mathrm{{inside}}",
        "Part of a tensor was written in place through a view. What was not written passes the gradient on as it came; "
        "the part that was written sends it through the operation that wrote it.",
        "torch/csrc/autograd/functions/tensor.h: CopySlices",
    ),
    Rule(
        ("CopyBackwards",),
        rf"{X} = 0, \qquad \frac{{\partial L}}{{\partial s}} = g",
        "A tensor was written over with another one: what was there before receives 0, the other one the gradient as "
        "it came, added up where it was stretched.",
        "torch/csrc/autograd/functions/tensor.h: CopyBackwards",
        _written_over,
    ),
    Rule(
        ("AsStrided",),
        rf"{X} = \sum_{{copies}} g",
        "A view by strides: the gradient of each element goes back to the place in memory that it was read from; a "
        "place that was read several times receives the sum.",
        "derivatives.yaml: as_strided",
    ),
    Rule(
        ("CheckpointFunction",),
        UNKNOWN_FORMULA,
        "A checkpoint: nothing was kept of what was computed in it. Its forward runs again here, and a pass of its own "
        "then goes back through it.",
        "torch.utils.checkpoint",
    ),
    Rule(
        ("BackwardHookFunction",),
        rf"{X} = g",
        "torch puts such a node around a module that has backward hooks: the gradient passes as it came, and the hooks "
        "see it here.",
        "torch/nn/modules/_functions.py: BackwardHookFunction",
        _passed_on,
    ),
    Rule(
        ("NativeDropout",),
        rf"{X} = \frac{{g \cdot m}}{{1 - p}}",
        "What was dropped receives 0, the rest a little more than it came with, as in the forward.",
        "derivatives.yaml: native_dropout",
    ),
    Rule(
        ("NotImplemented", "Error"),
        r"\mathrm{no \; derivative}",
        "There is no derivative here: when the engine comes to this node it raises an error.",
        "torch/csrc/autograd/functions/basic_ops.h",
    ),
)
