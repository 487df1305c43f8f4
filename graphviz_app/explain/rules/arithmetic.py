"""Rules of arithmetic with broadcasting: sums, products, powers, and choices between two values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import sum_to_shape
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X1, X2, X

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]


def local_rule(local: Callable[[Call, int], Array]) -> Callable[[Call, int], Array]:
    """The gradient of a function of single elements: g times the conjugate of dy/dx, summed where x was stretched."""

    def gradient(call: Call, slot: int) -> Array:
        return sum_to_shape(call.grad() * np.conj(local(call, slot)), call.shape(slot))

    return gradient


def choosing_rule(local: Callable[[Call, int], Array]) -> Callable[[Call, int], Array]:
    """As `local_rule` for functions that choose: where dy/dx is 0 so is the gradient, be g infinite or NaN."""

    def gradient(call: Call, slot: int) -> Array:
        g, factor = np.broadcast_arrays(call.grad(), np.conj(local(call, slot)))
        return sum_to_shape(np.where(factor == 0, 0.0, g * factor), call.shape(slot))

    return gradient


def _binary(names: tuple[str, ...], formula: str, words: str, source: str, local: Any, needs: str = "") -> Rule:
    return Rule(names, formula, words, source, local_rule(local), local, needs=needs)


def _choice(names: tuple[str, ...], formula: str, words: str, source: str, local: Any, needs: str = "") -> Rule:
    return Rule(names, formula, words, source, choosing_rule(local), local, needs=needs)


def _alpha(call: Call) -> float:
    return float(call.parameter_inside_or(1.0, "alpha"))


def _add(call: Call, slot: int) -> Array:
    return np.ones(()) * (_alpha(call) if slot == 1 else 1.0)


def _sub(call: Call, slot: int) -> Array:
    return np.ones(()) * (-_alpha(call) if slot == 1 else 1.0)


def _added(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    return call.argument(0) + _alpha(call) * call.number(1, "#0")


def _difference(call: Call, slot: int) -> Array:  # noqa: ARG001
    return call.argument(0) - _alpha(call) * call.number(1, "#0")


def _by_both(function: Callable[[Array, Array], Array]) -> Callable[[Call, int], Array]:
    """A result of both operands."""

    def result(call: Call, slot: int) -> Array:  # noqa: ARG001
        return np.asarray(function(call.argument(0), call.number(1, "#0")))

    return result


def _quotient(call: Call, slot: int) -> Array:  # noqa: ARG001
    if call.parameter_inside_or(None, "rounding_mode") is not None:
        raise Unknown
    return call.argument(0) / call.number(1, "#0")


def _raised(call: Call, slot: int) -> Array:  # noqa: ARG001
    return call.argument(0) ** _exponent(call)


def _rsub(call: Call, slot: int) -> Array:
    return np.ones(()) * (1.0 if slot == 1 else -_alpha(call))


def _mul(call: Call, slot: int) -> Array:
    if slot == 1:
        return call.argument(0)
    return _other(call, lambda x, y: y / x)


def _div(call: Call, slot: int) -> Array:
    if call.parameter_inside_or(None, "rounding_mode") is not None:
        # A rounded quotient is flat between its jumps.
        return np.zeros(())
    divisor = _other(call, lambda x, y: x / y)
    return 1 / divisor if slot == 0 else -call.argument(0) / divisor**2


def _other(call: Call, solve: Callable[[Array, Array], Array]) -> Array:
    """The second operand: a tensor, a number in the program's text, or what the results say it must have been."""
    try:
        return call.number(1, "#0")
    except Unknown:
        if not call.is_direct or call.has_tensor(1):
            raise
        x, y = np.broadcast_arrays(call.argument(0), call.output())
        usable = (x != 0) & (y != 0) & np.isfinite(x) & np.isfinite(y)
        if not usable.any():
            raise
        return np.asarray(np.median(solve(x[usable], y[usable])))


def _power(call: Call, slot: int) -> Array:
    x, exponent = call.argument(0), _exponent(call)
    with np.errstate(divide="ignore", invalid="ignore"):
        if slot == 1:
            return np.where((x == 0) & (exponent >= 0), 0.0, call.output() * np.log(x))
        return np.where(exponent == 0, 0.0, exponent * x ** (exponent - 1))


def _exponent(call: Call) -> Array:
    if call.operation is not None and call.operation.name.endswith(("square", "square_")):
        return np.asarray(2.0)
    try:
        return call.number(1, "#0")
    except Unknown:
        return np.asarray(call.parameter("exponent"))


def _power_of_number(call: Call, slot: int) -> Array:  # noqa: ARG001
    y, exponent = call.output(), call.argument(0)
    usable = (exponent != 0) & (y > 0)
    if not usable.any():
        raise Unknown
    if not call.is_direct:
        raise Unknown
    return y * np.median(np.log(y[usable]) / exponent[usable])


def _extremum(worse: Callable[[Array, Array], Array]) -> Callable[[Call, int], Array]:
    def local(call: Call, slot: int) -> Array:
        mine, other = call.argument(slot), call.argument(1 - slot)
        # NaN is neither more nor less than anything: torch then lets both have the gradient.
        return np.where(mine == other, 0.5, np.where(worse(mine, other), 0.0, 1.0))

    return local


def _clamp(call: Call, slot: int) -> Array:
    if slot != 0:
        raise Unknown
    # Where the value came through unchanged; at the very border torch lets the gradient pass as well.
    return (call.argument(0) == call.output()).astype(np.float64)


def _hardtanh(call: Call, slot: int) -> Array:
    if slot != 0 or call.operation is None:
        raise Unknown
    x = call.argument(0)
    if call.operation.name.endswith(("relu6", "relu6_")):
        low, high = 0.0, 6.0
    else:
        low, high = float(call.parameter_or(-1.0, "min_val", "#0")), float(call.parameter_or(1.0, "max_val", "#1"))
    # Unlike clamp, it lets nothing pass at the very border. Of NaN torch's vectors and scalars make different things.
    return np.where(np.isnan(x), np.nan, np.where((x <= low) | (x >= high), 0.0, 1.0))


def _where(call: Call, slot: int) -> Array:
    condition = call.named_array("0", "condition")
    # The condition has no edge of its own: slots 0 and 1 are the two choices.
    return condition.astype(np.float64) if slot == 0 else 1.0 - condition.astype(np.float64)


def _masked_fill(call: Call, slot: int) -> Array:
    if slot != 0:
        raise Unknown
    return 1.0 - call.named_array("1", "mask").astype(np.float64)


_RULES = (
    _binary(
        ("Add",),
        rf"{X1} = g, \qquad {X2} = \alpha \, g",
        "An addition passes the gradient on to both of its inputs as it came.",
        "derivatives.yaml: add.Tensor",
        _add,
    )._replace(forward=_added),
    _binary(
        ("Sub",),
        rf"{X1} = g, \qquad {X2} = -\alpha \, g",
        "A subtraction passes the gradient on to the first input as it came, and to the second with its sign turned.",
        "derivatives.yaml: sub.Tensor",
        _sub,
    )._replace(forward=_difference),
    _binary(
        ("Rsub",),
        rf"{X} = -\alpha \, g",
        "The tensor was subtracted from something: the gradient turns its sign.",
        "derivatives.yaml: rsub.Scalar",
        _rsub,
    ),
    _binary(
        ("Mul",),
        rf"{X1} = g \cdot x_2, \qquad {X2} = g \cdot x_1",
        "A product sends to each factor the gradient times the other factor.",
        "derivatives.yaml: mul.Tensor",
        _mul,
        "the other factor of each input that needs a gradient",
    )._replace(forward=_by_both(np.multiply)),
    _binary(
        ("Div",),
        rf"{X1} = \frac{{g}}{{x_2}}, \qquad {X2} = -\frac{{g \cdot x_1}}{{x_2^2}}",
        "A quotient divides the gradient of the numerator by the denominator; the denominator's has the opposite sign, "
        "since the result falls where it grows.",
        "derivatives.yaml: div.Tensor",
        _div,
        "both operands",
    )._replace(forward=_quotient),
    _binary(
        ("Pow",),
        rf"{X} = g \cdot n \, x^{{n-1}}",
        "A power brings its exponent down in front and lowers it by one.",
        "derivatives.yaml: pow.Tensor_Scalar",
        _power,
        "its input",
    )._replace(forward=_raised),
    _choice(
        ("Maximum",),
        rf"{X1} = g \cdot [x_1 > x_2], \qquad {X2} = g \cdot [x_2 > x_1]",
        "Only the larger of two elements gets the gradient; where they are equal each gets half.",
        "derivatives.yaml: maximum",
        _extremum(np.less),
        "both inputs",
    )._replace(forward=_by_both(np.maximum)),
    _choice(
        ("Minimum",),
        rf"{X1} = g \cdot [x_1 < x_2], \qquad {X2} = g \cdot [x_2 < x_1]",
        "Only the smaller of two elements gets the gradient; where they are equal each gets half.",
        "derivatives.yaml: minimum",
        _extremum(np.greater),
        "both inputs",
    )._replace(forward=_by_both(np.minimum)),
    _choice(
        ("Where",),
        rf"{X1} = g \cdot c, \qquad {X2} = g \cdot (1 - c)",
        "Each element of the gradient goes back to the side that it was taken from; the other side gets zero there.",
        "derivatives.yaml: where.self",
        _where,
        "the condition",
    ),
    _choice(
        ("MaskedFill",),
        rf"{X} = g \cdot (1 - m)",
        "Elements that were overwritten get no gradient, the others all of it.",
        "derivatives.yaml: masked_fill.Scalar",
        _masked_fill,
        "the mask",
    ),
    _choice(
        ("Clamp", "ClampMin", "ClampMax"),
        rf"{X} = g \cdot [x_{{min}} \leq x \leq x_{{max}}]",
        "Inside the bounds the gradient passes as it came; outside them the result does not change with the input, so "
        "it is 0.",
        "derivatives.yaml: clamp",
        _clamp,
        "its input",
    ),
    _choice(
        ("Hardtanh",),
        rf"{X} = g \cdot [x_{{min}} < x < x_{{max}}]",
        "Between the bounds the gradient passes as it came; at them and outside it is 0.",
        "derivatives.yaml: hardtanh",
        _hardtanh,
        "its input",
    ),
)

POWER_OF_NUMBER = Rule(
    ("PowOfNumber",),
    rf"{X} = g \cdot y \ln a",
    "A power with x in the exponent grows by itself times the logarithm of its base.",
    "derivatives.yaml: pow.Scalar",
    local_rule(_power_of_number),
    _power_of_number,
    needs="its result",
)

RULES = (*_RULES, POWER_OF_NUMBER)
