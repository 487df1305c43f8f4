"""Which steps the strip shows, and where: the arithmetic of zooming and panning, without any widget."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FEWEST_STEPS = 8.0
"""The closest zoom shows so many steps."""


@dataclass(frozen=True)
class StripView:
    """Steps `first` to `last` (a step s fills s - 0.5 to s + 0.5) over pixels `left` to `left + width`."""

    step_count: int
    left: float = 0.0
    width: float = 1.0
    first: float = -0.5
    last: float = 0.5

    @classmethod
    def whole(cls, step_count: int, left: float, width: float) -> StripView:
        """Everything at once."""
        return cls(step_count, left, max(width, 1.0), -0.5, step_count + 0.5)

    @property
    def pixels_per_step(self) -> float:
        """How wide one step is."""
        return self.width / (self.last - self.first)

    @property
    def is_zoomed(self) -> bool:
        """Whether anything lies outside."""
        return self.last - self.first < self.step_count + 1 - 1e-6

    def x_of(self, step: float) -> float:
        """The pixel of a step's middle."""
        return self.left + (step - self.first) * self.pixels_per_step

    def step_at(self, x: float) -> int:
        """The step nearest to a pixel, within 0 to `step_count`."""
        step = round(self.first + (x - self.left) / self.pixels_per_step)
        return min(max(step, 0), self.step_count)

    def edges(self, columns: int) -> npt.NDArray[np.float64]:
        """Borders of `columns` equal columns over the whole width, in steps: columns + 1 of them."""
        return np.linspace(self.first, self.last, columns + 1)

    def zoomed(self, factor: float, x: float) -> StripView:
        """Closer by `factor`, with what lies under pixel `x` staying there."""
        anchor = self.first + (x - self.left) / self.pixels_per_step
        length = (self.last - self.first) / factor
        length = min(max(length, min(FEWEST_STEPS, self.step_count + 1.0)), self.step_count + 1.0)
        share = (anchor - self.first) / (self.last - self.first)
        return self._from(anchor - share * length, length)

    def panned(self, steps: float) -> StripView:
        """Moved by so many steps, as far as there are any."""
        return self._from(self.first + steps, self.last - self.first)

    def resized(self, left: float, width: float) -> StripView:
        """The same steps over other pixels."""
        return replace(self, left=left, width=max(width, 1.0))

    def showing(self, step: int) -> StripView:
        """Moved, where it must be, so that `step` is inside with some room around it."""
        length = self.last - self.first
        margin = min(length * 0.08, 20.0)
        if step < self.first + margin:
            return self._from(step - margin - length * 0.2, length)
        if step > self.last - margin:
            return self._from(step + margin - length * 0.8, length)
        return self

    def _from(self, first: float, length: float) -> StripView:
        first = min(max(first, -0.5), self.step_count + 0.5 - length)
        return replace(self, first=first, last=first + length)
