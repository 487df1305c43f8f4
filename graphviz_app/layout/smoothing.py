"""Plain S-curves in place of Graphviz's where nothing is in the way: short links look alike and never wobble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.layout.piece import Piece, Placement, link_ends, sampled

if TYPE_CHECKING:
    import numpy.typing as npt

REACH = 3.2
"""A link longer than so many rank gaps keeps Graphviz's curve, which steers clear of other links."""
CLEARANCE = 5.0
"""Pixels that a plain curve must keep from boxes that are not its own."""
PLUMB = 4.0
"""Pixels by which a link may be off the vertical to be made vertical."""
MOST = 8.0
"""Pixels that a box may be moved for that: a third of the gap between boxes."""
LEAVING = 0.5
ARRIVING = 0.6
"""How far on its way down a curve's control points are: it arrives a little more upright, for its arrow head."""


def s_curves(starts: npt.NDArray[np.float64], ends: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return cubic Béziers, float64 (links, 4, 2), that leave and arrive vertically."""
    drop = ends[:, 1] - starts[:, 1]
    leaving, arriving = starts.copy(), ends.copy()
    leaving[:, 1] += LEAVING * drop
    arriving[:, 1] -= ARRIVING * drop
    return np.stack((starts, leaving, arriving, ends), axis=1)


def tops_aligned(piece: Piece, placement: Placement) -> Placement:
    """Return the placement with the boxes of a rank in line at their tops, where Graphviz has their middles."""
    centres = placement.centres.copy()
    heights = np.array([height for _, height in piece.sizes])
    ranks, rank = np.unique(np.round(centres[:, 1], 1), return_inverse=True)
    tallest = np.zeros(len(ranks))
    np.maximum.at(tallest, rank, heights)
    centres[:, 1] -= (tallest[rank] - heights) / 2
    points = _followed(piece, placement, centres, tallest[rank] / 2)
    return placement._replace(centres=centres, points=points)


def _followed(
    piece: Piece, placement: Placement, centres: npt.NDArray[np.float64], halves: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the links' points where their boxes were moved up: stretched below one, squeezed above the other.

    A link moved by its ends alone would have the bend of one that is hundreds of pixels longer, and make a loop.

    Args:
        piece: What is laid out.
        placement: Before the boxes were moved.
        centres: Of the boxes, moved.
        halves: Half the height of each box's rank.
    """
    points = placement.points.copy()
    if not piece.links:
        return points
    (starts, ends), (upper, lower) = link_ends(piece, placement.centres), link_ends(piece, centres)
    bounds = placement.offsets.tolist()
    moved = (np.abs(upper - starts) + np.abs(lower - ends))[:, 1] > 1e-6
    for k in np.flatnonzero(moved & (starts[:, 1] < ends[:, 1])).tolist():
        link = piece.links[k]
        leave = float(placement.centres[link.source, 1] + halves[link.source])
        enter = float(placement.centres[link.target, 1] - halves[link.target])
        bend = max(leave, enter - piece.rank_gap)
        was, now = (starts[k, 1], leave, bend, ends[k, 1]), (upper[k, 1], leave, bend, lower[k, 1])
        along = slice(bounds[k], bounds[k + 1])
        points[along, 1] = np.interp(points[along, 1], was, now)
        _round_joints(points[along])
    return points


def _round_joints(curve: npt.NDArray[np.float64]) -> None:
    """Let a curve pass each of its joints without a corner: the control points beside it in line with it, as far."""
    for joint in range(3, len(curve) - 1, 3):
        onwards = curve[joint + 1] - curve[joint - 1]
        length = float(np.hypot(*onwards))
        if length > 0:
            before, after = (float(np.hypot(*(curve[joint + side] - curve[joint]))) for side in (-1, 1))
            curve[joint - 1] = curve[joint] - onwards * (before / length)
            curve[joint + 1] = curve[joint] + onwards * (after / length)


def plumbed(piece: Piece, placement: Placement) -> Placement:
    """Return the placement with boxes moved by a pixel or two where that makes a link quite vertical."""
    if not piece.links:
        return placement
    starts, ends = link_ends(piece, placement.centres)
    aside = (starts[:, 0] - ends[:, 0]).tolist()
    centres = placement.centres.copy()
    moved = np.zeros(len(centres))
    done = set(range(piece.entries))
    order = np.argsort(starts[:, 1], kind="stable").tolist()
    for k in order:
        link = piece.links[k]
        by = aside[k] + moved[link.source]
        if link.target not in done and abs(by) <= PLUMB:
            moved[link.target] = by
            done.add(link.target)
    centres[:, 0] += np.clip(moved, -MOST, MOST)
    return placement._replace(centres=centres)


def smoothed(piece: Piece, placement: Placement) -> Placement:
    """Return the placement with short links drawn plainly where that touches no box."""
    if not piece.links:
        return placement
    starts, ends = link_ends(piece, placement.centres)
    drop = ends[:, 1] - starts[:, 1]
    short = (drop > 4) & (drop <= REACH * piece.rank_gap)
    curves = s_curves(starts, ends)
    plain = short & ~_touches(piece, placement, curves, short)
    chosen: list[npt.NDArray[np.float64]] = []
    bounds = placement.offsets.tolist()
    for k, simple in enumerate(plain.tolist()):
        chosen.append(curves[k] if simple else placement.points[bounds[k] : bounds[k + 1]])
    offsets = np.cumsum([0, *(len(curve) for curve in chosen)], dtype=np.int64)
    return placement._replace(points=np.concatenate(chosen), offsets=offsets)


def _touches(
    piece: Piece, placement: Placement, curves: npt.NDArray[np.float64], wanted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return for each link whether its plain curve comes near a box other than its own two."""
    count = len(piece.links)
    drawn = sampled(curves.reshape(-1, 2), np.arange(count + 1) * 4).reshape(-1, count, 2).transpose(1, 0, 2)
    halves = np.array(piece.sizes) / 2
    low, high = placement.centres - halves - (CLEARANCE, 1.0), placement.centres + halves + (CLEARANCE, 1.0)
    touches = np.zeros(count, dtype=np.bool_)
    tops, bottoms = drawn[:, :, 1].min(axis=1), drawn[:, :, 1].max(axis=1)
    for k in np.flatnonzero(wanted):
        near = np.flatnonzero((low[:, 1] < bottoms[k]) & (high[:, 1] > tops[k]))
        near = near[(near != piece.links[k].source) & (near != piece.links[k].target)]
        inside = (drawn[k, :, None] > low[near]).all(axis=2) & (drawn[k, :, None] < high[near]).all(axis=2)
        touches[k] = inside.any()
    return touches
