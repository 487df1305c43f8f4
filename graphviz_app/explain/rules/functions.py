"""Rules of functions of one tensor that work on each element by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import erf, sigmoid
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.arithmetic import choosing_rule, local_rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]


def _unary(
    name: str,
    derivative: str,
    words: str,
    local: Callable[[Array, Array], Array],
    saves: str,
    rule: Callable[[Callable[[Call, int], Array]], Callable[[Call, int], Array]] = local_rule,
) -> Rule:
    """A function of x (and y = f(x)), whose rule may ask for either."""

    def wrapped(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
        # Rules in terms of the result alone also work where the input was overwritten.
        x = call.argument(0) if "x" in saves else np.zeros(())
        y = call.output() if "y" in saves else np.zeros(())
        return local(x, y)

    def forward(call: Call, slot: int) -> Array:  # noqa: ARG001
        if name not in _VALUES:
            raise Unknown
        return np.asarray(_VALUES[name](call.argument(0)))

    needs = {"x": "its input", "y": "its result", "xy": "its input and its result", "": ""}[saves]
    source = f"derivatives.yaml: {_ENTRIES.get(name, name.lower())}"
    return Rule((name,), rf"{X} = g \cdot {derivative}", words, source, rule(wrapped), wrapped, forward, needs)


_ENTRIES = {"LogSigmoid": "log_sigmoid_forward", "Square": "pow.Tensor_Scalar"}
"""Where a function's entry has another name."""
_VALUES: dict[str, Callable[[Array], Array]] = {
    "Neg": np.negative,
    "Abs": np.abs,
    "Exp": np.exp,
    "Exp2": np.exp2,
    "Expm1": np.expm1,
    "Log": np.log,
    "Log2": np.log2,
    "Log10": np.log10,
    "Log1P": np.log1p,
    "Sqrt": np.sqrt,
    "Rsqrt": lambda x: 1 / np.sqrt(x),
    "Reciprocal": lambda x: 1 / x,
    "Square": np.square,
    "Sin": np.sin,
    "Cos": np.cos,
    "Tan": np.tan,
    "Atan": np.arctan,
    "Sinh": np.sinh,
    "Cosh": np.cosh,
    "Erf": erf,
    "Relu": lambda x: np.maximum(x, 0.0),
    "Sigmoid": sigmoid,
    "Tanh": np.tanh,
    "Silu": lambda x: x * sigmoid(x),
    "LogSigmoid": lambda x: -np.logaddexp(0, -x),
}
"""The functions themselves, for results that the recording does not hold."""


def _silu(x: Array, _: Array) -> Array:
    return sigmoid(x) * (1 + x * (1 - sigmoid(x)))


def _mish(x: Array, _: Array) -> Array:
    gate = np.tanh(np.logaddexp(0, x))
    return gate + x * (1 - gate**2) * sigmoid(x)


def _hardswish(x: Array, _: Array) -> Array:
    return np.where(x < -3, 0.0, np.where(x <= 3, x / 3 + 0.5, 1.0))


def _sign(x: Array, _: Array) -> Array:
    if x.dtype.kind == "c":
        return np.conj(x) / np.where(x == 0, 1, np.abs(x))
    # torch.sign of NaN is 0.
    return np.where(np.isnan(x), 0.0, np.sign(x))


RULES = (
    _unary("Neg", "(-1)", "The sign is turned, so the gradient's is too.", lambda _x, _y: -np.ones(()), ""),
    _unary(
        "Abs",
        r"\mathrm{sign}(x)",
        "The gradient keeps its sign where x is positive and turns it where x is negative.",
        _sign,
        "x",
    ),
    _unary(
        "Exp",
        "y",
        "The exponential is its own derivative, so the gradient is multiplied with the result.",
        lambda _x, y: y,
        "y",
    ),
    _unary(
        "Exp2", r"y \ln 2", "Like the exponential, with the logarithm of its base.", lambda _x, y: y * math.log(2), "y"
    ),
    _unary(
        "Expm1",
        "(y + 1)",
        "The exponential is its own derivative; here that is the result plus 1.",
        lambda _x, y: y + 1,
        "y",
    ),
    _unary(
        "Log",
        r"\frac{1}{x}",
        "The smaller x, the steeper its logarithm: the gradient is divided by x.",
        lambda x, _y: 1 / x,
        "x",
    ),
    _unary(
        "Log2",
        r"\frac{1}{x \ln 2}",
        "The gradient is divided by x and the logarithm of the base.",
        lambda x, _y: 1 / (x * math.log(2)),
        "x",
    ),
    _unary(
        "Log10",
        r"\frac{1}{x \ln 10}",
        "The gradient is divided by x and the logarithm of the base.",
        lambda x, _y: 1 / (x * math.log(10)),
        "x",
    ),
    _unary("Log1P", r"\frac{1}{1 + x}", "The gradient is divided by 1 + x.", lambda x, _y: 1 / (1 + x), "x"),
    _unary(
        "Sqrt",
        r"\frac{1}{2 \sqrt{x}}",
        "The gradient is divided by twice the result; at 0 the root is infinitely steep.",
        lambda _x, y: 0.5 / y,
        "y",
    ),
    _unary(
        "Rsqrt",
        r"\left(-\frac{1}{2} y^3\right)",
        "The derivative of 1/√x is minus half the result cubed.",
        lambda _x, y: -0.5 * y**3,
        "y",
    ),
    _unary(
        "Reciprocal",
        "(-y^2)",
        "The result falls where x grows: the gradient is multiplied with minus its square.",
        lambda x, _y: -((1 / x) ** 2),
        "x",
    )._replace(needs="its result"),
    _unary("Square", "2x", "The square brings a 2 down in front.", lambda x, _y: 2 * x, "x"),
    _unary("Sin", r"\cos x", "The slope of the sine is the cosine.", lambda x, _y: np.cos(x), "x"),
    _unary("Cos", r"(-\sin x)", "The slope of the cosine is minus the sine.", lambda x, _y: -np.sin(x), "x"),
    _unary("Tan", "(1 + y^2)", "The slope of the tangent is one plus its square.", lambda _x, y: 1 + y**2, "y"),
    _unary(
        "Asin",
        r"\frac{1}{\sqrt{1 - x^2}}",
        "The slope grows without bound towards ±1.",
        lambda x, _y: 1 / np.sqrt(1 - x**2),
        "x",
    ),
    _unary(
        "Acos",
        r"\frac{-1}{\sqrt{1 - x^2}}",
        "Minus the slope of the arc sine.",
        lambda x, _y: -1 / np.sqrt(1 - x**2),
        "x",
    ),
    _unary(
        "Atan", r"\frac{1}{1 + x^2}", "The slope is 1 at 0 and falls on both sides.", lambda x, _y: 1 / (1 + x**2), "x"
    ),
    _unary("Sinh", r"\cosh x", "The slope of sinh is cosh.", lambda x, _y: np.cosh(x), "x"),
    _unary("Cosh", r"\sinh x", "The slope of cosh is sinh.", lambda x, _y: np.sinh(x), "x"),
    _unary(
        "Erf",
        r"\frac{2}{\sqrt{\pi}} e^{-x^2}",
        "The slope of the error function is a bell curve.",
        lambda x, _y: 2 / math.sqrt(math.pi) * np.exp(-(x**2)),
        "x",
    ),
    _unary(
        "Relu",
        "[y > 0]",
        "Where the unit is on, the gradient passes as it came; where it is off, it gets nothing.",
        lambda _x, y: np.where(y <= 0, 0.0, 1.0),
        "y",
        choosing_rule,
    ),
    _unary(
        "Sigmoid",
        "y (1 - y)",
        "The slope is largest, ¼, in the middle, and almost 0 where the result is near 0 or 1: "
        "there the gradient vanishes.",
        lambda _x, y: y * (1 - y),
        "y",
    ),
    _unary(
        "Tanh",
        "(1 - y^2)",
        "The slope is 1 in the middle and almost 0 where the result is near ±1: there the gradient vanishes.",
        lambda _x, y: 1 - y**2,
        "y",
    ),
    _unary(
        "Silu",
        r"\sigma(x) \left(1 + x (1 - \sigma(x))\right)",
        "A sigmoid gate times x: both change with x.",
        _silu,
        "x",
    ),
    _unary(
        "Mish",
        r"\frac{\partial}{\partial x} \left(x \tanh \ln(1 + e^x)\right)",
        "A smooth gate times x: both change with x.",
        _mish,
        "x",
    ),
    _unary(
        "Hardswish",
        r"\left(\frac{x}{3} + \frac{1}{2}\right)",
        "Left of −3 nothing passes, right of 3 everything, and in between a growing part.",
        _hardswish,
        "x",
    ),
    _unary(
        "LogSigmoid",
        r"(1 - \sigma(x))",
        "The slope is 1 far to the left and 0 far to the right.",
        lambda x, _y: 1 - sigmoid(x),
        "x",
    ),
)
