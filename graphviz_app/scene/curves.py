"""Points on the curves of a layout."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Points = npt.NDArray[np.float32]


def point_on(points: Points, part: float) -> tuple[float, float]:
    """The point at `part` (0 to 1) of a chain of cubic Béziers; every piece takes the same share."""
    pieces = (len(points) - 1) // 3
    if pieces < 1:
        return (float(points[0][0]), float(points[0][1])) if len(points) else (0.0, 0.0)
    position = min(max(part, 0.0), 1.0) * pieces
    piece = min(int(position), pieces - 1)
    t = position - piece
    p = points[3 * piece : 3 * piece + 4].astype(np.float64)
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x, y = (sum(weight * p[i, axis] for i, weight in enumerate(weights)) for axis in (0, 1))
    return float(x), float(y)


def arrow_head(points: Points, size: float) -> tuple[tuple[float, float], ...]:
    """The three corners of an arrow head at the end of a curve."""
    tip_x, tip_y = float(points[-1][0]), float(points[-1][1])
    dx, dy = _direction_at_end(points)
    back_x, back_y = tip_x - dx * size, tip_y - dy * size
    half = size * 0.42
    return (
        (tip_x, tip_y),
        (back_x - dy * half, back_y + dx * half),
        (back_x + dy * half, back_y - dx * half),
    )


def straight(points: Points) -> Points:
    """The same way without its bends: one straight piece for far-away looks."""
    first, last = points[0], points[-1]
    return np.array([first, first + (last - first) / 3, last - (last - first) / 3, last], np.float32)


def _direction_at_end(points: Points) -> tuple[float, float]:
    tip = points[-1]
    for before in points[-2::-1]:
        dx, dy = float(tip[0] - before[0]), float(tip[1] - before[1])
        length = math.hypot(dx, dy)
        if length > 1e-3:
            return dx / length, dy / length
    return 0.0, 1.0
