"""Ranks that drift sideways without end are brought back, like a typewriter's carriage, where few links are bent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.layout.layers import Layers

CORRIDOR = 2.2
"""How many times as wide as its widest rank a drawing may be before its ranks are brought back."""


def brought_back(layers: Layers, ranks: list[list[int]], x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the x of the nodes with whole ranks moved sideways so that the drawing stays a column."""
    widths = np.array(layers.widths) / 2
    rank = np.array(layers.rank)
    left, right = np.full(len(ranks), np.inf), np.full(len(ranks), -np.inf)
    np.minimum.at(left, rank, x - widths)
    np.maximum.at(right, rank, x + widths)
    corridor = CORRIDOR * float((right - left).max())
    if right.max() - left.min() <= corridor:
        return x
    return x + _returns(left.tolist(), right.tolist(), _bends(layers, len(ranks)), corridor)[rank]


def _bends(layers: Layers, count: int) -> list[int]:
    """Return for each rank how many hops arrive in it from above: what moving it bends."""
    if not layers.hops:
        return [0] * count
    lower = np.array([hop.lower for hop in layers.hops])
    return np.bincount(np.array(layers.rank)[lower], minlength=count).tolist()


def _returns(left: list[float], right: list[float], bends: list[int], corridor: float) -> npt.NDArray[np.float64]:
    """Return how far each rank is moved: back to the other wall whenever one is reached."""
    low = left[0] - (corridor - (right[0] - left[0])) / 2
    high = low + corridor
    moves = [0.0] * len(left)
    move, since = 0.0, 1
    for r in range(len(left)):
        moves[r] = move
        beyond = right[r] + move > high
        if not (beyond or left[r] + move < low) or r == 0:
            continue
        start = min(range(since, r + 1), key=lambda at: (bends[at], -at))
        if beyond:
            move += low - min(left[at] + move for at in range(start, r + 1))
        else:
            move += high - max(right[at] + move for at in range(start, r + 1))
        moves[start : r + 1] = [move] * (r + 1 - start)
        since = r + 1
    return np.array(moves)
