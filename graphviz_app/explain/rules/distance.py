"""Rules of distances between the rows of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import sum_to_shape
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X1, X2

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

_MOST_PAIRS = 1 << 20


def _pull(apart: Array, order: float) -> Array:
    """The slope of the p-norm of the last dimension; where two rows are the same, 0."""
    size = np.abs(apart)
    if order == 1:
        return np.sign(apart)
    if np.isinf(order):
        top = size.max(-1, keepdims=True)
        return np.sign(apart) * (size == top)
    length = (size**order).sum(-1, keepdims=True) ** (1 / order)
    safe = np.where(length == 0, 1.0, length)
    steep = np.where(size == 0, 0.0, np.where(size == 0, 1.0, size) ** (order - 1))
    return np.where(length == 0, 0.0, np.sign(apart) * steep / safe ** (order - 1))


def _order(call: Call) -> float:
    order = float(call.parameter_or(2.0, "p", "#0"))
    if order <= 0:
        raise Unknown
    return order


def _between_rows(call: Call, slot: int) -> Array:
    first, second, g = call.argument(0), call.argument(1), call.grad()
    if g.size * first.shape[-1] > _MOST_PAIRS:
        raise Unknown
    pull = _pull(first[..., :, None, :] - second[..., None, :, :], _order(call)) * g[..., None]
    return sum_to_shape(pull.sum(-2) if slot == 0 else -pull.sum(-3), call.shape(slot))


def _within_rows(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    x, g = call.argument(0), call.grad()
    one, other = np.triu_indices(len(x), 1)
    if g.size * x.shape[-1] > _MOST_PAIRS:
        raise Unknown
    pull = _pull(x[one] - x[other], _order(call)) * g[:, None]
    result = np.zeros(x.shape)
    np.add.at(result, one, pull)
    np.add.at(result, other, -pull)
    return result


_WORDS = (
    "A distance grows fastest when a row moves straight away from the other one: each row receives that direction, "
    "from "
    "all rows that it was compared with. This is for the usual distance, p = 2."
)

RULES = (
    Rule(
        ("Cdist", "EuclideanDist"),
        rf"{X1}_i = \sum_j g_{{ij}} \, \frac{{x_{{1,i}} - x_{{2,j}}}}{{y_{{ij}}}}, \qquad {X2}_j = -\sum_i g_{{ij}} \, "
        r"\frac{x_{1,i} - x_{2,j}}{y_{ij}}",
        _WORDS,
        "derivatives.yaml: _cdist_forward, _euclidean_dist",
        _between_rows,
        needs="both inputs and its result",
    ),
    Rule(
        ("Pdist",),
        r"\frac{\partial L}{\partial x}_i = \sum_{j \neq i} g_{ij} \, \frac{x_i - x_j}{y_{ij}}",
        _WORDS,
        "derivatives.yaml: _pdist_forward",
        _within_rows,
        needs="its input and its result",
    ),
)
