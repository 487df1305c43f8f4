"""Rules of further functions of several tensors, element by element: logarithms, lengths, signs, complex numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import sigmoid, sum_to_shape
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.arithmetic import choosing_rule, local_rule
from graphviz_app.explain.rules.symbols import X1, X2, X3, X

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]
    Gradient = Callable[[Call, int], Array]


def _both(call: Call) -> tuple[Array, Array]:
    return np.asarray(call.number(0, "#0")), np.asarray(call.number(1, "#0"))


def _x_log_y(shift: float) -> Gradient:
    """Of x ln(y + shift), which is 0 where x is."""

    def local(call: Call, slot: int) -> Array:
        x, y = _both(call)
        if slot == 1:
            return x / (y + shift)
        return np.where((x == 0) & (y <= -shift), 0.0, np.log(y + shift))

    return local


def _log_sum(base: float) -> Gradient:
    def local(call: Call, slot: int) -> Array:
        x, y = call.argument(0), call.argument(1)
        if x.dtype.kind == "c":
            raise Unknown
        return sigmoid((x - y if slot == 0 else y - x) * math.log(base))

    return local


def _hypotenuse(call: Call, slot: int) -> Array:
    return call.argument(slot) / call.output()


def _with_sign(call: Call, slot: int) -> Array:
    x = call.argument(0)
    if slot == 1:
        return np.zeros(())
    return np.where(x == 0, 0.0, call.output() / np.where(x == 0, 1.0, x))


def _better(is_better: Callable[[Array, Array], Array]) -> Gradient:
    """Fmax and fmin: NaN is worse than any number, and of equal ones the first is taken."""

    def local(call: Call, slot: int) -> Array:
        x, y = call.argument(0), call.argument(1)
        first = is_better(x, y) | np.isnan(y)
        return first.astype(np.float64) if slot == 0 else 1.0 - first

    return local


def _scaled(call: Call, slot: int) -> Array:
    """Of x 2^y, which torch computes step by step, and rounds each time."""
    call.is_guessed = True
    x, y = call.argument(0), call.number(1, "#0")
    return 2.0**y if slot == 0 else x * 2.0**y * math.log(2)


def _add_quotient(call: Call, slot: int) -> Array:
    factor = call.parameter_or(1.0, "value")
    if slot == 0:
        return np.ones(())
    above, below = call.argument(1), call.argument(2)
    return factor / below if slot == 1 else -factor * above / below**2


def _parts(call: Call, slot: int) -> Array:
    return np.real(call.grad()) if slot == 0 else np.imag(call.grad())


def _polar(call: Call, slot: int) -> Array:
    """Of r e^{iφ}."""
    y = call.output()
    size = np.abs(y)
    # A length of 0 has no direction, and torch then sends nothing.
    outwards = np.where(size == 0, 0.0, y / np.where(size == 0, 1.0, size))
    return np.real(np.conj(call.grad()) * (outwards if slot == 0 else 1j * y))


def _distance(call: Call, slot: int) -> Array:
    """Of the p-norm of a difference, a single number."""
    order = float(call.parameter_or(2.0, "p", "#0"))
    apart = call.argument(0) - call.argument(1)
    if order not in (1, 2) or apart.dtype.kind == "c":
        raise Unknown
    length = np.sqrt((apart**2).sum())
    slope = np.sign(apart) if order == 1 else np.where(length == 0, 0.0, apart / (length or 1.0))
    return sum_to_shape(call.grad() * slope * (1.0 if slot == 0 else -1.0), call.shape(slot))


def _add_outer(call: Call, slot: int) -> Array:
    g = call.grad()
    if slot == 0:
        return sum_to_shape(g, call.shape(0)) * np.conj(call.parameter_or(1.0, "beta"))
    factor = np.conj(call.parameter_or(1.0, "alpha"))
    return factor * (g @ np.conj(call.argument(2)) if slot == 1 else np.conj(call.argument(1)) @ g)


def _add_batches(call: Call, slot: int) -> Array:
    g = call.grad()
    if slot == 0:
        return sum_to_shape(g, call.shape(0)) * np.conj(call.parameter_or(1.0, "beta"))
    factor = np.conj(call.parameter_or(1.0, "alpha"))
    other = np.conj(np.swapaxes(call.argument(3 - slot), -1, -2))
    return factor * (g @ other if slot == 1 else other @ g)


def _cross(call: Call, slot: int) -> Array:
    """Of a × b, along the dimension that makes the result."""
    a, b, y, g = call.argument(0), call.argument(1), call.output(), call.grad()
    for dim in range(-1, -y.ndim - 1, -1):
        if y.shape[dim] == 3 and np.allclose(np.cross(a, b, axis=dim), y, equal_nan=True):
            of = np.cross(np.conj(b), g, axis=dim) if slot == 0 else np.cross(g, np.conj(a), axis=dim)
            return sum_to_shape(of, call.shape(slot))
    raise Unknown


def _as_complex(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    g = call.grad()
    return np.stack([np.real(g), np.imag(g)], -1)


def _as_pairs(call: Call, slot: int) -> Array:  # noqa: ARG001
    g = call.grad()
    return g[..., 0] + 1j * g[..., 1]


def _pairs_of(call: Call, slot: int) -> Array:  # noqa: ARG001
    x = call.argument(0)
    return np.stack([np.real(x), np.imag(x)], -1)


def _nothing(call: Call, slot: int) -> Array:
    """Of what was there before; a tensor of one number that it was filled with is in slot 1."""
    return np.asarray(call.grad().sum()) if slot == 1 else np.zeros(call.shape(slot))


def _pair(name: str, formula: str, words: str, local: Gradient, source: str = "", *, chooses: bool = False) -> Rule:
    rule = choosing_rule if chooses else local_rule
    source = f"derivatives.yaml: {source or name.lower()}"
    return Rule((name,), formula, words, source, rule(local), local, needs="both inputs")


_XLOGY = rf"{X1} = g \cdot \ln x_2, \qquad {X2} = \frac{{g \cdot x_1}}{{x_2}}"
_LOGADDEXP = rf"{X1} = g \cdot e^{{x_1 - y}}, \qquad {X2} = g \cdot e^{{x_2 - y}}"
_FMAX = rf"{X1} = g \cdot [x_1 \geq x_2], \qquad {X2} = g \cdot [x_1 < x_2]"
_ALONE = "Only the one that was taken gets the gradient; NaN is never taken where there is a number."

RULES = (
    _pair(
        "Xlogy",
        _XLOGY,
        "A product with a logarithm, each receives the other's part; where x₁ is 0 the product is 0, even at ln 0.",
        _x_log_y(0.0),
    ),
    _pair(
        "SpecialXlog1Py",
        rf"{X1} = g \cdot \ln(1 + x_2), \qquad {X2} = \frac{{g \cdot x_1}}{{1 + x_2}}",
        "A product with a logarithm, each receives the other's part; where x₁ is 0 the product is 0, even at ln 0.",
        _x_log_y(1.0),
        "special_xlog1py",
    ),
    _pair("Logaddexp", _LOGADDEXP, "The two share the gradient, the larger one gets most of it.", _log_sum(math.e)),
    _pair(
        "Logaddexp2",
        rf"{X1} = g \cdot 2^{{x_1 - y}}, \qquad {X2} = g \cdot 2^{{x_2 - y}}",
        "The two share the gradient, the larger one gets most of it.",
        _log_sum(2.0),
    ),
    _pair(
        "Hypot",
        rf"{X1} = g \cdot \frac{{x_1}}{{y}}, \qquad {X2} = g \cdot \frac{{x_2}}{{y}}",
        "Each side lengthens the hypotenuse by its own part of it.",
        _hypotenuse,
    ),
    _pair(
        "Copysign",
        rf"{X1} = g \cdot \frac{{y}}{{x_1}}, \qquad {X2} = 0",
        "Where the sign was turned, so is the gradient's; the number that gave its sign receives 0.",
        _with_sign,
    ),
    _pair("Fmax", _FMAX, _ALONE, _better(np.greater_equal), chooses=True),
    _pair(
        "Fmin",
        rf"{X1} = g \cdot [x_1 \leq x_2], \qquad {X2} = g \cdot [x_1 > x_2]",
        _ALONE,
        _better(np.less_equal),
        chooses=True,
    ),
    _pair(
        "Ldexp",
        rf"{X1} = g \cdot 2^{{x_2}}, \qquad {X2} = g \cdot y \ln 2",
        "A product with a power of two.",
        _scaled,
    ),
    _pair(
        "Addcdiv",
        rf"{X1} = g, \qquad {X2} = \frac{{\alpha \, g}}{{x_3}}, \qquad {X3} = -\frac{{\alpha \, g \, x_2}}{{x_3^2}}",
        "What was added to passes the gradient on as it came; numerator and denominator receive it as in a quotient. "
        "α is what the call gave as value, or 1.",
        _add_quotient,
    ),
    Rule(
        ("Complex",),
        rf"{X1} = \mathrm{{Re}} \, g, \qquad {X2} = \mathrm{{Im}} \, g",
        "A complex number was put together, so its gradient is taken apart.",
        "derivatives.yaml: complex",
        _parts,
    ),
    Rule(
        ("ViewAsComplex",),
        rf"{X} = (\mathrm{{Re}} \, g, \; \mathrm{{Im}} \, g)",
        "Pairs of numbers were seen as complex numbers, so the gradient is seen as pairs again.",
        "derivatives.yaml: view_as_complex",
        _as_complex,
    ),
    Rule(
        ("ViewAsReal",),
        rf"{X} = g_1 + i \, g_2",
        "Complex numbers were seen as pairs of numbers, so the gradient is seen as complex numbers again.",
        "derivatives.yaml: view_as_real",
        _as_pairs,
        forward=_pairs_of,
    ),
    Rule(
        ("Polar",),
        rf"{X1} = \mathrm{{Re}}(\overline{{g}} \, e^{{i x_2}}), \qquad {X2} = \mathrm{{Re}}(\overline{{g}} \, i y)",
        "The length receives what points outwards, the angle what points across, the more the longer the number is.",
        "derivatives.yaml: polar",
        _polar,
        needs="both inputs",
    ),
    Rule(
        ("Dist",),
        rf"{X1} = g \, \frac{{x_1 - x_2}}{{y}}, \qquad {X2} = -{X1}",
        "A distance grows fastest when one moves straight away from the other; this is for the usual one, p = 2.",
        "derivatives.yaml: dist",
        _distance,
        needs="both inputs and its result",
    ),
    Rule(
        ("Addr",),
        rf"{X1} = \beta \, g, \qquad {X2} = \alpha \, g \, x_3, \qquad {X3} = \alpha \, {{g}}^{{\top}} x_2",
        "What was added to passes the gradient on as it came; each vector receives it multiplied with the other one. "
        "α and β are the call's own factors, 1 if it gave none.",
        "derivatives.yaml: addr",
        _add_outer,
        needs="the two vectors",
    ),
    Rule(
        ("Addbmm",),
        r"\frac{\partial L}{\partial M} = \beta \, g, \qquad \frac{\partial L}{\partial A_i} = \alpha \, g \, "
        r"{B_i}^{\top}, \qquad \frac{\partial L}{\partial B_i} = \alpha \, {A_i}^{\top} g",
        "Products were added up: each of their factors receives the same gradient times the other one, transposed. "
        "α and β are the call's own factors, 1 if it gave none.",
        "derivatives.yaml: addbmm",
        _add_batches,
        needs="the two batches of matrices",
    ),
    Rule(
        ("LinalgCross", "Cross"),
        rf"{X1} = x_2 \times g, \qquad {X2} = g \times x_1",
        "A volume does not change when its three sides change places in a circle: so the cross product moves on.",
        "derivatives.yaml: linalg_cross",
        _cross,
        needs="both inputs",
    ),
    Rule(
        ("Zero", "Fill", "NewZeros", "Bernoulli", "Normal"),
        rf"{X} = 0, \qquad \frac{{\partial L}}{{\partial s}} = \sum g",
        "Everything was written over, so nothing of the result depends on what was there before; a tensor s of one "
        "number that it was filled with receives the sum.",
        "derivatives.yaml: zero_, fill",
        _nothing,
    ),
)
