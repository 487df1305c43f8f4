"""Route single links between boxes that are already placed: straight through rows, bending in the gaps between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.layout.routing import Path

if TYPE_CHECKING:
    import numpy.typing as npt

CLEARANCE = 12.0
"""Pixels that a link keeps from boxes it passes."""
LINK_GAP = 10.0
"""Pixels between links that pass the same row."""


class Row(NamedTuple):
    """Boxes side by side: the height they take, and where between them links may pass."""

    top: float
    bottom: float
    free: list[tuple[float, float]]


class Rows:
    """The rows that placed boxes form, from top to bottom, and the links already led through them."""

    def __init__(self, rectangles: list[tuple[float, float, float, float]]) -> None:
        """Find the rows.

        Args:
            rectangles: Left, top, right, bottom of each box.
        """
        self.rows: list[Row] = []
        self._used: list[list[float]] = []
        for top, bottom, members in _bands(rectangles):
            self.rows.append(Row(top, bottom, _free(members)))
            self._used.append([])

    def routed(self, start: tuple[float, float], end: tuple[float, float]) -> npt.NDArray[np.float64] | None:
        """Return a curve from a box's bottom to a lower box's top, float64 (3n + 1, 2); None if it would go up."""
        first, last = self._below(start[1]), self._above(end[1])
        if end[1] <= start[1] or last < first - 1:
            return None
        path = Path(*start)
        if first > 0 and self.rows[first - 1].bottom > start[1]:
            path.straight_to(self.rows[first - 1].bottom)
        common = self._common_column(first, last, start[0], end[0])
        for index in range(first, last + 1):
            row = self.rows[index]
            x = self._spread(index, common if common is not None else _nearest(row.free, path.x))
            path.bend_to(x, row.top)
            path.straight_to(row.bottom)
        arrive = self.rows[last + 1].top if last + 1 < len(self.rows) else end[1]
        path.bend_to(end[0], min(max(arrive, path.y), end[1]))
        path.straight_to(end[1])
        return np.array(path.points)

    def _below(self, y: float) -> int:
        """Return the first row that starts below y."""
        return next((i for i, row in enumerate(self.rows) if row.top >= y - 0.5), len(self.rows))

    def _above(self, y: float) -> int:
        """Return the last row that ends above y."""
        return next((i for i in reversed(range(len(self.rows))) if self.rows[i].bottom <= y + 0.5), -1)

    def _common_column(self, first: int, last: int, start: float, end: float) -> float | None:
        """Return an x that is free in all the rows passed, nearest to both ends; None if there is none."""
        if last <= first:
            return None
        free = self.rows[first].free
        for row in self.rows[first + 1 : last + 1]:
            free = [
                (max(low, other_low), min(high, other_high))
                for low, high in free
                for other_low, other_high in row.free
                if max(low, other_low) <= min(high, other_high)
            ]
        if not free:
            return None
        columns = [min(max(wish, low), high) for low, high in free for wish in (start, end)]
        return min(columns, key=lambda x: (abs(x - start) + abs(x - end), abs(x - end)))

    def _spread(self, index: int, x: float) -> float:
        """Return the free x nearest to the one wanted that no earlier link runs on; the one wanted if there is none."""
        row, used = self.rows[index], self._used[index]
        for step in range(40):
            for candidate in (x + step * LINK_GAP, x - step * LINK_GAP):
                fits = any(low <= candidate <= high for low, high in row.free)
                if fits and all(abs(candidate - other) >= LINK_GAP - 1 for other in used):
                    used.append(candidate)
                    return candidate
        return x


def _bands(
    rectangles: list[tuple[float, float, float, float]],
) -> list[tuple[float, float, list[tuple[float, float]]]]:
    bands: list[tuple[float, float, list[tuple[float, float]]]] = []
    for left, top, right, bottom in sorted(rectangles, key=lambda rectangle: (rectangle[1], rectangle[0])):
        if bands and top < bands[-1][1] - 0.5:
            above, below, members = bands[-1]
            bands[-1] = (above, max(below, bottom), [*members, (left, right)])
        else:
            bands.append((top, bottom, [(left, right)]))
    return bands


def _free(members: list[tuple[float, float]]) -> list[tuple[float, float]]:
    free: list[tuple[float, float]] = []
    reached = float("-inf")
    for left, right in sorted(members):
        if left - CLEARANCE >= reached:
            free.append((reached, left - CLEARANCE))
        reached = max(reached, right + CLEARANCE)
    return [*free, (reached, float("inf"))]


def _nearest(free: list[tuple[float, float]], x: float) -> float:
    return min((min(max(x, low), high) for low, high in free), key=lambda candidate: abs(candidate - x))
