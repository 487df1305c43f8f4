"""The x of every node, its order within each rank being given.

After U. Brandes and B. Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2001): nodes are aligned with a
median neighbour into columns in four ways, each is packed, and the two middle results are averaged. Columns are
packed over the graph of neighbouring columns, and a hop is straight where it touches its nodes, not at their centres.
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
FOUR_WAYS = 40_000
"""Up to so many nodes all four ways are tried, above it two."""

Touching = list[list[tuple[int, float, float]]]
"""Per node: (neighbour, where the hop touches the neighbour, where it touches the node), pixels off the centres."""


def node_columns(layers: Layers, ranks: list[list[int]], boxes: int) -> npt.NDArray[np.float64]:
    """Return the x of every node's centre, float64 (nodes,); the first `boxes` nodes are boxes, the others points."""
    above, below = _touching(layers)
    place = [0] * len(layers.rank)
    for rank in ranks:
        for i, node in enumerate(rank):
            place[node] = i
    blocked = _blocked(ranks, above, place, boxes)
    ways: list[npt.NDArray[np.float64]] = []
    downs = (True, False) if len(place) <= FOUR_WAYS else (True,)
    for down in downs:
        for from_left in (True, False):
            ways.append(_one_way(layers, ranks, above if down else below, place, blocked, boxes, down, from_left))
    return _balanced(ways, np.array(layers.widths))


def _touching(layers: Layers) -> tuple[Touching, Touching]:
    above: Touching = [[] for _ in layers.rank]
    below: Touching = [[] for _ in layers.rank]
    for upper, lower, upper_dx, lower_dx in layers.hops:
        above[lower].append((upper, upper_dx, lower_dx))
        below[upper].append((lower, lower_dx, upper_dx))
    return above, below


def _blocked(ranks: list[list[int]], above: Touching, place: list[int], boxes: int) -> set[tuple[int, int]]:
    """Return the hops (upper, lower) that cross a hop between two points: long links shall be the straight ones."""
    blocked: set[tuple[int, int]] = set()
    for rank in ranks[1:]:
        scanned, left = 0, 0
        for i, node in enumerate(rank):
            inner = _inner_neighbour(node, above, boxes)
            if inner < 0 and i < len(rank) - 1:
                continue
            right = place[inner] if inner >= 0 else len(place)
            for lower in rank[scanned : i + 1]:
                for upper, _, _ in above[lower]:
                    crosses = place[upper] < left or place[upper] > right
                    if crosses and not (lower >= boxes and upper >= boxes):
                        blocked.add((upper, lower))
            scanned, left = i + 1, right
    return blocked


def _inner_neighbour(node: int, above: Touching, boxes: int) -> int:
    if node >= boxes:
        for upper, _, _ in above[node]:
            if upper >= boxes:
                return upper
    return -1


def _one_way(
    layers: Layers,
    ranks: list[list[int]],
    towards: Touching,
    place: list[int],
    blocked: set[tuple[int, int]],
    boxes: int,
    down: bool,
    from_left: bool,
) -> npt.NDArray[np.float64]:
    """Return the x that aligning with the rank before (above or below), from the left or the right, gives."""
    order = ranks if down else ranks[::-1]
    if not from_left:
        order = [rank[::-1] for rank in order]
    sign = 1 if from_left else -1
    root, shift = _align(order, towards, place, blocked, down, sign)
    x = _pack(order, layers.widths, root, shift, boxes)
    return x * sign


def _align(
    order: list[list[int]],
    towards: Touching,
    place: list[int],
    blocked: set[tuple[int, int]],
    down: bool,
    sign: int,
) -> tuple[list[int], list[float]]:
    """Return each node's column, named by its first node, and its offset from that node."""
    root = list(range(len(place)))
    shift = [0.0] * len(place)
    taken = bytearray(len(place))
    for rank in order[1:]:
        reached = -1
        for node in rank:
            ends = towards[node]
            if not ends:
                continue
            if len(ends) > 1:
                ends = sorted(ends, key=lambda end: sign * (place[end[0]] * 4096.0 + end[1]))
            middle = len(ends) - 1
            for m in {middle // 2, (middle + 1) // 2}:
                other, other_dx, node_dx = ends[m]
                at = place[other] if sign > 0 else len(place) - place[other]
                pair = (other, node) if down else (node, other)
                if at > reached and not taken[other] and pair not in blocked:
                    taken[other] = 1
                    root[node] = root[other]
                    shift[node] = shift[other] + sign * (other_dx - node_dx)
                    reached = at
                    break
    return root, shift


def _pack(
    order: list[list[int]], widths: list[float], root: list[int], shift: list[float], boxes: int
) -> npt.NDArray[np.float64]:
    """Put columns as far left as they go, then each as near to the columns on its right as it can without moving them."""
    right_of: dict[int, dict[int, float]] = {}
    waiting: dict[int, int] = {}
    for rank in order:
        for one, other in itertools.pairwise(rank):
            gap = BOX_GAP if one < boxes and other < boxes else POINT_GAP
            apart = (widths[one] + widths[other]) / 2 + gap + shift[one] - shift[other]
            after = right_of.setdefault(root[one], {})
            if root[other] not in after:
                waiting[root[other]] = waiting.get(root[other], 0) + 1
                after[root[other]] = apart
            elif apart > after[root[other]]:
                after[root[other]] = apart
    columns = sorted(set(root))
    x = dict.fromkeys(columns, 0.0)
    queue = [column for column in columns if column not in waiting]
    for column in queue:
        at = x[column]
        for other, apart in right_of.get(column, {}).items():
            x[other] = max(x[other], at + apart)
            waiting[other] -= 1
            if not waiting[other]:
                queue.append(other)
    for column in reversed(queue):
        after = right_of.get(column)
        if after:
            x[column] = max(x[column], min(x[other] - apart for other, apart in after.items()))
    return np.array([x[column] + offset for column, offset in zip(root, shift, strict=True)])


def _balanced(ways: list[npt.NDArray[np.float64]], widths: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Shift all ways onto the narrowest, by their left or right ends in turn, and average the middle two."""
    lows = [float((way - widths / 2).min()) for way in ways]
    highs = [float((way + widths / 2).max()) for way in ways]
    best = min(range(len(ways)), key=lambda i: highs[i] - lows[i])
    moved = [way + (lows[best] - lows[i] if i % 2 == 0 else highs[best] - highs[i]) for i, way in enumerate(ways)]
    middle = np.sort(np.stack(moved), axis=0)
    first = (len(ways) - 1) // 2
    return (middle[first] + middle[first + 1]) / 2
