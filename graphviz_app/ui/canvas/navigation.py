"""Walking the picture by keyboard: to the next box in reading order, or along a link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.ui.canvas.frame import PictureLike

Direction = Literal["left", "right", "up", "down"]

_AXES: dict[Direction, tuple[float, float]] = {
    "left": (-1.0, 0.0),
    "right": (1.0, 0.0),
    "up": (0.0, -1.0),
    "down": (0.0, 1.0),
}


class Walker:
    """Neighbours of boxes in one picture."""

    def __init__(self, picture: PictureLike) -> None:
        bounds = picture.box_bounds.astype(np.float64)
        self._middles: npt.NDArray[np.float64] = bounds[:, :2] + bounds[:, 2:] / 2
        self._order = np.lexsort((self._middles[:, 0], np.round(bounds[:, 1] / 8.0)))
        self._rank = np.argsort(self._order)
        links = picture.graph.links
        self._ends = np.array([(link.source, link.target) for link in links], np.intp).reshape(len(links), 2)

    def next(self, box: int | None, forward: bool) -> int | None:
        """The next or previous box in reading order; from none, the first or last; None past the end."""
        count = len(self._order)
        if not count:
            return None
        if box is None:
            return int(self._order[0 if forward else -1])
        rank = int(self._rank[box]) + (1 if forward else -1)
        return int(self._order[rank]) if 0 <= rank < count else None

    def in_order(self, chosen: npt.NDArray[np.bool_]) -> list[int]:
        """Some boxes, in reading order."""
        return self._order[chosen[self._order]].tolist()

    def along(self, box: int, direction: Direction) -> int | None:
        """The box at the other end of the link that leads most nearly in a direction; None if none does."""
        others = np.concatenate([self._ends[self._ends[:, 0] == box, 1], self._ends[self._ends[:, 1] == box, 0]])
        others = others[others != box]
        if not len(others):
            return None
        way = self._middles[others] - self._middles[box]
        length = np.maximum(np.hypot(*way.T), 1e-9)
        cosine = (way @ np.array(_AXES[direction])) / length
        # Among links that lead the same way, the nearer box first.
        score = np.where(cosine > 0.2, cosine - length * 1e-5, -np.inf)
        best = int(np.argmax(score))
        return int(others[best]) if np.isfinite(score[best]) else None
