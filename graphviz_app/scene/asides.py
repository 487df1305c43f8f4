"""Gradients that move at once: where their ways begin or end together, their tags go side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Offsets = npt.NDArray[np.float64]

GAP = 4.0
"""Pixels between two tags side by side."""
WIDEST = 640.0
"""Pixels that a row of tags takes; of more tags each covers a part of the next."""


class Asides(NamedTuple):
    """How far beside the beginning and the end of its way each tag is: float64 (tags, 2) each."""

    starts: Offsets
    ends: Offsets

    def at(self, part: float) -> Offsets:
        """How far beside its way each tag is after `part` (0 to 1) of it: in the middle there is room for all."""
        from_start, to_end = (min(max(4 * share - 2, 0.0), 1.0) for share in (1 - part, part))
        return self.starts * from_start + self.ends * to_end


def asides(curves: Sequence[npt.NDArray[np.float32]], sizes: Sequence[tuple[float, float]]) -> Asides:
    """Where tags of these sizes go that move along these curves, each of (3k + 1, 2) control points."""
    if len(curves) < 2:
        nothing = np.zeros((len(curves), 2))
        return Asides(nothing, nothing)
    tags = np.array(sizes, np.float64).reshape(-1, 2) + GAP
    return Asides(_beside(curves, (0, 1), tags), _beside(curves, (-1, -2), tags))


def spread(places: npt.NDArray[np.float64], lengths: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The places on a line nearest to `places` at which pieces of these lengths do not overlap."""
    rows: list[tuple[list[int], float, float]] = []
    for number in np.argsort(places, kind="stable").tolist():
        members, centre, length = [number], float(places[number]), float(lengths[number])
        while rows and rows[-1][1] + rows[-1][2] / 2 > centre - length / 2:
            before, _, more = rows.pop()
            members, length = before + members, length + more
            centre = float(places[members].mean())
        rows.append((members, centre, length))
    result = places.copy()
    for members, centre, length in rows:
        own = lengths[members]
        along = np.cumsum(own) - own / 2 - length / 2
        result[members] = centre + along * min(1.0, WIDEST / length)
    return result


def _beside(curves: Sequence[npt.NDArray[np.float32]], ends: tuple[int, int], tags: Offsets) -> Offsets:
    """How far each tag must go at these ends of the curves; only those meet that are at about one place of their way.

    Curves leave and enter boxes at right angles: the tags stand in a row across that.
    """
    points, next_ones = (np.array([curve[end] for curve in curves], np.float64) for end in ends)
    across = int(np.argmin(np.abs(next_ones - points).sum(axis=0)))
    along = 1 - across
    offsets = np.zeros_like(points)
    order = np.argsort(points[:, along], kind="stable")
    breaks = np.flatnonzero(np.diff(points[order, along]) > tags[order[1:], along]) + 1
    for row in np.split(order, breaks):
        offsets[row, across] = spread(points[row, across], tags[row, across]) - points[row, across]
    return offsets
