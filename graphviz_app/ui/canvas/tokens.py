"""Where the moving gradients are: points at equal distances along each curve, found once a step, then looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from graphviz_app.ui.canvas.items import flattened

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

SAMPLES_PER_CURVE: Final = 16
STOPS: Final = 65


def evenly_spaced(points: npt.NDArray[np.float32], stops: int = STOPS) -> npt.NDArray[np.float64]:
    """`stops` points at equal distances along cubic Béziers, float64 (stops, 2), from (3k + 1, 2) control points."""
    polyline = flattened(points, SAMPLES_PER_CURVE)
    lengths = np.hypot(*np.diff(polyline, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    wanted = np.linspace(0.0, along[-1], stops)
    return np.stack([np.interp(wanted, along, polyline[:, axis]) for axis in (0, 1)], axis=1)


class Ways:
    """The ways of all tokens of one step."""

    def __init__(self, curves: Sequence[npt.NDArray[np.float32]]) -> None:
        self._stops = np.array([evenly_spaced(curve) for curve in curves]).reshape(len(curves), STOPS, 2)

    def at(self, part: float) -> npt.NDArray[np.float64]:
        """Where the tokens are after `part` (0 to 1) of their way: float64 (tokens, 2)."""
        place = min(max(part, 0.0), 1.0) * (STOPS - 1)
        before = min(int(place), STOPS - 2)
        rest = place - before
        return self._stops[:, before] * (1 - rest) + self._stops[:, before + 1] * rest
