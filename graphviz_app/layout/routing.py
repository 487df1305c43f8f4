"""Curves of a layered placement: straight down through ranks, S-shaped in the gaps between them, where no box is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.layout.piece import Piece, link_ends
from graphviz_app.layout.smoothing import ARRIVING, LEAVING

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.layout.layers import Layers
    from graphviz_app.layout.ranking import Ranks

LANE_GAP = 10.0
"""Pixels between the lanes on the right, where links go that are too long to be fitted in between."""


class Bands(NamedTuple):
    """Where ranks start and end, float64 (ranks,), and the pixels between them."""

    tops: npt.NDArray[np.float64]
    bottoms: npt.NDArray[np.float64]
    gap: float


class Path:
    """Collects the control points of one curve, pen down, from its start."""

    def __init__(self, x: float, y: float) -> None:
        """Put the pen down."""
        self.points = [(x, y)]
        self.x, self.y = x, y

    def straight_to(self, y: float) -> None:
        """Go straight up or down."""
        if abs(y - self.y) > 1e-9:
            third = (y - self.y) / 3
            self.points += [(self.x, self.y + third), (self.x, self.y + 2 * third), (self.x, y)]
            self.y = y

    def bend_to(self, x: float, y: float) -> None:
        """Go down (or up) in an S, leaving and arriving vertically; straight where x stays the same."""
        if abs(x - self.x) < 1e-6:
            self.straight_to(y)
            return
        drop = y - self.y
        self.points += [(self.x, self.y + LEAVING * drop), (x, y - ARRIVING * drop), (x, y)]
        self.x, self.y = x, y

    def turn_to(self, x: float, y: float, rise: float) -> None:
        """Turn round to run in the opposite direction at x, y, by way of `rise` pixels further (negative: up)."""
        far = max(self.y, y) + rise if rise > 0 else min(self.y, y) + rise
        self.points += [(self.x, far), (x, far), (x, y)]
        self.x, self.y = x, y


def routed(
    piece: Piece,
    ranks: Ranks,
    layers: Layers,
    x: npt.NDArray[np.float64],
    centres: npt.NDArray[np.float64],
    bands: Bands,
) -> list[npt.NDArray[np.float64]]:
    """Return the control points of every link, float64 (3n + 1, 2) each."""
    starts, ends = (array.tolist() for array in link_ends(piece, centres))
    tops, bottoms, columns, rank = bands.tops.tolist(), bands.bottoms.tolist(), x.tolist(), layers.rank
    lanes = _lanes(piece, layers, columns)
    curves: list[npt.NDArray[np.float64]] = []
    for k, link in enumerate(piece.links):
        path = Path(*starts[k])
        leave, enter = bottoms[rank[link.source]], tops[rank[link.target]]
        if k in lanes:
            _round_on_the_right(path, lanes[k], leave, enter, bands.gap)
        elif ranks.upwards[k]:
            _upwards(path, [(columns[p], tops[rank[p]], bottoms[rank[p]]) for p in layers.points[k]], bands.gap)
            path.turn_to(ends[k][0], ends[k][1], -0.9 * bands.gap)
        else:
            _downwards(path, [(columns[p], tops[rank[p]], bottoms[rank[p]]) for p in layers.points[k]], leave)
        if not ranks.upwards[k]:
            path.bend_to(ends[k][0], enter)
            path.straight_to(ends[k][1])
        curves.append(np.array(path.points))
    return curves


def _downwards(path: Path, passed: list[tuple[float, float, float]], leave: float) -> None:
    """Run down to the end of the first rank and through the ranks passed; equal columns make one straight line."""
    path.straight_to(leave)
    last: float | None = None
    for x, top, bottom in passed:
        if last is not None and abs(x - path.x) < 1e-6:
            last = bottom
            continue
        if last is not None:
            path.straight_to(last)
        path.bend_to(x, top)
        last = bottom
    if last is not None:
        path.straight_to(last)


def _upwards(path: Path, passed: list[tuple[float, float, float]], gap: float) -> None:
    x, _, bottom = passed[-1]
    path.turn_to(x, bottom, 0.9 * gap)
    for x, top, bottom in reversed(passed):
        path.bend_to(x, bottom)
        path.straight_to(top)


def _lanes(piece: Piece, layers: Layers, columns: list[float]) -> dict[int, float]:
    """Return the x of the lane of every link that has one; links from the same port share theirs."""
    if not layers.lanes:
        return {}
    right = max(x + width / 2 for x, width in zip(columns, layers.widths, strict=True))
    lane: dict[tuple[int, float], float] = {}
    for k in sorted(layers.lanes):
        port = (piece.links[k].source, piece.links[k].source_port)
        lane.setdefault(port, right + 2 * LANE_GAP + LANE_GAP * len(lane))
    return {k: lane[piece.links[k].source, piece.links[k].source_port] for k in layers.lanes}


def _round_on_the_right(path: Path, lane: float, leave: float, enter: float, gap: float) -> None:
    path.straight_to(leave)
    path.bend_to(lane, leave + gap)
    path.straight_to(enter - gap)
