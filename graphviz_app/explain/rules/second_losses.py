"""Rules of second derivatives of softmax and of losses: a pass with `create_graph` has made these nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.numeric import softmax, sum_to_shape
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.network import is_mean, log_softmax_dim, nll_shares, softmax_dim
from graphviz_app.explain.rules.second import G1, PRODUCT_RULE
from graphviz_app.explain.rules.symbols import X
from graphviz_app.explain.second import by_first_call

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]
    Curve = Callable[[Call, Array, Array], Array]

Y = r"\frac{\partial L}{\partial y}"


def _softmax(call: Call, first: Call, slot: int) -> Array:
    """Of y (g1 - sum g1 y)."""
    g, g1, y = call.grad(), first.grad(), first.output()
    dim = softmax_dim(first, first.argument(0), y)
    arriving = (g * y).sum(axis=dim, keepdims=True)
    if slot == 0:
        return y * (g - arriving)
    return g * (g1 - (g1 * y).sum(axis=dim, keepdims=True)) - g1 * arriving


def _log_softmax(call: Call, first: Call, slot: int) -> Array:
    """Of g1 - e^y sum g1."""
    g, g1, x = call.grad(), first.grad(), first.argument(0)
    dim = log_softmax_dim(first, x)
    chances = softmax(x, dim)
    if slot == 0:
        return g - (g * chances).sum(axis=dim, keepdims=True)
    return -g * chances * g1.sum(axis=dim, keepdims=True)


def _loss(slope: Curve, curve: Curve) -> Callable[[Call, Call, int], Array]:
    """Of g1 slope(x, t) / n, in which x and t stand only as their difference."""

    def gradient(call: Call, first: Call, slot: int) -> Array:
        g, g1, x, t = call.grad(), first.grad(), first.argument(0), first.argument(1)
        share = 1 / max(x.size, 1) if is_mean(first) else 1.0
        if slot == 0:
            found = sum_to_shape(g * slope(first, x, t) * share, g1.shape)
            # For the gradient of the target, torch lets the two change places.
            return call.nearest(slot, [found, -found])
        return g * g1 * curve(first, x, t) * share * (1.0 if slot == 1 else -1.0)

    return gradient


def _beta(first: Call) -> float:
    return float(first.parameter_or(1.0, "beta"))


def _delta(first: Call) -> float:
    return float(first.parameter_or(1.0, "delta", "#1"))


def _cross_entropy(call: Call, first: Call, slot: int) -> Array:
    """Of g1 (x - t) / (x (1 - x)) / n."""
    g, g1, x, t = call.grad(), first.grad(), first.argument(0), first.argument(1)
    share, both = 1 / max(x.size, 1) if is_mean(first) else 1.0, x * (1 - x)
    if slot == 0:
        return sum_to_shape(g * (x - t) / both * share, g1.shape)
    return g * g1 * share * ((x * x - 2 * x * t + t) / both**2 if slot == 1 else -1 / both)


def _nll(call: Call, first: Call, slot: int) -> Array:
    """Of -g1 / n at the right class: only g1 has a part in that."""
    g, shape = call.grad(), first.shape(0)
    if slot != 0:
        return np.zeros(shape)
    ones = np.ones(first.output_shape())
    found = [(g * each).sum(axis=1 if len(shape) > 1 else 0) for each in nll_shares(first, ones)]
    return call.nearest(slot, [each.sum() if ones.ndim == 0 else each for each in found])


_SOFTMAX = "the first pass's gradient and the softmax's result"
_BOTH = "the first pass's gradient, predictions and targets"

RULES = (
    Rule(
        ("SoftmaxBackwardData",),
        rf"{G1} = y \cdot (g - s), \qquad {Y} = g \cdot (g_1 - s_1) - g_1 \cdot s, "
        r"\qquad s = \sum_j g_j \, y_j, \qquad s_1 = \sum_j g_{1,j} \, y_j",
        PRODUCT_RULE + "The softmax's result y stands twice in that product, and receives the gradient for both.",
        "the product rule; derivatives.yaml: _softmax_backward_data",
        by_first_call(("Softmax", "SafeSoftmax"), _softmax),
        needs=_SOFTMAX,
    ),
    Rule(
        ("LogSoftmaxBackwardData",),
        rf"{G1} = g - \sum_j g_j \, e^{{y_j}}, \qquad {Y} = -g \, e^y \sum_j g_{{1,j}}",
        PRODUCT_RULE + "The first derivative is g₁ − softmax(x) · Σ g₁.",
        "the product rule; derivatives.yaml: _log_softmax_backward_data",
        by_first_call(("LogSoftmax",), _log_softmax),
        needs=_SOFTMAX,
    ),
    Rule(
        ("MseLossBackward",),
        rf"{G1} = \sum g \, \frac{{2 (x - t)}}{{n}}, \qquad {X} = g \, g_1 \, \frac{{2}}{{n}}",
        PRODUCT_RULE + "The slope of a square grows evenly, so its own slope is 2 everywhere.",
        "the product rule; derivatives.yaml: mse_loss_backward",
        by_first_call(("MseLoss",), _loss(lambda _, x, t: 2 * (x - t), lambda _, x, t: 2 + 0 * (x - t))),
        needs=_BOTH,
    ),
    Rule(
        ("SmoothL1LossBackward",),
        rf"{G1} = \sum \frac{{g}}{{n}} \, \mathrm{{clip}}\left(\frac{{x - t}}{{\beta}}, -1, 1\right), "
        rf"\qquad {X} = \frac{{g \, g_1}}{{n \, \beta}} \, [|x - t| < \beta]",
        PRODUCT_RULE + "Near the target the pull grows evenly; further away it stays the same.",
        "the product rule; derivatives.yaml: smooth_l1_loss_backward",
        by_first_call(
            ("SmoothL1Loss",),
            _loss(
                lambda first, x, t: np.where(np.abs(x - t) < _beta(first), (x - t) / _beta(first), np.sign(x - t)),
                lambda first, x, t: np.where(np.abs(x - t) < _beta(first), 1 / _beta(first), 0.0),
            ),
        ),
        needs=_BOTH,
    ),
    Rule(
        ("HuberLossBackward",),
        rf"{G1} = \sum \frac{{g}}{{n}} \, \mathrm{{clip}}(x - t, -\delta, \delta), "
        rf"\qquad {X} = \frac{{g \, g_1}}{{n}} \, [|x - t| < \delta]",
        PRODUCT_RULE + "Near the target the pull grows evenly; further away it stays the same.",
        "the product rule; derivatives.yaml: huber_loss_backward",
        by_first_call(
            ("HuberLoss",),
            _loss(
                lambda first, x, t: np.clip(x - t, -_delta(first), _delta(first)),
                lambda first, x, t: (np.abs(x - t) < _delta(first)).astype(np.float64),
            ),
        ),
        needs=_BOTH,
    ),
    Rule(
        ("BinaryCrossEntropyBackward",),
        rf"{G1} = \sum \frac{{g}}{{n}} \, \frac{{x - t}}{{x (1 - x)}}, "
        rf"\qquad {X} = \frac{{g \, g_1}}{{n}} \, \frac{{x^2 - 2xt + t}}{{x^2 (1 - x)^2}}",
        PRODUCT_RULE + "Near 0 and 1 the slope changes very fast.",
        "the product rule; derivatives.yaml: binary_cross_entropy_backward",
        by_first_call(("BinaryCrossEntropy",), _cross_entropy),
        needs=_BOTH,
    ),
    Rule(
        ("NllLossBackward", "NllLoss2DBackward"),
        rf"{G1} = -\sum_i \frac{{g_{{i,t_i}}}}{{n}}, \qquad {X} = 0",
        PRODUCT_RULE + "The first derivative does not depend on x, so only g₁ receives anything: from the right "
        "classes' places.",
        "the product rule; derivatives.yaml: nll_loss_backward",
        by_first_call(("NllLoss", "NllLoss2D"), _nll),
        needs="the targets",
    ),
)
