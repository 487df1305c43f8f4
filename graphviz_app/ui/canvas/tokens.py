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


def evenly_spaced(curves: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float64]:
    """Points at equal distances along each curve: float64 (curves, STOPS, 2), from (3k + 1, 2) control points each."""
    stops = np.empty((len(curves), STOPS, 2))
    by_length: dict[int, list[int]] = {}
    for number, points in enumerate(curves):
        by_length.setdefault(len(points), []).append(number)
    for numbers in by_length.values():
        # All curves of as many points at once: a step may move hundreds.
        polylines = flattened(np.stack([curves[number] for number in numbers]), SAMPLES_PER_CURVE)
        lengths = np.hypot(*np.moveaxis(np.diff(polylines, axis=1), -1, 0))
        along = np.concatenate([np.zeros((len(numbers), 1)), np.cumsum(lengths, axis=1)], axis=1)
        for number, polyline, distance in zip(numbers, polylines, along, strict=True):
            wanted = np.linspace(0.0, distance[-1], STOPS)
            stops[number, :, 0] = np.interp(wanted, distance, polyline[:, 0])
            stops[number, :, 1] = np.interp(wanted, distance, polyline[:, 1])
    return stops


class Ways:
    """The ways of all tokens of one step."""

    def __init__(self, curves: Sequence[npt.NDArray[np.float32]]) -> None:
        self._stops = evenly_spaced(curves)

    def at(self, part: float) -> npt.NDArray[np.float64]:
        """Where the tokens are after `part` (0 to 1) of their way: float64 (tokens, 2)."""
        place = min(max(part, 0.0), 1.0) * (STOPS - 1)
        before = min(int(place), STOPS - 2)
        rest = place - before
        return self._stops[:, before] * (1 - rest) + self._stops[:, before + 1] * rest
