"""The x of every node, its order within each rank being given: each rank in turn goes where its neighbours pull it.

A rank's nodes keep their order and distances; among all such places the one nearest to what their hops ask for is
found by pooling adjacent violators (isotonic regression). Then long links are made as straight as their room allows.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.layout.piece import BOX_GAP

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.layout.layers import Layers

POINT_GAP = 12.0
"""Pixels between a link that passes through a rank and what is beside it."""

Pulls = list[list[tuple[int, float, float]]]
"""Per node: (neighbour, how far right of it the node would be for a straight hop, weight)."""


SWEEPS = 6
PLUMB = 8.0
"""Pixels by which a hop may be off the vertical to be made vertical."""


def node_columns(layers: Layers, ranks: list[list[int]], boxes: int) -> npt.NDArray[np.float64]:
    """Return the x of every node's centre, float64 (nodes,); the first `boxes` nodes are boxes, the others points."""
    above, below = _pulls(layers, boxes)
    both = [one + other for one, other in zip(above, below, strict=True)]
    distances = [_distances(rank, layers.widths, boxes) for rank in ranks]
    x = [0.0] * len(layers.rank)
    for rank, distance in zip(ranks, distances, strict=True):
        for node, place in zip(rank, distance, strict=True):
            x[node] = place - distance[-1] / 2
    for sweep in range(SWEEPS):
        downwards = sweep % 2 == 0
        pulls = both if sweep >= SWEEPS - 2 else above if downwards else below
        before = np.array(x)
        for r in range(len(ranks)) if downwards else range(len(ranks) - 1, -1, -1):
            _settle(ranks[r], distances[r], pulls, x)
        if sweep and np.abs(before - x).max() < 0.05:
            break
    _straighten(layers, ranks, distances, x)
    _plumb(ranks, distances, above, x)
    _straighten(layers, ranks, distances, x)
    return np.array(x)


def _plumb(ranks: list[list[int]], distances: list[list[float]], above: Pulls, x: list[float]) -> None:
    """Make hops that are nearly straight quite straight, from the top down."""
    for r, rank in enumerate(ranks):
        for i, node in enumerate(rank):
            aside = min((x[other] + by - x[node] for other, by, _ in above[node]), key=abs, default=0.0)
            if 0 < abs(aside) <= PLUMB:
                left, right = _room(node, (r, i), ranks, distances, x)
                x[node] = min(max(x[node] + aside, left), right)


def separation(one: int, other: int, widths: list[float], boxes: int) -> float:
    """Return the least distance in pixels between the centres of two nodes side by side."""
    gap = BOX_GAP if one < boxes and other < boxes else POINT_GAP
    return (widths[one] + widths[other]) / 2 + gap


def _pulls(layers: Layers, boxes: int) -> tuple[Pulls, Pulls]:
    above: Pulls = [[] for _ in layers.rank]
    below: Pulls = [[] for _ in layers.rank]
    for upper, lower, upper_dx, lower_dx in layers.hops:
        points = (upper >= boxes) + (lower >= boxes)
        weight = (1.0, 2.0, 8.0)[points]
        above[lower].append((upper, upper_dx - lower_dx, weight))
        below[upper].append((lower, lower_dx - upper_dx, weight))
    return above, below


def _distances(rank: list[int], widths: list[float], boxes: int) -> list[float]:
    """Return how far each node is from the first one where all are packed."""
    total = [0.0]
    for one, other in itertools.pairwise(rank):
        total.append(total[-1] + separation(one, other, widths, boxes))
    return total


def _settle(rank: list[int], distances: list[float], pulls: Pulls, x: list[float]) -> None:
    """Move the nodes of one rank, keeping order and distances, nearest to where their neighbours pull them."""
    if len(rank) == 1:
        total = sum(weight for _, _, weight in pulls[rank[0]])
        if total:
            x[rank[0]] = sum(weight * (x[other] + aside) for other, aside, weight in pulls[rank[0]]) / total
        return
    pools: list[tuple[float, float, int]] = []
    for node, distance in zip(rank, distances, strict=True):
        total = place = 0.0
        for other, aside, weight in pulls[node]:
            total += weight
            place += weight * (x[other] + aside)
        if not total:
            total, place = 0.01, 0.01 * x[node]
        place = place / total - distance
        count = 1
        while pools and pools[-1][0] > place:
            earlier, weight, size = pools.pop()
            place = (place * total + earlier * weight) / (total + weight)
            total, count = total + weight, count + size
        pools.append((place, total, count))
    i = 0
    for place, _, count in pools:
        for _ in range(count):
            x[rank[i]] = place + distances[i]
            i += 1


def _straighten(layers: Layers, ranks: list[list[int]], distances: list[list[float]], x: list[float]) -> None:
    """Give as many points of a link as possible the same x, as far as the room beside them goes."""
    at = {node: (r, i) for r, rank in enumerate(ranks) for i, node in enumerate(rank)}
    for chain in layers.points:
        run: list[int] = []
        low, high = float("-inf"), float("inf")
        for node in chain if len(chain) > 1 else ():
            left, right = _room(node, at[node], ranks, distances, x)
            if max(low, left) > min(high, right):
                _line_up(run, low, high, x)
                run, low, high = [], float("-inf"), float("inf")
            run.append(node)
            low, high = max(low, left), min(high, right)
        _line_up(run, low, high, x)


def _room(
    node: int, at: tuple[int, int], ranks: list[list[int]], distances: list[list[float]], x: list[float]
) -> tuple[float, float]:
    """Return how far left and right a node may go while the others of its rank stay."""
    r, i = at
    rank, distance = ranks[r], distances[r]
    left = x[rank[i - 1]] + distance[i] - distance[i - 1] if i > 0 else float("-inf")
    right = x[rank[i + 1]] - distance[i + 1] + distance[i] if i + 1 < len(rank) else float("inf")
    return min(left, x[node]), max(right, x[node])


def _line_up(run: list[int], low: float, high: float, x: list[float]) -> None:
    if len(run) > 1:
        middle = sorted(x[node] for node in run)[len(run) // 2]
        for node in run:
            x[node] = min(max(middle, low), high)
