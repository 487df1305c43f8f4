"""Rules of reading an image at any places: `grid_sample`, in two and three dimensions."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import close
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

GRID = r"\frac{\partial L}{\partial u}"


def _pixels(grid: Array, size: int, *, aligned: bool) -> tuple[Array, float]:
    """Where -1 to 1 lies among pixels, and by how many pixels a place moves for each step of it."""
    if aligned:
        return (grid + 1) / 2 * (size - 1), (size - 1) / 2
    return ((grid + 1) * size - 1) / 2, size / 2


def _kept_inside(at: Array, size: int, padding: str, *, aligned: bool) -> tuple[Array, Array]:
    """Places beyond the edge moved to it, or mirrored at it; and by how much each still moves."""
    slope = np.ones(at.shape)
    if padding == "reflection":
        low, high = (0.0, size - 1.0) if aligned else (-0.5, size - 0.5)
        span = high - low
        if span == 0:
            return np.zeros(at.shape), np.zeros(at.shape)
        away, slope = np.abs(at - low), np.where(at < low, -1.0, 1.0)
        turns, rest = np.floor(away / span), np.mod(away, span)
        is_turned = turns % 2 == 1
        at = np.where(is_turned, span - rest, rest) + low
        slope = np.where(is_turned, -slope, slope)
    if padding != "zeros":
        slope = np.where((at <= 0) | (at >= size - 1), 0.0, slope)
        at = np.clip(at, 0, size - 1)
    return at, slope


def _sampled(
    x: Array, grid: Array, padding: str, *, aligned: bool
) -> tuple[Array, list[tuple[Any, Array, list[Array]]]]:
    """What is read linearly, and each neighbour's place, weight, and how the weight changes with the grid.

    The first direction of the grid is the image's last one.
    """
    sizes = x.shape[2:]
    below, parts, slopes = [], [], []
    for dim, size in enumerate(sizes):
        at, steps = _pixels(grid[..., len(sizes) - 1 - dim], size, aligned=aligned)
        at, slope = _kept_inside(at, size, padding, aligned=aligned)
        below.append(np.floor(at).astype(int))
        parts.append(at - np.floor(at))
        slopes.append(slope * steps)
    batch = np.arange(len(x)).reshape(-1, *[1] * len(sizes))
    total: Array = np.zeros(())
    neighbours: list[tuple[Any, Array, list[Array]]] = []
    for corner in itertools.product((0, 1), repeat=len(sizes)):
        places = [low + step for low, step in zip(below, corner, strict=True)]
        inside = np.ones(grid.shape[:-1])
        for place, size in zip(places, sizes, strict=True):
            inside = inside * ((place >= 0) & (place < size))
        clipped = [np.clip(place, 0, size - 1) for place, size in zip(places, sizes, strict=True)]
        factors = [part if step else 1 - part for part, step in zip(parts, corner, strict=True)]
        weight = inside * np.prod(factors, axis=0)
        changes = [
            inside
            * slopes[dim]
            * (1 if corner[dim] else -1)
            * np.prod([f for at, f in enumerate(factors) if at != dim], axis=0)
            for dim in range(len(sizes))
        ]
        index = (batch, slice(None), *clipped)
        total = total + np.moveaxis(x[index], -1, 1) * weight[:, None]
        neighbours.append((index, weight, changes))
    return total, neighbours


def _ways(call: Call, x: Array, grid: Array) -> Iterator[list[tuple[Any, Array, list[Array]]]]:
    """In the ways in which the places may have been meant: the result shows it."""
    y = call.output()
    for padding, aligned in itertools.product(("zeros", "border", "reflection"), (False, True)):
        read, neighbours = _sampled(x, grid, padding, aligned=aligned)
        if close(read, y):
            yield neighbours


def _sample(call: Call, slot: int) -> Array:
    x, grid, g = call.argument(0), call.argument(1), call.grad()
    call.is_guessed = True
    found: list[Array] = []
    for neighbours in _ways(call, x, grid):
        result = np.zeros(x.shape if slot == 0 else grid.shape)
        for index, weight, changes in neighbours:
            if slot == 0:
                np.add.at(result, index, np.moveaxis(g * weight[:, None], 1, -1))
            else:
                pull = (np.moveaxis(x[index], -1, 1) * g).sum(1)
                for dim, change in enumerate(changes):
                    result[..., len(changes) - 1 - dim] += pull * change
        found.append(result)
    if not found:
        # Read as the nearest pixel is, or cubically.
        raise Unknown
    return call.nearest(slot, found)


RULES = (
    Rule(
        ("GridSampler2D", "GridSampler3D"),
        rf"{X}_p \leftarrow {X}_p + w_p \, g, \qquad {GRID} = \sum_p g \, x_p \, \frac{{\partial w_p}}{{\partial u}}",
        "What is read between pixels is a weighted mean of those around the place: each of them receives its share of "
        "the gradient, and the place what tells in which direction the pixels get brighter.",
        'derivatives.yaml: grid_sampler_2d, grid_sampler_3d; M. Jaderberg and others, "Spatial transformer networks" '
        "(2015), equations 6 and 7",
        _sample,
        needs="the image and the places",
    ),
)
