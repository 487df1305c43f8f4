"""Rules of losses with a margin, and of gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import sigmoid
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.network import is_mean, mean_ways
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]


def _soft_margin(call: Call, slot: int) -> Array:
    if slot != 0:
        raise Unknown
    x, t = call.argument(0), call.named_array("1", "target")
    return call.grad() * -t * sigmoid(-t * x) / (x.size if is_mean(call) else 1)


def _rows(call: Call) -> tuple[Array, Array, Array]:
    """Scores and targets in rows, and each row's share of the gradient."""
    x, t, g = call.argument(0), call.named_array("1", "target"), call.grad()
    x, t = np.atleast_2d(x), t.reshape(max(len(x), 1) if x.ndim > 1 else 1, -1)
    return x, t, np.broadcast_to(g.reshape(-1) if g.ndim else g, (len(x),))[:, None]


def _averaged(call: Call, found: Array, count: int) -> Array:
    """What each score receives, divided by the number of losses where their mean was taken."""
    found = found.reshape(call.shape(0))
    return call.nearest(0, [found / count if is_averaged else found for is_averaged in mean_ways(call)])


def _multi_margin(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    x, t, share = _rows(call)
    power, margin = int(call.parameter_or(1, "p", "#0")), float(call.parameter_or(1.0, "margin", "#1"))
    weight = call.named("weight", "4")
    right = np.take_along_axis(x, t, 1)
    apart = margin - right + x
    pull = (apart > 0) * (1.0 if power == 1 else 2 * apart) / x.shape[1]
    if weight is not None:
        pull = pull * call.array(weight.value)[t]
    np.put_along_axis(pull, t, 0.0, 1)
    np.put_along_axis(pull, t, -pull.sum(1, keepdims=True), 1)
    return _averaged(call, share * pull, len(x))


def _multi_label_margin(call: Call, slot: int) -> Array:  # noqa: ARG001
    x, t, share = _rows(call)
    pull = np.zeros(x.shape)
    for row, (scores, targets) in enumerate(zip(x, t, strict=True)):
        ends = np.flatnonzero(targets < 0)
        right = targets[: ends[0]] if len(ends) else targets
        others = np.setdiff1d(np.arange(len(scores)), right)
        for each in right:
            is_near = (1 - scores[each] + scores[others]) > 0
            pull[row, others] += is_near
            pull[row, each] -= is_near.sum()
    return _averaged(call, share * pull / x.shape[1], len(x))


def _gate(call: Call, slot: int) -> Array:  # noqa: ARG001
    x, g = call.argument(0), call.grad()
    dims = [dim for dim in range(x.ndim) if _halved(x.shape, dim) == g.shape]
    found: list[Array] = []
    for dim in dims:
        a, b = np.split(x, 2, dim)
        found.append(np.concatenate([g * sigmoid(b), g * a * sigmoid(b) * sigmoid(-b)], dim))
    return call.nearest(0, found)


def _halved(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    return tuple(size // 2 if at == dim else size for at, size in enumerate(shape))


_MARGIN = "Only what comes too near the right answer is pushed away, and the right answer is pulled up as much. "
_AVERAGED = "n is the number of losses that are averaged, and 1 where they are not."

RULES = (
    Rule(
        ("SoftMarginLoss",),
        rf"{X} = -\frac{{g \, t \, \sigma(-t x)}}{{n}}",
        "A prediction with the right sign is hardly pulled, one with the wrong sign with all force. " + _AVERAGED,
        "derivatives.yaml: soft_margin_loss",
        _soft_margin,
        needs="predictions and targets",
    ),
    Rule(
        ("MultiMarginLoss",),
        rf"{X}_k = \frac{{g}}{{n \, C}} [m - x_t + x_k > 0], \qquad {X}_t = -\sum_{{k \neq t}} {X}_k",
        _MARGIN
        + "m is the margin, C the number of classes; this is for p = 1 and classes of equal weight. "
        + _AVERAGED,
        "derivatives.yaml: multi_margin_loss",
        _multi_margin,
        needs="predictions and targets",
    ),
    Rule(
        ("MultilabelMarginLoss",),
        rf"{X}_k = \frac{{g}}{{n \, C}} \sum_{{t}} [1 - x_t + x_k > 0], \qquad "
        rf"{X}_t = -\frac{{g}}{{n \, C}} \sum_{{k}} [1 - x_t + x_k > 0]",
        _MARGIN
        + "C is the number of classes; there are several right ones, t, and each is compared with all wrong ones, k. "
        + _AVERAGED,
        "derivatives.yaml: multilabel_margin_loss_forward",
        _multi_label_margin,
        needs="predictions and targets",
    ),
    Rule(
        ("Glu",),
        r"\frac{\partial L}{\partial a} = g \, \sigma(b), \qquad \frac{\partial L}{\partial b} = g \, a \, \sigma(b) "
        r"\, "
        r"\sigma(-b)",
        "Half of the input is the gate of the other half: that receives what the gate lets through, the gate what lies "
        "behind it, times its slope.",
        "derivatives.yaml: glu",
        _gate,
        needs="its input",
    ),
)
