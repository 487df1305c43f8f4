"""Rules of element by element functions with parameters or several inputs, and of copies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import erf, normal_density, sigmoid
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.arithmetic import local_rule
from graphviz_app.explain.rules.symbols import X1, X2, X3, X

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]


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
    scaled = beta * call.argument(0)
    # Beyond the threshold it is computed as a straight line.
    return np.where(scaled > float(call.parameter_or(20.0, "threshold", "#1")), 1.0, sigmoid(scaled))


_SELU = 1.6732632423543772, 1.0507009873554805
"""Its slope left of 0, and what all of it is multiplied with: Klambauer et al., Self-Normalizing Neural Networks."""


def _elu(call: Call, slot: int) -> Array:  # noqa: ARG001
    if call.operation is not None and call.operation.name.endswith(("selu", "selu_")):
        x, (alpha, scale) = call.argument(0), _SELU
        return scale * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))
    alpha = float(call.parameter_or(1.0, "alpha", "#0"))
    x = call.argument(0)
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


def _same(call: Call, slot: int) -> Array:  # noqa: ARG001
    return np.ones(())


def _copied(call: Call, slot: int) -> Array:  # noqa: ARG001
    return call.argument(0)


def _nothing(call: Call, slot: int) -> Array:  # noqa: ARG001
    return np.zeros(())


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


def _mixed(call: Call, slot: int) -> Array:  # noqa: ARG001
    start, weight = call.argument(0), call.number(2, "#0")
    return start + weight * (call.argument(1) - start)


def _addcmul(call: Call, slot: int) -> Array:
    factor = call.parameter_or(1.0, "value")
    return np.ones(()) if slot == 0 else factor * call.argument(3 - slot)


def _remainder(call: Call, slot: int) -> Array:
    if slot == 0:
        return np.ones(())
    x, divisor = call.argument(0), call.argument(1)
    rest = np.fmod(x, divisor) if "Fmod" in call.name else np.remainder(x, divisor)
    return -np.rint((x - rest) / divisor)


def _formula(derivative: str) -> str:
    """The whole formula, where only dy/dx is given."""
    return derivative if " = " in derivative else rf"{X} = g \cdot {derivative}"


RULES = tuple(
    Rule(
        names,
        _formula(derivative),
        words,
        f"derivatives.yaml: {source}",
        local_rule(local),
        local,
        {_same: _copied, _lerp: _mixed}.get(local),
        needs,
    )
    for names, derivative, words, source, local, needs in (
        (
            ("LeakyRelu",),
            r"\left\{1 \; (x > 0), \; a \; (x \leq 0)\right\}",
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
            rf"{X} = g \cdot \left\{{1 \; (x > 0), \; a \; (x \leq 0)\right\}}, \qquad "
            r"\frac{\partial L}{\partial a} = \sum g \, x \, [x \leq 0]",
            "Where the unit is off, a learned part of the gradient still passes, and the part itself learns from x.",
            "_prelu_kernel",
            _prelu,
            "its input and the slope",
        ),
        (
            ("Atan2",),
            rf"{X1} = g \, \frac{{x_2}}{{x_1^2 + x_2^2}}, \qquad {X2} = -g \, \frac{{x_1}}{{x_1^2 + x_2^2}}",
            "The angle turns fastest near the origin.",
            "atan2",
            _atan2,
            "both inputs",
        ),
        (
            ("Lerp",),
            rf"{X1} = (1 - w) \, g, \qquad {X2} = w \, g",
            "Each end receives the gradient in the proportion in which it was mixed in.",
            "lerp",
            _lerp,
            "the weight",
        ),
        (
            ("Addcmul",),
            rf"{X1} = g, \qquad {X2} = \alpha \, g \, x_3, \qquad {X3} = \alpha \, g \, x_2",
            "What was added to passes the gradient on as it came; each factor receives it times the other. α is what "
            "the call gave as value, or 1.",
            "addcmul",
            _addcmul,
            "the two factors",
        ),
        (
            ("Remainder", "Fmod"),
            rf"{X1} = g, \qquad {X2} = -n \, g",
            "Between its jumps the remainder grows as the first number does, so the gradient is passed on to that as "
            "it came; the divisor was taken away n times, and receives it n times with its sign turned.",
            "remainder, fmod",
            _remainder,
            "",
        ),
        (
            ("Frac",),
            "1",
            "Between its jumps the fraction grows as x does, so the gradient is passed on as it came.",
            "frac",
            _same,
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
