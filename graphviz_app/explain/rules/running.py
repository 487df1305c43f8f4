"""Rules of sums and products up to each element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import close
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

_MOST_PAIRS = 1 << 20


def _running_dim(call: Call, run: Callable[[Array, int], Array]) -> int:
    """Along which dimension something was added up or multiplied on."""
    dim = call.parameter_or(None, "dim", "#0")
    if isinstance(dim, int) and not isinstance(dim, bool):
        return dim
    x, y = call.argument(0), call.output()
    found = next((dim for dim in range(x.ndim) if close(run(x, dim), y)), None)
    if found is None:
        raise Unknown
    return found


def _from_its_own_on(values: Array, dim: int) -> Array:
    """The sum of each element and all after it."""
    return np.flip(np.cumsum(np.flip(values, dim), dim), dim)


def _cumsum(call: Call, slot: int) -> Array:  # noqa: ARG001
    g = call.grad()
    return _from_its_own_on(g, _running_dim(call, np.cumsum)) if g.ndim else g


def _cumprod(call: Call, slot: int) -> Array:  # noqa: ARG001
    """By the sum of g y over x, and where a factor is 0 one by one, without it."""
    g, x = call.grad(), call.argument(0)
    if not x.ndim:
        return g
    dim = _running_dim(call, np.cumprod)
    if not (x == 0).any():
        return np.conj(_from_its_own_on(np.conj(g) * np.cumprod(x, dim), dim) / x)
    if x.size * x.shape[dim] > _MOST_PAIRS:
        raise Unknown
    g, x = np.moveaxis(g, dim, -1), np.moveaxis(x, dim, -1)
    result = np.zeros(x.shape, np.result_type(g, x))
    for place in range(x.shape[-1]):
        others = x.copy()
        others[..., place] = 1.0
        result[..., place] = (g * np.conj(np.cumprod(others, -1)))[..., place:].sum(-1)
    return np.moveaxis(result, -1, dim)


def _running_log_sum(x: Array, dim: int) -> Array:
    return np.logaddexp.accumulate(x, dim)


def _logcumsumexp(call: Call, slot: int) -> Array:  # noqa: ARG001
    g, x = call.grad(), call.argument(0)
    if x.dtype.kind == "c":
        raise Unknown
    if not x.ndim:
        return g
    dim = _running_dim(call, _running_log_sum)
    if x.size * x.shape[dim] > _MOST_PAIRS:
        raise Unknown
    x, g, y = (np.moveaxis(each, dim, -1) for each in (x, g, _running_log_sum(x, dim)))
    shares = np.exp(x[..., :, None] - y[..., None, :])
    return np.moveaxis((np.triu(np.ones(shares.shape[-2:])) * shares * g[..., None, :]).sum(-1), -1, dim)


RULES = (
    Rule(
        ("Cumsum",),
        rf"{X}_i = \sum_{{j \geq i}} g_j",
        "Each element is part of all sums from its own on, so it receives all gradients from its own on.",
        "derivatives.yaml: cumsum",
        _cumsum,
    ),
    Rule(
        ("Cumprod",),
        rf"{X}_i = \frac{{1}}{{x_i}} \sum_{{j \geq i}} g_j \, y_j",
        "Each element is a factor of all products from its own on: it receives their gradients, each times the product "
        "without it.",
        "derivatives.yaml: cumprod",
        _cumprod,
        needs="its input and its result",
    ),
    Rule(
        ("Logcumsumexp",),
        rf"{X}_i = \sum_{{j \geq i}} g_j \, e^{{x_i - y_j}}",
        "Each element is part of all sums from its own on, and receives its share of each of their gradients.",
        "derivatives.yaml: logcumsumexp",
        _logcumsumexp,
        needs="its input and its result",
    ),
)
