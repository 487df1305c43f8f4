"""Rules of functions that work on each element by itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import erf, normal_density, sigmoid
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules_arithmetic import X, local_rule

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]


def _unary(name: str, derivative: str, words: str, local: Callable[[Array, Array], Array], saves: str) -> Rule:
    """A function of x (and y = f(x)), whose rule may ask for either."""

    def wrapped(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
        # Rules in terms of the result alone also work where the input was overwritten.
        x = call.argument(0) if "x" in saves else np.zeros(())
        y = call.output() if "y" in saves else np.zeros(())
        return local(x, y)

    needs = {"x": "its input", "y": "its result", "xy": "its input and its result", "": ""}[saves]
    source = f"derivatives.yaml: {name.lower()}"
    return Rule((name,), rf"{X} = g \cdot {derivative}", words, source, local_rule(wrapped), wrapped, needs=needs)


def _leaky(call: Call, slot: int) -> Array:  # noqa: ARG001
    slope = float(call.parameter_or(0.01, "negative_slope", "#0"))
    return np.where(call.argument(0) > 0, 1.0, slope)


def _gelu(call: Call, slot: int) -> Array:  # noqa: ARG001
    x = call.argument(0)
    if not call.is_direct:
        raise Unknown
    exact = 0.5 * (1 + erf(x / math.sqrt(2))) + x * normal_density(x)
    if "tanh" not in ("" if call.operation is None else call.operation.parameters):
        return exact
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    slope = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2)
    return 0.5 * (1 + np.tanh(inner)) + 0.5 * x * (1 - np.tanh(inner) ** 2) * slope


def _softplus(call: Call, slot: int) -> Array:  # noqa: ARG001
    beta = float(call.parameter_or(1.0, "beta", "#0"))
    return sigmoid(beta * call.argument(0))


def _elu(call: Call, slot: int) -> Array:  # noqa: ARG001
    alpha = float(call.parameter_or(1.0, "alpha", "#0"))
    x = call.argument(0)
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


def _same(call: Call, slot: int) -> Array:  # noqa: ARG001
    return np.ones(())


def _nothing(call: Call, slot: int) -> Array:  # noqa: ARG001
    return np.zeros(())


def _silu(x: Array, _: Array) -> Array:
    return sigmoid(x) * (1 + x * (1 - sigmoid(x)))


def _mish(x: Array, _: Array) -> Array:
    gate = np.tanh(np.logaddexp(0, x))
    return gate + x * (1 - gate**2) * sigmoid(x)


def _hardswish(x: Array, _: Array) -> Array:
    return np.where(x < -3, 0.0, np.where(x > 3, 1.0, x / 3 + 0.5))


_FUNCTIONS = (
    _unary("Neg", "(-1)", "The sign is turned, so the gradient's is too.", lambda _x, _y: -np.ones(()), ""),
    _unary(
        "Abs",
        r"\mathrm{sign}(x)",
        "The gradient keeps its sign where x is positive and turns it where x is negative.",
        lambda x, _y: np.sign(x) if x.dtype.kind != "c" else np.conj(x) / np.where(x == 0, 1, np.abs(x)),
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
        lambda x, _y: -(x**-2.0),
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
        lambda x, _y: (1 - x**2) ** -0.5,
        "x",
    ),
    _unary(
        "Acos",
        r"\frac{-1}{\sqrt{1 - x^2}}",
        "Minus the slope of the arc sine.",
        lambda x, _y: -((1 - x**2) ** -0.5),
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
        lambda _x, y: (y > 0).astype(np.float64),
        "y",
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


def _prelu(call: Call, slot: int) -> Array:
    x, weight = call.argument(0), call.argument(1)
    if slot == 1:
        return np.where(x > 0, 0.0, x)
    return np.where(x > 0, 1.0, weight)


def _atan2(call: Call, slot: int) -> Array:
    y, x = call.argument(0), call.argument(1)
    return (x if slot == 0 else -y) / (x * x + y * y)


def _lerp(call: Call, slot: int) -> Array:
    weight = call.number(2, "#0")
    if slot == 2:
        return call.argument(1) - call.argument(0)
    return 1 - weight if slot == 0 else weight


def _addcmul(call: Call, slot: int) -> Array:
    factor = call.parameter_or(1.0, "value")
    return np.ones(()) if slot == 0 else factor * call.argument(3 - slot)


def _first_alone(call: Call, slot: int) -> Array:  # noqa: ARG001
    if slot != 0:
        raise Unknown
    return np.ones(())


_MORE = tuple(
    Rule(
        names,
        rf"{X} = g \cdot {derivative}",
        words,
        f"derivatives.yaml: {source}",
        local_rule(local),
        local,
        needs=needs,
    )
    for names, derivative, words, source, local, needs in (
        (
            ("LeakyRelu",),
            r"\max([x > 0], a)",
            "Where the unit is off, a small part of the gradient still passes.",
            "leaky_relu",
            _leaky,
            "its input",
        ),
        (
            ("Gelu",),
            r"\left(\Phi(x) + x \, \varphi(x)\right)",
            "A smooth gate: the chance that a normal number is below x, plus x times its density.",
            "gelu",
            _gelu,
            "its input",
        ),
        (
            ("Softplus",),
            r"\sigma(\beta x)",
            "The slope of the softplus is the sigmoid.",
            "softplus",
            _softplus,
            "its input",
        ),
        (
            ("Elu",),
            r"\left\{1 \; (x > 0), \; \alpha e^x \; (x \leq 0)\right\}",
            "Right of 0 the gradient passes as it came, left of it it fades away.",
            "elu",
            _elu,
            "its input or result",
        ),
        (
            ("PreluKernel", "Prelu"),
            r"\max([x > 0], a)",
            "Where the unit is off, a learned part of the gradient still passes, and the part itself learns from x.",
            "_prelu_kernel",
            _prelu,
            "its input and the slope",
        ),
        (
            ("Atan2",),
            r"\frac{x_2}{x_1^2 + x_2^2}",
            "The angle turns fastest near the origin.",
            "atan2",
            _atan2,
            "both inputs",
        ),
        (
            ("Lerp",),
            r"(1 - w)",
            "Each end receives the gradient in the proportion in which it was mixed in.",
            "lerp",
            _lerp,
            "the weight",
        ),
        (
            ("Addcmul",),
            r"\alpha \, x_3",
            "What was added to passes the gradient on as it came; each factor receives it times the other.",
            "addcmul",
            _addcmul,
            "the two factors",
        ),
        (
            ("Remainder", "Fmod", "Frac"),
            "1",
            "Between its jumps the remainder grows as x does, so the gradient is passed on as it came.",
            "remainder, fmod, frac",
            _first_alone,
            "",
        ),
        (
            ("Clone", "Alias", "ToCopy", "Copy", "Contiguous", "ViewAs", "LiftFresh"),
            "1",
            "The values were only copied (or converted), so the gradient is passed on as it came.",
            "clone, _to_copy",
            _same,
            "",
        ),
        (
            ("Sign", "Ceil", "Floor", "Round", "Trunc"),
            "0",
            "The result is flat between its jumps, so its slope is 0 "
            "everywhere and no gradient comes through: training cannot move what lies behind.",
            "round",
            _nothing,
            "",
        ),
    )
)

RULES = (*_FUNCTIONS, *_MORE)
