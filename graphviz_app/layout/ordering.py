"""The order of the nodes within each rank: barycentre sweeps from a depth-first start, the best order kept."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphviz_app.layout.layers import Layers

SMALL = 4_000
"""Up to so many hops the order is improved until it stops getting better; above, by a few sweeps."""

Neighbours = list[list[tuple[int, float]]]
"""Per node: the neighbours in the next or previous rank, each with where on it the hop touches, −0.4 to 0.4."""


def ordered_ranks(layers: Layers, hints: Sequence[float] | None = None) -> list[list[int]]:
    """Return the nodes of each rank from left to right.

    Args:
        layers: The nodes and hops.
        hints: An earlier x of each box, to keep earlier orders; None for the order with the fewest crossings found.
    """
    below, above = _neighbours(layers)
    ranks = _depth_first(layers, below)
    if hints is not None:
        return _by_hints(layers, ranks, below, above, hints)
    small = len(layers.hops) <= SMALL
    best, fewest = [list(rank) for rank in ranks], crossings(ranks, below) if small else -1
    position = _positions(ranks, len(layers.rank))
    for sweep in range(12 if small else 4 if len(layers.hops) < 60_000 else 2):
        downwards = sweep % 2 == 0
        _sweep(ranks if downwards else ranks[::-1], above if downwards else below, position)
        if small:
            count = crossings(ranks, below)
            if count < fewest:
                best, fewest = [list(rank) for rank in ranks], count
            if not fewest:
                break
    return best if small else ranks


def crossings(ranks: list[list[int]], below: Neighbours) -> int:
    """Return how often hops cross, counted rank by rank."""
    total = 0
    place = {node: i for rank in ranks for i, node in enumerate(rank)}
    for rank in ranks:
        seen: list[float] = []
        for node in rank:
            ends = sorted(place[other] + touch for other, touch in below[node])
            total += sum(len(seen) - bisect.bisect_right(seen, end) for end in ends)
            for end in ends:
                bisect.insort(seen, end)
    return total


def _neighbours(layers: Layers) -> tuple[Neighbours, Neighbours]:
    below: Neighbours = [[] for _ in layers.rank]
    above: Neighbours = [[] for _ in layers.rank]
    widths = layers.widths
    leaving: list[list[tuple[float, int, float]]] = [[] for _ in layers.rank]
    for upper, lower, upper_dx, lower_dx in layers.hops:
        leaving[upper].append((upper_dx, lower, 0.8 * lower_dx / (widths[lower] or 1.0)))
        above[lower].append((upper, 0.8 * upper_dx / (widths[upper] or 1.0)))
    for node, ends in enumerate(leaving):
        ends.sort(key=lambda end: end[0])
        below[node] = [(other, touch) for _, other, touch in ends]
    return below, above


def _depth_first(layers: Layers, below: Neighbours) -> list[list[int]]:
    ranks: list[list[int]] = [[] for _ in range(max(layers.rank, default=-1) + 1)]
    entered = bytearray(len(layers.rank))
    for hop in layers.hops:
        entered[hop.lower] = 1
    seen = bytearray(len(layers.rank))
    roots = sorted(range(len(layers.rank)), key=lambda node: entered[node])
    for root in roots:
        stack = [root]
        while stack:
            node = stack.pop()
            if seen[node]:
                continue
            seen[node] = 1
            ranks[layers.rank[node]].append(node)
            stack.extend(other for other, _ in reversed(below[node]) if not seen[other])
    return ranks


def _positions(ranks: list[list[int]], count: int) -> list[float]:
    position = [0.0] * count
    for rank in ranks:
        for i, node in enumerate(rank):
            position[node] = float(i)
    return position


def _sweep(ranks: list[list[int]], towards: Neighbours, position: list[float]) -> None:
    """Sort each rank, in the order given, by the mean place of each node's neighbours in the rank before it."""
    for rank in ranks:
        if len(rank) > 1:
            weight = {node: _mean(towards[node], position, position[node]) for node in rank}
            rank.sort(key=weight.__getitem__)
            for i, node in enumerate(rank):
                position[node] = float(i)


def _mean(neighbours: list[tuple[int, float]], position: list[float], default: float) -> float:
    if len(neighbours) == 1:
        return position[neighbours[0][0]] + neighbours[0][1]
    if not neighbours:
        return default
    return sum(position[other] + touch for other, touch in neighbours) / len(neighbours)


def _by_hints(
    layers: Layers, ranks: list[list[int]], below: Neighbours, above: Neighbours, hints: Sequence[float]
) -> list[list[int]]:
    """Order boxes by their earlier x, and points where the straight way between their link's ends would be."""
    position = [*hints, *(0.0 for _ in range(len(layers.rank) - len(hints)))]
    boxes = len(hints)
    for towards, pass_ranks in ((above, ranks), (below, ranks[::-1])):
        for rank in pass_ranks:
            for node in rank:
                if node >= boxes and towards[node]:
                    reached = position[towards[node][0][0]]
                    position[node] = reached if towards is above else (position[node] + reached) / 2
    return [sorted(rank, key=position.__getitem__) for rank in ranks]
