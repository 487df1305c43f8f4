"""A piece: boxes and links of one nesting level, laid out in one go, top to bottom, by one engine."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

BOX_GAP = 24.0
"""Pixels between two boxes side by side."""
RANK_GAP = 44.0
"""Pixels between two ranks, where the curves bend."""
GATE_WIDTH = 14.0
"""Pixels along a group's border that one crossing link takes."""
GATE_HEIGHT = 2.0


class PieceLink(NamedTuple):
    """A link inside a piece; ports run from 0 (left) to 1 (right), a label of width 0 is none.

    Its target is at least `length` ranks below its source, unless it closes a cycle.
    """

    source: int
    target: int
    source_port: float = 0.5
    target_port: float = 0.5
    label_width: float = 0.0
    label_height: float = 0.0
    length: int = 1


class Piece(NamedTuple):
    """What one engine lays out at once. Equal pieces get equal placements.

    Attributes:
        sizes: Width and height of each box.
        links: Between boxes, by index; none from a box to itself.
        entries: The first so many boxes are gates on the top border, above all others.
        exits: The last so many boxes are gates on the bottom border, below all others.
        ordered: Whether a box's links must leave in the order in which they are listed.
        rank_gap: Pixels between two ranks.
    """

    sizes: tuple[tuple[float, float], ...]
    links: tuple[PieceLink, ...]
    entries: int = 0
    exits: int = 0
    ordered: bool = False
    rank_gap: float = RANK_GAP


class Placement(NamedTuple):
    """Where the boxes and links of a piece are: origin top left, y downwards, pixels.

    Attributes:
        width: Of the whole.
        height: Of the whole.
        centres: float64 (boxes, 2).
        points: float64 (all control points, 2): the links' cubic Béziers, one link after the other.
        offsets: int64 (links + 1,): link k owns `points[offsets[k]:offsets[k + 1]]`, 3n + 1 of them.
        labels: float64 (links, 2): centre of the label, or a point on the curve.
        engine: What made it.
    """

    width: float
    height: float
    centres: npt.NDArray[np.float64]
    points: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.int64]
    labels: npt.NDArray[np.float64]
    engine: str


def port_point(
    centre: tuple[float, float], size: tuple[float, float], port: float, *, bottom: bool
) -> tuple[float, float]:
    """Return where a link with this port touches its box's bottom or top border."""
    x, y = centre
    width, height = size
    return x + (port - 0.5) * width, y + (height if bottom else -height) / 2


def link_ends(
    piece: Piece, centres: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return where every link starts and ends: two float64 (links, 2), on the borders of its boxes."""
    if not piece.links:
        return np.zeros((0, 2)), np.zeros((0, 2))
    sizes = np.array(piece.sizes, dtype=np.float64)
    table = np.array(piece.links, dtype=np.float64)
    source, target = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    starts, ends = centres[source].copy(), centres[target].copy()
    starts[:, 0] += (table[:, 2] - 0.5) * sizes[source, 0]
    starts[:, 1] += sizes[source, 1] / 2
    ends[:, 0] += (table[:, 3] - 0.5) * sizes[target, 0]
    ends[:, 1] -= sizes[target, 1] / 2
    return starts, ends


def snap_ends(piece: Piece, placement: Placement) -> Placement:
    """Return the placement with every curve's ends moved exactly onto the borders of its boxes."""
    if not piece.links:
        return placement
    starts, ends = link_ends(piece, placement.centres)
    points = placement.points.copy()
    first, last = placement.offsets[:-1], placement.offsets[1:] - 1
    at_start, at_end = starts - points[first], ends - points[last]
    points[first] += at_start
    points[first + 1] += at_start
    points[last] += at_end
    points[last - 1] += at_end
    return fitted(piece, placement._replace(points=points))


def fitted(piece: Piece, placement: Placement) -> Placement:
    """Return the placement moved and resized so that it holds its boxes, labels and curves with nothing to spare."""
    halves = np.array(piece.sizes) / 2
    low, high = (placement.centres - halves).min(axis=0), (placement.centres + halves).max(axis=0)
    if piece.links:
        wide = np.array([(link.label_width, link.label_height) for link in piece.links]) / 2
        drawn = sampled(placement.points, placement.offsets)
        low = np.minimum(np.minimum(low, (placement.labels - wide).min(axis=0)), drawn.min(axis=0))
        high = np.maximum(np.maximum(high, (placement.labels + wide).max(axis=0)), drawn.max(axis=0))
    width, height = (high - low).tolist()
    centres, points, labels = (array - low for array in (placement.centres, placement.points, placement.labels))
    return placement._replace(width=width, height=height, centres=centres, points=points, labels=labels)


def sampled(points: npt.NDArray[np.float64], offsets: npt.NDArray[np.int64], parts: int = 8) -> npt.NDArray[np.float64]:
    """Return points on all the curves, `parts + 1` for each segment: float64 (segments * (parts + 1), 2)."""
    starts = np.concatenate([np.arange(start, stop - 1, 3) for start, stop in itertools.pairwise(offsets)])
    t = np.linspace(0.0, 1.0, parts + 1)[:, None, None]
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return sum(weight * points[starts + step] for step, weight in enumerate(weights)).reshape(-1, 2)  # type: ignore[union-attr]


def middles(points: npt.NDArray[np.float64], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return a point on each curve about halfway: the middle of its middle segment, float64 (links, 2)."""
    segments = (np.diff(offsets) - 1) // 3
    start = offsets[:-1] + 3 * (segments // 2)
    last = offsets[1:] - 1
    first, second, end = (points[np.minimum(start + step, last)] for step in (1, 2, 3))
    halfway = (points[start] + 3 * first + 3 * second + end) / 8
    return np.where((segments % 2 == 0)[:, None], points[start], halfway)
