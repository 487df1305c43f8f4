"""Rules of more functions of one tensor that work on each element by itself: thresholds, angles, inverse functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import normal_density
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.arithmetic import choosing_rule, local_rule
from graphviz_app.explain.rules.symbols import X
from graphviz_app.explain.special import bessel_i, digamma, erf_inverse, trigamma

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]
    Slope = Callable[[Call, Array], Array]


def _curve(
    name: str, derivative: str, words: str, slope: Slope, source: str = "", *, chooses: bool = False, needs: str = ""
) -> Rule:
    def local(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
        return slope(call, call.argument(0))

    rule = choosing_rule if chooses else local_rule
    return Rule(
        (name,),
        rf"{X} = g \cdot {derivative}",
        words,
        f"derivatives.yaml: {source or name.lower()}",
        rule(local),
        local,
        needs=needs or "its input",
    )


def _number(call: Call, default: float, *names: str) -> float:
    given = call.parameter_or(default, *names)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise Unknown
    return float(given)


def _per_degree(_: Call, __: Array) -> Array:
    return np.asarray(math.pi / 180)


def _per_radian(_: Call, __: Array) -> Array:
    return np.asarray(180 / math.pi)


def _threshold(call: Call, x: Array) -> Array:
    return np.where(x <= float(call.parameter("threshold", "#0")), 0.0, 1.0)


def _celu(call: Call, x: Array) -> Array:
    # Also in double precision torch has alpha in single.
    call.is_guessed = True
    return np.where(x > 0, 1.0, np.exp(np.minimum(x, 0) / _number(call, 1.0, "alpha", "#0")))


def _hard_sigmoid(_: Call, x: Array) -> Array:
    # torch has this number in single precision, whatever the dtype.
    return np.where((x > -3) & (x < 3), float(np.float32(1 / 6)), 0.0)


def _shrink(call: Call, x: Array) -> Array:
    return np.where(np.abs(x) <= _number(call, 0.5, "lambd", "#0"), 0.0, 1.0)


def _logit(call: Call, x: Array) -> Array:
    epsilon = call.parameter_or(None, "eps", "#0")
    slope = 1 / (x * (1 - x))
    if epsilon is None:
        return np.where((x < 0) | (x > 1), np.nan, slope)
    return np.where((x < epsilon) | (x > 1 - epsilon), 0.0, slope)


def _sinc(call: Call, x: Array) -> Array:
    # Near 0 two numbers that are almost equal are subtracted: in a coarse dtype little is left of them.
    call.is_guessed = True
    safe = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 0.0, (np.pi * safe * np.cos(np.pi * safe) - np.sin(np.pi * safe)) / (np.pi * safe**2))


def _error_function_inverse(_: Call, x: Array) -> Array:
    return 0.5 * math.sqrt(math.pi) * np.exp(erf_inverse(x) ** 2)


def _scaled_bessel(_: Call, x: Array) -> Array:
    return np.exp(-np.abs(x)) * (bessel_i(1, x) - np.sign(x) * bessel_i(0, x))


def _mixed_bessel(_: Call, x: Array) -> Array:
    is_tiny = np.abs(x) < 1e-9
    safe = np.where(is_tiny, 1.0, x)
    return np.where(is_tiny, 0.5, bessel_i(0, x) - bessel_i(1, x) / safe)


def _entropy(_: Call, x: Array) -> Array:
    return np.where(x > 0, -np.log(np.where(x > 0, x, 1.0)) - 1, np.where(x == 0, np.inf, np.nan))


def _finite(_: Call, x: Array) -> Array:
    return np.isfinite(x).astype(np.float64)


def _log_normal(call: Call, x: Array) -> Array:
    """φ(x) / Φ(x), with Φ(x) from the result."""
    return normal_density(x) / np.exp(call.output())


def _sign_of_complex(call: Call, slot: int) -> Array:  # noqa: ARG001
    """Of x / |x|: only what arrives across the direction of x turns it, the less the longer x is."""
    x, g = call.argument(0), call.grad()
    if x.dtype.kind != "c":
        return np.zeros(g.shape)
    length = np.abs(x)
    safe = np.where(length == 0, 1.0, length)
    sign = x / safe
    return np.where(length == 0, 0.0, (g - np.real(g * np.conj(sign)) * sign) / safe)


def _angle(call: Call, slot: int) -> Array:  # noqa: ARG001
    """Of atan2(b, a) for x = a + bi."""
    x, g = call.argument(0), call.grad()
    if x.dtype.kind != "c":
        return np.where(np.isnan(x), np.nan, np.zeros(x.shape))
    square = np.abs(x) ** 2
    return np.where(square == 0, 0.0, g * 1j * x / np.where(square == 0, 1.0, square))


def _conjugate(call: Call, slot: int) -> Array:  # noqa: ARG001
    return np.conj(call.grad())


def _conjugated(call: Call, slot: int) -> Array:  # noqa: ARG001
    return np.conj(call.argument(0))


def _negative(call: Call, slot: int) -> Array:  # noqa: ARG001
    return -call.grad()


def _negated(call: Call, slot: int) -> Array:  # noqa: ARG001
    return -call.argument(0)


_OFF = "Where the result does not change with x the gradient is 0; elsewhere it passes as it came."

RULES = (
    _curve("Threshold", "[x > a]", _OFF, _threshold, chooses=True),
    _curve("Hardshrink", r"[|x| > \lambda]", _OFF, _shrink, chooses=True),
    _curve("Softshrink", r"[|x| > \lambda]", _OFF, _shrink, chooses=True),
    _curve(
        "Hardsigmoid",
        r"\frac{[-3 < x < 3]}{6}",
        "Between −3 and 3 it is a straight line of slope ⅙; outside it is flat.",
        _hard_sigmoid,
        chooses=True,
    ),
    _curve(
        "Celu",
        r"\left\{1 \; (x > 0), \; e^{x / \alpha} \; (x \leq 0)\right\}",
        "Right of 0 the gradient passes as it came, left of it it fades away.",
        _celu,
    ),
    _curve("NanToNum", r"[x \; \mathrm{finite}]", "What was replaced by a number receives 0.", _finite, "nan_to_num"),
    _curve("Deg2Rad", r"\frac{\pi}{180}", "Each degree counts for π/180.", _per_degree),
    _curve("Rad2Deg", r"\frac{180}{\pi}", "Each radian counts for 180/π degrees.", _per_radian),
    _curve(
        "Asinh",
        r"\frac{1}{\sqrt{x^2 + 1}}",
        "The slope is 1 at 0 and falls on both sides.",
        lambda _, x: 1 / np.sqrt(x * x + 1),
    ),
    _curve(
        "Acosh",
        r"\frac{1}{\sqrt{x^2 - 1}}",
        "The slope is infinite at 1 and falls from there.",
        lambda _, x: 1 / (np.sqrt(x - 1) * np.sqrt(x + 1)),
    ),
    _curve("Atanh", r"\frac{1}{1 - x^2}", "The slope grows without bound towards ±1.", lambda _, x: 1 / (1 - x * x)),
    _curve(
        "Erfc",
        r"\left(-\frac{2}{\sqrt{\pi}} e^{-x^2}\right)",
        "Minus the slope of the error function.",
        lambda _, x: -2 / math.sqrt(math.pi) * np.exp(-(x**2)),
    ),
    _curve(
        "Erfinv",
        r"\frac{\sqrt{\pi}}{2} e^{y^2}",
        "An inverse function has one over the slope of the other, at its result.",
        _error_function_inverse,
    ),
    _curve("Lgamma", r"\psi(x)", "The slope of ln Γ is the digamma function.", lambda _, x: digamma(x)),
    _curve("Digamma", r"\psi'(x)", "Its slope is the trigamma function.", lambda _, x: trigamma(x)),
    _curve(
        "Sinc",
        r"\frac{\pi x \cos \pi x - \sin \pi x}{\pi x^2}",
        "The rule of a quotient for sin πx over πx; at its top, 0, the slope is 0.",
        _sinc,
    ),
    _curve("I0", "I_1(x)", "The slope of this Bessel function is the next one.", lambda _, x: bessel_i(1, x)),
    _curve(
        "SpecialI0E",
        r"e^{-|x|} \left(I_1(x) - \mathrm{sign}(x) I_0(x)\right)",
        "The product rule, for e^{−|x|} I₀(x).",
        _scaled_bessel,
        "special_i0e",
    ),
    _curve(
        "SpecialI1",
        r"\left(I_0(x) - \frac{I_1(x)}{x}\right)",
        "What the recurrence of the Bessel functions says.",
        _mixed_bessel,
        "special_i1",
    ),
    _curve(
        "Logit",
        r"\frac{1}{x (1 - x)}",
        "The inverse of the sigmoid: it is steepest near 0 and 1, and where x was clipped the gradient is 0.",
        _logit,
    ),
    _curve("SpecialEntr", r"(-\ln x - 1)", "The product rule, for −x ln x.", _entropy, "special_entr"),
    _curve(
        "SpecialLogNdtr",
        r"\frac{\varphi(x)}{\Phi(x)}",
        "The slope of a logarithm: the density of a normal number over the chance to be below x.",
        _log_normal,
        "special_log_ndtr",
        needs="its input and its result",
    ),
    Rule(
        ("Sgn",),
        rf"{X} = \frac{{g - \mathrm{{Re}}(g \, \overline{{y}}) \, y}}{{|x|}}",
        "Of a real number the sign is flat, so its gradient is 0. Of a complex one it is the direction, which only "
        "changes when x moves across it.",
        "derivatives.yaml: sgn",
        _sign_of_complex,
        needs="its input and its result",
    ),
    Rule(
        ("Angle",),
        rf"{X} = g \, \frac{{i \, x}}{{|x|^2}}",
        "The angle of a complex number turns when it moves across its own direction, and faster the nearer 0 it is; "
        "that of a real number is flat.",
        "derivatives.yaml: angle",
        _angle,
        needs="its input",
    ),
    Rule(
        ("Conj", "ConjPhysical"),
        rf"{X} = \overline{{g}}",
        "The number was mirrored at the real axis, so the gradient is mirrored back.",
        "derivatives.yaml: _conj, _conj_physical",
        _conjugate,
        forward=_conjugated,
    ),
    Rule(
        ("NegView",),
        rf"{X} = -g",
        "The sign is turned, so the gradient's is too.",
        "derivatives.yaml: _neg_view",
        _negative,
        forward=_negated,
    ),
)
