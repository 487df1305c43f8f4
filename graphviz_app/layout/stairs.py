"""A long chain of blocks drifts sideways, as each hangs below a port of the one before: bring it back in line.

Where a placement can be cut across, only links from just above to just below being cut, the part below may be moved
sideways; the links cut get an S-bend. So a tall graph stays a column, not a staircase.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.layout.smoothing import ARRIVING, LEAVING

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.layout.piece import Piece, Placement

LEAST_GAP = 16.0
"""Pixels of free height in which a link may be bent."""
CORRIDOR = 1.15
"""How much wider than its widest part a column may be."""


class Cuts(NamedTuple):
    """Free heights right across a placement, from top to bottom, and the one cut that each link crosses, or -1."""

    tops: npt.NDArray[np.float64]
    bottoms: npt.NDArray[np.float64]
    crossed: npt.NDArray[np.int64]


def straightened(piece: Piece, placement: Placement) -> Placement:
    """Return the placement with its parts moved into a column, or as it is if it does not drift."""
    if not piece.links:
        return placement
    cuts = _cuts(piece, placement)
    if not len(cuts.tops):
        return placement
    halves = np.array(piece.sizes) / 2
    middles = (cuts.tops + cuts.bottoms) / 2
    part_of_box = np.searchsorted(middles, placement.centres[:, 1])
    parts = len(middles) + 1
    left, right = np.full(parts, np.inf), np.full(parts, -np.inf)
    np.minimum.at(left, part_of_box, placement.centres[:, 0] - halves[:, 0])
    np.maximum.at(right, part_of_box, placement.centres[:, 0] + halves[:, 0])
    low, high = _curve_reach(placement, 0)
    part_of_link = np.searchsorted(middles, _curve_reach(placement, 1)[0])
    whole = cuts.crossed < 0
    np.minimum.at(left, part_of_link[whole], low[whole])
    np.maximum.at(right, part_of_link[whole], high[whole])
    corridor = CORRIDOR * float((right - left).max())
    if right.max() - left.min() <= corridor:
        return placement
    moves = _moves(left, right, corridor)
    return _moved(placement, cuts, moves, part_of_box, part_of_link)


def _cuts(piece: Piece, placement: Placement) -> Cuts:
    """Return where the placement can be cut: no box, and no link that is longer than from one part to the next."""
    heights = np.array([height for _, height in piece.sizes]) / 2
    tops, bottoms = placement.centres[:, 1] - heights, placement.centres[:, 1] + heights
    order = np.argsort(tops, kind="stable")
    reached = np.maximum.accumulate(bottoms[order])[:-1]
    following = tops[order][1:]
    free = following - reached >= LEAST_GAP
    gap_tops, gap_bottoms = reached[free], following[free]
    middles = (gap_tops + gap_bottoms) / 2
    low, high = _curve_reach(placement, 1)
    first, last = np.searchsorted(middles, low), np.searchsorted(middles, high)
    downwards = placement.points[placement.offsets[:-1], 1] < placement.points[placement.offsets[1:] - 1, 1]
    simple = (last - first == 1) & downwards
    blocked = np.zeros(len(middles) + 1)
    np.add.at(blocked, first[~simple], 1)
    np.add.at(blocked, last[~simple], -1)
    open_gaps = np.cumsum(blocked)[:-1] == 0
    number = np.cumsum(open_gaps) - 1
    inside = np.minimum(first, max(len(middles) - 1, 0))
    crossed = np.where(
        simple & open_gaps[inside] if len(middles) else False, number[inside] if len(middles) else -1, -1
    )
    return Cuts(gap_tops[open_gaps], gap_bottoms[open_gaps], crossed.astype(np.int64))


def _curve_reach(placement: Placement, axis: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the least and greatest coordinate of each curve's control points."""
    values = placement.points[:, axis]
    starts = placement.offsets[:-1]
    return np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)


def _moves(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64], corridor: float) -> npt.NDArray[np.float64]:
    """Return how far each part goes sideways: with the one above it, unless it would leave the corridor."""
    moves = np.zeros(len(left))
    wall = left[0] - (corridor - (right[0] - left[0])) / 2
    move = 0.0
    for part in range(len(left)):
        move = max(move, wall - left[part])
        move = min(move, wall + corridor - right[part])
        moves[part] = move
    return moves


def _moved(
    placement: Placement,
    cuts: Cuts,
    moves: npt.NDArray[np.float64],
    part_of_box: npt.NDArray[np.int64],
    part_of_link: npt.NDArray[np.int64],
) -> Placement:
    centres = placement.centres.copy()
    centres[:, 0] += moves[part_of_box]
    lengths = np.diff(placement.offsets)
    points = placement.points.copy()
    points[:, 0] += np.repeat(moves[part_of_link], lengths)
    labels = placement.labels.copy()
    labels[:, 0] += moves[part_of_link]
    bent = (cuts.crossed >= 0) & (np.abs(moves[part_of_link] - moves[part_of_link + (cuts.crossed >= 0)]) > 1e-9)
    if not bent.any():
        return placement._replace(centres=centres, points=points, labels=labels)
    bounds = placement.offsets.tolist()
    curves: list[npt.NDArray[np.float64]] = []
    for k, bend in enumerate(bent.tolist()):
        curve = points[bounds[k] : bounds[k + 1]]
        if bend:
            part = part_of_link[k]
            end = curve[-1] + (moves[part + 1] - moves[part], 0.0)
            cut = cuts.crossed[k]
            curve = _bend(curve[0], end, float(cuts.tops[cut]), float(cuts.bottoms[cut]))
            labels[k] = (curve[0] + curve[-1]) / 2
        curves.append(curve)
    offsets = np.cumsum([0, *(len(curve) for curve in curves)], dtype=np.int64)
    return placement._replace(centres=centres, points=np.concatenate(curves), offsets=offsets, labels=labels)


def _bend(
    start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], top: float, bottom: float
) -> npt.NDArray[np.float64]:
    """Return a curve straight down to the free height, in an S through it, and straight down to the end."""
    steps = np.array([[0.0], [1 / 3], [2 / 3]])
    upper, lower = np.array((start[0], top)), np.array((end[0], bottom))
    drop = bottom - top
    bent = np.array((upper, (upper[0], top + LEAVING * drop), (lower[0], bottom - ARRIVING * drop)))
    return np.concatenate((start + steps * (upper - start), bent, lower + steps * (end - lower), end[None]))
