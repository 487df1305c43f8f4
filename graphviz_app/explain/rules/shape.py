"""Rules of functions that only move elements about, and of copies made by stretching."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import sum_to_shape
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

_MOST_DIMS = 6
"""Whose orders are tried."""
_SHAPE = "Only the shape changed, not the elements: the gradient is put back into the input's shape."


def _reshape(call: Call, slot: int) -> Array:
    return call.grad().reshape(call.shape(slot))


def _reshaped(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    return call.argument(0).reshape(call.output_shape())


def _expanded(call: Call, slot: int) -> Array:  # noqa: ARG001
    return np.broadcast_to(call.argument(0), call.output_shape())


def _expand(call: Call, slot: int) -> Array:
    return sum_to_shape(call.grad(), call.shape(slot))


def _transpose_last(call: Call, slot: int) -> Array:  # noqa: ARG001
    return call.grad().T


def _transposed(call: Call, slot: int) -> Array:  # noqa: ARG001
    return call.argument(0).T


def _permute(call: Call, slot: int) -> Array:
    g = call.grad()
    if g.ndim > _MOST_DIMS:
        raise Unknown
    return call.nearest(slot, [np.transpose(g, np.argsort(order)) for order in _orders(call, g)])


def _permuted(call: Call, slot: int) -> Array:
    """Where only one order of the dimensions makes this shape."""
    x, shape = call.argument(0), call.output_shape(slot)
    if len(shape) > _MOST_DIMS:
        raise Unknown
    orders = [order for order in itertools.permutations(range(len(shape))) if _fits(x.shape, order, shape)]
    # A transposition is what torch's own functions and derivatives do by far most often.
    plain = [order for order in orders if sum(place != dim for place, dim in enumerate(order)) == 2]
    orders = plain if len(plain) == 1 else orders
    if len(orders) != 1:
        raise Unknown
    return np.transpose(x, orders[0])


def _orders(call: Call, g: Array) -> list[tuple[int, ...]]:
    """Which dimension of the input each one of the result may be: as the result shows."""
    orders = [order for order in itertools.permutations(range(g.ndim)) if _fits(call.shape(0), order, g.shape)]
    if len(orders) == 1:
        return orders
    x, y = call.argument(0), call.output()
    return [order for order in orders if np.array_equal(np.transpose(x, order), y, equal_nan=True)]


def _fits(shape: tuple[int, ...], order: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(order) and tuple(shape[dim] for dim in order) == wanted


def _repeat(call: Call, slot: int) -> Array:
    g, shape = call.grad(), call.shape(slot)
    padded = (1,) * (g.ndim - len(shape)) + shape
    counts = [total // size if size else 0 for total, size in zip(g.shape, padded, strict=True)]
    interleaved = [part for pair in zip(counts, padded, strict=True) for part in pair]
    return g.reshape(interleaved).sum(axis=tuple(range(0, 2 * g.ndim, 2))).reshape(shape)


def _triangle(keep: Callable[..., Array]) -> Callable[[Call, int], Array]:
    def gradient(call: Call, slot: int) -> Array:  # noqa: ARG001
        return keep(call.grad(), int(call.parameter_or(0, "diagonal", "#0")))

    return gradient


def _flip(call: Call, slot: int) -> Array:
    g, x, y = call.grad(), call.argument(0), call.output()
    every = [dims for count in range(1, x.ndim + 1) for dims in itertools.combinations(range(x.ndim), count)]
    fitting = [dims for dims in every if np.array_equal(np.flip(x, dims), y, equal_nan=True)]
    return call.nearest(slot, [np.flip(g, dims) for dims in fitting])


def _roll(call: Call, slot: int) -> Array:
    g, x, y = call.grad(), call.argument(0), call.output()
    every = [
        (axis, shift) for axis in (None, *range(x.ndim)) for shift in range(x.size if axis is None else x.shape[axis])
    ]
    fitting = [(axis, shift) for axis, shift in every if np.array_equal(np.roll(x, shift, axis), y, equal_nan=True)]
    return call.nearest(slot, [np.roll(g, -shift, axis) for axis, shift in fitting])


def _trace(call: Call, slot: int) -> Array:
    rows, columns = call.shape(slot)
    return call.grad() * np.eye(rows, columns)


RULES = (
    Rule(
        ("View", "Reshape", "UnsafeView", "ReshapeAlias", "Flatten", "Unsqueeze", "Squeeze"),
        rf"{X} = \mathrm{{reshape}}(g)",
        _SHAPE,
        "derivatives.yaml: view, unsqueeze, squeeze",
        _reshape,
        forward=_reshaped,
        needs="only the input's shape",
    ),
    Rule(
        ("T",),
        rf"{X} = {{g}}^{{\top}}",
        "The matrix was transposed, so the gradient is transposed back.",
        "derivatives.yaml: t",
        _transpose_last,
        forward=_transposed,
    ),
    Rule(
        ("Transpose", "Permute", "Movedim"),
        rf"{X} = \mathrm{{permute}}^{{-1}}(g)",
        "The dimensions changed places, so the gradient's change back.",
        "derivatives.yaml: permute, transpose",
        _permute,
        forward=_permuted,
    ),
    Rule(
        ("Expand", "BroadcastTo"),
        rf"{X} = \sum_{{copies}} g",
        "Each element was used many times, so the gradients of all its copies are added up.",
        "derivatives.yaml: expand",
        _expand,
        forward=_expanded,
        needs="only the input's shape",
    ),
    Rule(
        ("Repeat", "Tile"),
        rf"{X} = \sum_{{copies}} g",
        "Each element was copied, so the gradients of all its copies are added up.",
        "derivatives.yaml: repeat",
        _repeat,
        needs="only the input's shape",
    ),
    Rule(
        ("Tril",),
        rf"{X} = \mathrm{{tril}}(g)",
        "What was cut away above the diagonal receives 0.",
        "derivatives.yaml: tril",
        _triangle(np.tril),
    ),
    Rule(
        ("Triu",),
        rf"{X} = \mathrm{{triu}}(g)",
        "What was cut away below the diagonal receives 0.",
        "derivatives.yaml: triu",
        _triangle(np.triu),
    ),
    Rule(
        ("Flip",),
        rf"{X} = \mathrm{{flip}}(g)",
        "The order was turned round, so the gradient's is turned back.",
        "derivatives.yaml: flip",
        _flip,
    ),
    Rule(
        ("Roll",),
        rf"{X} = \mathrm{{roll}}^{{-1}}(g)",
        "The elements moved on in a circle, so the gradient's move back.",
        "derivatives.yaml: roll",
        _roll,
    ),
    Rule(
        ("Trace",),
        rf"{X} = g \, I",
        "Only the diagonal was added up, so only the diagonal receives the gradient.",
        "derivatives.yaml: trace",
        _trace,
        needs="only the input's shape",
    ),
)
