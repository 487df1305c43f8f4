"""Rules of second derivatives, of functions of single elements: a pass with `create_graph` has made these nodes.

The first pass computed g1 · f'(x). What arrives here is differentiated once more through that product: by the product
rule g1 receives f'(x), and x receives g1 times f''(x).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import normal_density, sigmoid, sum_to_shape
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X
from graphviz_app.explain.second import by_first_call

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]
    Curve = Callable[[Call], Array]

G1 = r"\frac{\partial L}{\partial g_1}"
PRODUCT_RULE = (
    "A node of the second derivative: the first pass multiplied its gradient g₁ with a slope, and this differentiates "
    "that product. "
)
_SLOT_OF_X = 1


def _slope(first: Call) -> Array:
    """dy/dx, as the rule of the first derivative has it."""
    from graphviz_app.explain.rules import rule_of

    rule = rule_of(first.name)
    if rule is None or rule.local is None:
        raise Unknown
    return rule.local(first, 0)


def _twice(curvature: Curve) -> Callable[[Call, Call, int], Array]:
    """Through g1 conj(f'(x)): what arrives times f', and for x times g1 and f''."""

    def gradient(call: Call, first: Call, slot: int) -> Array:
        g = call.grad()
        if slot == 0:
            return g * _slope(first)
        if slot != _SLOT_OF_X:
            raise Unknown
        return np.conj(g) * first.grad() * np.conj(curvature(first))

    return gradient


def _straight(call: Call, first: Call, slot: int) -> Array:
    """Through a slope that is the same to both sides: only g1 receives anything."""
    g, slope = np.broadcast_arrays(call.grad(), _slope(first))
    return np.where(slope == 0, 0.0, g * slope) if slot == 0 else np.zeros(g.shape)


def _elu(first: Call) -> Array:
    x = first.argument(0)
    return np.where(x > 0, 0.0, _slope(first) * _steepness(first))


def _steepness(first: Call) -> float:
    """By what x is multiplied in the exponent: celu divides it."""
    if first.name.startswith("Celu"):
        return 1 / float(first.parameter_or(1.0, "alpha", "#0"))
    return 1.0


def _softplus(first: Call) -> Array:
    beta = float(first.parameter_or(1.0, "beta", "#0"))
    scaled = beta * first.argument(0)
    curve = beta * sigmoid(scaled) * sigmoid(-scaled)
    return np.where(scaled > float(first.parameter_or(20.0, "threshold", "#1")), 0.0, curve)


def _gelu(first: Call) -> Array:
    """Of x Φ(x) it is φ(x) (2 - x²); of the approximation with tanh t(u) it is t'(u) u' + x (t'(u) u')' / 2."""
    x = first.argument(0)
    if not first.is_direct:
        raise Unknown
    if "tanh" not in ("" if first.operation is None else first.operation.parameters):
        return normal_density(x) * (2 - x**2)
    factor, cubic = math.sqrt(2 / math.pi), 0.044715
    t = np.tanh(factor * (x + cubic * x**3))
    slope, bend = factor * (1 + 3 * cubic * x**2), factor * 6 * cubic * x
    return (1 - t**2) * (slope + 0.5 * x * bend) - x * t * (1 - t**2) * slope**2


def _hardswish(first: Call) -> Array:
    x = first.argument(0)
    return np.where((x > -3) & (x < 3), 1 / 3, 0.0)


def _log_sigmoid(first: Call) -> Array:
    x = first.argument(0)
    return -sigmoid(x) * sigmoid(-x)


def _prelu(call: Call, first: Call, slot: int) -> Array:
    """Of g1 max([x > 0], w) and g1 x [x <= 0], which are the gradients of x and of w."""
    x, w, g1 = first.argument(0), first.argument(1), first.grad()
    of_x = call.grad(0) if call.grad_is_given(0) else np.zeros(())
    of_w = call.grad(1) if call.grad_is_given(1) else np.zeros(())
    left = (x <= 0).astype(np.float64)
    if slot == 0:
        return of_x * np.where(x > 0, 1.0, w) + of_w * x * left
    return g1 * left * of_w if slot == 1 else sum_to_shape(g1 * left * of_x, w.shape)


_ENTRIES = {
    "Relu": "threshold_backward",
    "LeakyRelu": "leaky_relu_backward",
    "LogSigmoid": "log_sigmoid_backward",
    "Hardsigmoid": "hardsigmoid",
}


def _entry(first_name: str) -> str:
    """Where the derivative of a derivative is written down."""
    return _ENTRIES.get(first_name, f"{first_name.lower()}_backward")


def _bent(
    name: str, first_names: tuple[str, ...], slope: str, curve: str, words: str, curvature: Curve, needs: str
) -> Rule:
    return Rule(
        (f"{name}Backward",),
        rf"{G1} = g \cdot {slope}, \qquad {X} = g \cdot g_1 \cdot {curve}",
        PRODUCT_RULE + words,
        f"the product rule; derivatives.yaml: {_entry(first_names[0])}",
        by_first_call(first_names, _twice(curvature)),
        needs=needs,
    )


def _unbent(name: str, first_names: tuple[str, ...], slope: str) -> Rule:
    return Rule(
        (f"{name}Backward",),
        rf"{G1} = g \cdot {slope}, \qquad {X} = 0",
        PRODUCT_RULE + "The function is made of straight lines: its slope does not change with x, so only g₁ receives "
        "anything.",
        f"the product rule; derivatives.yaml: {_entry(first_names[0])}",
        by_first_call(first_names, _straight),
        needs="what was needed for the first derivative",
    )


RULES = (
    _bent(
        "Sigmoid",
        ("Sigmoid",),
        "y (1 - y)",
        "(1 - 2y)",
        "The sigmoid's slope is y (1 − y), and changes with y by 1 − 2y: the node takes the result for its input.",
        lambda first: 1 - 2 * first.output(),
        "the first pass's gradient and the sigmoid's result",
    )._replace(
        formula=rf"{G1} = g \cdot y (1 - y), \qquad \frac{{\partial L}}{{\partial y}} = g \cdot g_1 \cdot (1 - 2y)"
    ),
    _bent(
        "Tanh",
        ("Tanh",),
        "(1 - y^2)",
        "(-2y)",
        "The tanh's slope is 1 − y², and changes with y by −2y: the node takes the result for its input.",
        lambda first: -2 * first.output(),
        "the first pass's gradient and the tanh's result",
    )._replace(
        formula=rf"{G1} = g \cdot (1 - y^2), \qquad \frac{{\partial L}}{{\partial y}} = g \cdot g_1 \cdot (-2y)"
    ),
    _bent(
        "Gelu",
        ("Gelu",),
        r"\left(\Phi(x) + x \, \varphi(x)\right)",
        r"\varphi(x) (2 - x^2)",
        "Its slope changes most where x is near 0.",
        _gelu,
        "the first pass's gradient and the input",
    ),
    _bent(
        "Elu",
        ("Elu", "Celu"),
        "f'(x)",
        r"\left\{0 \; (x > 0), \; \alpha e^x \; (x \leq 0)\right\}",
        "Right of 0 the slope does not change; left of it, it changes as the exponential does. α is that of an ELU; a "
        "CELU's is its inverse, with x / α in the exponent.",
        _elu,
        "the first pass's gradient and the input",
    ),
    _bent(
        "Softplus",
        ("Softplus",),
        r"\sigma(\beta x)",
        r"\beta \, \sigma(\beta x) \, \sigma(-\beta x)",
        "Its slope, the sigmoid, changes most at 0.",
        _softplus,
        "the first pass's gradient and the input",
    ),
    _bent(
        "LogSigmoid",
        ("LogSigmoid",),
        r"\sigma(-x)",
        r"\left(-\sigma(x) \, \sigma(-x)\right)",
        "Its slope falls from 1 to 0, most steeply at 0.",
        _log_sigmoid,
        "the first pass's gradient and the input",
    ),
    _bent(
        "Hardswish",
        ("Hardswish",),
        r"\left(\frac{x}{3} + \frac{1}{2}\right)",
        r"\frac{1}{3}",
        "Between −3 and 3 the slope grows evenly; outside it does not change.",
        _hardswish,
        "the first pass's gradient and the input",
    ),
    _unbent("Threshold", ("Relu", "Threshold"), "[x > a]"),
    _unbent("LeakyRelu", ("LeakyRelu",), r"\left\{1 \; (x > 0), \; a \; (x \leq 0)\right\}"),
    _unbent("Hardtanh", ("Hardtanh",), r"[x_{min} < x < x_{max}]"),
    _unbent("Hardsigmoid", ("Hardsigmoid",), r"\frac{[-3 < x < 3]}{6}"),
    _unbent("Hardshrink", ("Hardshrink",), r"[|x| > \lambda]"),
    _unbent("Softshrink", ("Softshrink",), r"[|x| > \lambda]"),
    Rule(
        ("PreluKernelBackward",),
        rf"{G1} = \left\{{g_x \; (x > 0), \; w \, g_x + x \, g_w \; (x \leq 0)\right\}}, \qquad {X} = g_w \, g_1 [x "
        rf"\leq 0], \qquad "
        r"\frac{\partial L}{\partial w} = g_x \, g_1 [x \leq 0]",
        PRODUCT_RULE + "Two gradients arrive here: for the first gradient of x, and for that of the slope w.",
        "the product rule; derivatives.yaml: _prelu_kernel_backward",
        by_first_call(("PreluKernel",), _prelu),
        needs="the first pass's gradient, the input and the slope",
    ),
)
