"""Rules of convolution, in any number of dimensions, also in groups, dilated and transposed; and of its derivative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X
from graphviz_app.explain.second import by_first_call
from graphviz_app.explain.windows import Windows, each_dimension

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

G1 = r"\frac{\partial L}{\partial g_1}"
_NAMES = {
    False: ("stride", "padding", "dilation", "groups"),
    True: ("stride", "padding", "output_padding", "groups", "dilation"),
}
"""The arguments after the bias, in their order; those of a transposed convolution come in another."""
_INPUT, _WEIGHT, _BIAS = range(3)


class _Convolution(NamedTuple):
    """A call of a convolution; of a transposed one, `x` is what another one would have given, and `y` its image."""

    x: Array
    weight: Array
    windows: Windows
    groups: int
    is_transposed: bool

    def of(self, x: Array, weight: Array, size: Sequence[int]) -> Array:
        """What it makes of an input, given the size of what comes of it."""
        if self.is_transposed:
            return self.windows.spread(x, weight, self.groups, tuple(size))
        return self.windows.correlate(x, weight, self.groups, tuple(size))

    def back(self, g: Array, weight: Array) -> Array:
        """The gradient of its input."""
        size = self.x.shape[2:]
        if self.is_transposed:
            return self.windows.correlate(g, weight, self.groups, size)
        return self.windows.spread(g, weight, self.groups, size)

    def of_weight(self, x: Array, g: Array) -> Array:
        """The gradient of its weight."""
        return self.windows.weigh(*((g, x) if self.is_transposed else (x, g)), self.groups)


def _convolution_of(call: Call) -> _Convolution:
    x, weight = call.named_array("0", "input"), call.named_array("1", "weight")
    if x.dtype.kind == "c" or weight.dtype.kind == "c":
        # torch takes it apart into convolutions of real numbers.
        raise Unknown
    if x.ndim == weight.ndim - 1:
        x = x[None]
    is_transposed = call.operation is not None and "transpose" in call.operation.name
    given = dict(zip(_NAMES[is_transposed], _positional(call), strict=False))
    given |= {name: call.parameter(name) for name in _NAMES[is_transposed] if name in call.parameters}
    count = weight.ndim - 2
    size = weight.shape[2:]
    dilation, stride = each_dimension(given.get("dilation", 1), count), each_dimension(given.get("stride", 1), count)
    padding = given.get("padding", 0)
    if padding == "same":
        before = tuple(step * (length - 1) // 2 for step, length in zip(dilation, size, strict=True))
    else:
        before = (0,) * count if padding == "valid" else each_dimension(padding, count)
    return _Convolution(x, weight, Windows(size, stride, before, dilation), int(given.get("groups", 1)), is_transposed)


def _positional(call: Call) -> list[Any]:
    """The plain arguments that have no name, without a bias that is None."""
    if call.parameters_were_cut:
        raise Unknown
    found = [call.parameter(name) for name in call.parameters if name.startswith("#")]
    return found[1:] if found[:1] == [None] else found


def _convolution(call: Call, slot: int) -> Array:
    g = call.grad()
    if slot == _BIAS:
        return g.sum(axis=(0, *range(2, g.ndim)))
    convolution = _convolution_of(call)
    return convolution.of_weight(convolution.x, g) if slot == _WEIGHT else convolution.back(g, convolution.weight)


def _second(call: Call, first: Call, slot: int) -> Array:
    """Of back(g1, w), of_weight(x, g1) and sum g1, which are linear in each of their arguments.

    What arrives for the gradient of x stands where x stood, what arrives for that of w where w stood.
    """
    g1 = first.grad()
    convolution = _convolution_of(first)
    of_x, of_w, of_b = (call.grad(each) if call.grad_is_given(each) else None for each in range(3))
    if slot == 0:
        size = g1.shape[2:]
        result = np.zeros(g1.shape)
        result += 0.0 if of_x is None else convolution.of(of_x, convolution.weight, size)
        result += 0.0 if of_w is None else convolution.of(convolution.x, of_w, size)
        return result + (0.0 if of_b is None else of_b.reshape(-1, *[1] * len(size)))
    if slot == 1:
        return np.zeros(convolution.x.shape) if of_w is None else convolution.back(g1, of_w)
    return np.zeros(convolution.weight.shape) if of_x is None else convolution.of_weight(of_x, g1)


_KINDS = ("Convolution", "MkldnnConvolution", "CudnnConvolution")

RULES = (
    Rule(
        _KINDS,
        rf"{X} = g \ast \tilde{{w}}, \qquad \frac{{\partial L}}{{\partial w}} = x \star g, \qquad "
        r"\frac{\partial L}{\partial b} = \sum g",
        "Each weight receives, from every place that its window stood on, the gradient there times the pixel below "
        "it; each pixel receives the gradients of all windows that it was in, each times the weight that lay on it.",
        "derivatives.yaml: convolution",
        _convolution,
        needs="the input and the weight",
    ),
    Rule(
        ("ConvolutionBackward",),
        rf"{G1} = g_x \star w + x \star g_w + g_b, \qquad {X} = g_1 \ast \tilde{{g}}_w, \qquad "
        r"\frac{\partial L}{\partial w} = g_x \star g_1",
        "A node of the second derivative of a convolution. Three gradients arrive here: for those of x, of w and of b "
        "in the first pass. All that the first pass did is linear in g₁, x and w, so each receives the same with what "
        "arrives in the other's place.",
        "derivatives.yaml: convolution_backward",
        by_first_call(_KINDS, _second),
        needs="the first pass's gradient, the input and the weight",
    ),
)
