"""Which part of the picture is seen, and how large: pure arithmetic, no toolkit.

Zoom is a whole number of steps, 1,024 to the doubling, so that going there and back gives the very same scale and tiles
can be known by it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LEVELS_PER_DOUBLING: Final = 1_024
LARGEST_LEVEL: Final = 3 * LEVELS_PER_DOUBLING  # 800 %
MARGIN: Final = 24.0  # pixels left free around a fitted picture
WHOLE_FROM: Final = 0.6  # the scale from which a picture opens whole
SMALLEST_AT_FIRST: Final = 0.5  # the scale at which other pictures open: as wide as they are, within these
LARGEST_AT_FIRST: Final = 0.75
KEPT_IN_SIGHT: Final = 64.0  # pixels of the picture that panning cannot push out of the window

_ROUNDING: Final = 0.01
_GAP: Final = 8.0  # pixels between what is brought into sight and what would have covered it

Bounds = tuple[float, float, float, float]


def scale_of(level: float) -> float:
    """Pixels on the screen per pixel at 100 %."""
    return 2.0 ** (level / LEVELS_PER_DOUBLING)


def level_of(scale: float) -> int:
    """The nearest level to a scale."""
    return round(math.log2(scale) * LEVELS_PER_DOUBLING)


class View(NamedTuple):
    """A window of `width` × `height` pixels on the picture; `x`, `y` is the picture's point in its top left corner."""

    level: int = 0
    x: float = 0.0
    y: float = 0.0
    width: float = 1.0
    height: float = 1.0

    @property
    def scale(self) -> float:
        """Pixels on the screen per pixel at 100 %."""
        return scale_of(self.level)

    @property
    def visible(self) -> Bounds:
        """x, y, width, height of what is seen, in pixels at 100 %."""
        return self.x, self.y, self.width / self.scale, self.height / self.scale

    def to_picture(self, x: float, y: float) -> tuple[float, float]:
        """The picture's point under a pixel of the window."""
        return self.x + x / self.scale, self.y + y / self.scale

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of the window at which a point of the picture is seen."""
        return (x - self.x) * self.scale, (y - self.y) * self.scale

    def resized(self, width: float, height: float) -> View:
        """The same place in a window of another size; what is at the top stays there, in the middle of its width."""
        x = self.x + (self.width - max(1.0, width)) / self.scale / 2
        return self._replace(x=x, width=max(1.0, width), height=max(1.0, height))

    def panned(self, dx: float, dy: float) -> View:
        """The picture moved by pixels of the window."""
        return self._replace(x=self.x - dx / self.scale, y=self.y - dy / self.scale)

    def zoomed(self, level: int, x: float, y: float) -> View:
        """Another zoom, with the point of the picture under the pixel (x, y) kept there."""
        at_x, at_y = self.to_picture(x, y)
        scale = scale_of(level)
        return self._replace(level=level, x=at_x - x / scale, y=at_y - y / scale)

    def centred(self, x: float, y: float) -> View:
        """The picture's point (x, y) in the middle of the window."""
        return self._replace(x=x - self.width / self.scale / 2, y=y - self.height / self.scale / 2)

    def shows(self, bounds: Bounds, margin: float = 0.0, covers: Sequence[Bounds] = ()) -> bool:
        """Whether all of `bounds` (x, y, width, height) is in sight, `margin` pixels from the border.

        Args:
            bounds: A piece of the picture.
            margin: Pixels of the window.
            covers: What lies over the picture, in pixels of the window.
        """
        left, top, right, bottom = self.on_screen(bounds)
        if left < margin or top < margin or right > self.width - margin or bottom > self.height - margin:
            return False
        return all(right <= x or left >= x + w or bottom <= y or top >= y + h for x, y, w, h in covers)

    def revealing(self, bounds: Bounds, margin: float, covers: Sequence[Bounds] = ()) -> View:
        """The nearest view with all of `bounds` in sight, `margin` pixels from the border; or its middle.

        Where something covers it there, the nearest from which nothing does, if there is one.
        """
        x = _nearest(self.x, self.width / self.scale, bounds[0], bounds[2], margin / self.scale)
        y = _nearest(self.y, self.height / self.scale, bounds[1], bounds[3], margin / self.scale)
        nearest = self._replace(x=x, y=y)
        left, top, right, bottom = nearest.on_screen(bounds)
        moves: list[tuple[float, float]] = []
        for cover_left, cover_top, width, height in covers:
            moves += [(cover_left - right - _GAP, 0), (cover_left + width - left + _GAP, 0)]
            moves += [(0, cover_top - bottom - _GAP), (0, cover_top + height - top + _GAP)]
        moves.sort(key=lambda move: abs(move[0]) + abs(move[1]))
        views = (nearest.panned(*move) for move in [(0.0, 0.0), *moves])
        return next((view for view in views if view.shows(bounds, margin - _ROUNDING, covers)), nearest)

    def on_screen(self, bounds: Bounds) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a piece of the picture in the window."""
        return *self.to_screen(bounds[0], bounds[1]), *self.to_screen(bounds[0] + bounds[2], bounds[1] + bounds[3])

    def fitted(self, bounds: Bounds, largest: int = 0) -> View:
        """All of `bounds` in the middle of the window, at most at `largest` zoom (100 % by default)."""
        level = min(largest, fit_level(bounds, self.width, self.height))
        return self._replace(level=level).centred(bounds[0] + bounds[2] / 2, bounds[1] + bounds[3] / 2)

    def turned_to(self, piece: Bounds, whole: Bounds) -> View:
        """A piece of the picture in the middle, or as near to it as the border of the picture lets it be."""
        return self.centred(piece[0] + piece[2] / 2, piece[1] + piece[3] / 2).filled(whole)

    def filled(self, bounds: Bounds) -> View:
        """The nearest view with no more than a margin of nothing at a side, if there is something on the other."""
        margin, (_, _, width, height) = MARGIN / self.scale, self.visible
        x = _between(self.x, bounds[0] - margin, bounds[0] + bounds[2] + margin - width)
        y = _between(self.y, bounds[1] - margin, bounds[1] + bounds[3] + margin - height)
        return self._replace(x=x, y=y)

    def clamped(self, bounds: Bounds) -> View:
        """The nearest view that still shows some of `bounds`."""
        kept = KEPT_IN_SIGHT / self.scale
        x = _between(self.x, bounds[0] - self.width / self.scale + kept, bounds[0] + bounds[2] - kept)
        y = _between(self.y, bounds[1] - self.height / self.scale + kept, bounds[1] + bounds[3] - kept)
        return self._replace(x=x, y=y)


def fit_level(bounds: Bounds, width: float, height: float) -> int:
    """The largest level at which `bounds` fits in a window, a margin left free."""
    room_x, room_y = max(16.0, width - 2 * MARGIN), max(16.0, height - 2 * MARGIN)
    scale = min(room_x / max(bounds[2], 1.0), room_y / max(bounds[3], 1.0))
    return math.floor(math.log2(scale) * LEVELS_PER_DOUBLING)


def clamp_level(level: int, bounds: Bounds, width: float, height: float) -> int:
    """The nearest level between 800 % and half of what shows everything (or 12 %, whichever is smaller)."""
    smallest = min(fit_level(bounds, width, height) - LEVELS_PER_DOUBLING, level_of(0.12))
    return max(smallest, min(LARGEST_LEVEL, level))


def opening_view(view: View, bounds: Bounds, start: Bounds, natural: int = 0) -> View:
    """How a new picture is first shown: all of it where that can be read, else from where its gradients start.

    Args:
        view: The window.
        bounds: All of the picture: x, y, width, height.
        start: The box where the gradients start.
        natural: The level at which things have their natural size; 0 unless the whole window is enlarged.
    """
    fit = view.fitted(bounds, natural)
    if fit.level >= natural + level_of(WHOLE_FROM):
        return fit
    across = fit_level((0.0, 0.0, bounds[2], 1.0), view.width, view.height)
    level = natural + max(level_of(SMALLEST_AT_FIRST), min(level_of(LARGEST_AT_FIRST), across - natural))
    placed = view._replace(level=level).centred(start[0] + start[2] / 2, 0.0)
    return placed._replace(x=placed.filled(bounds).x, y=start[1] - MARGIN / placed.scale)


def between(first: View, second: View, part: float) -> View:
    """The view that is `part` (0 to 1) of the way: constant zoom speed, and the shared point of both at rest."""
    if part >= 1.0:
        return second
    level = round(first.level + (second.level - first.level) * part)
    one, other = first.scale, second.scale
    # With a change of zoom the middle must move with 1 / scale, or the way would swing out to the side.
    weight = part if abs(one - other) < 1e-9 else (1 / scale_of(level) - 1 / one) / (1 / other - 1 / one)
    x = first.x + (second.x - first.x) * weight
    y = first.y + (second.y - first.y) * weight
    return second._replace(level=level, x=x, y=y)


def _nearest(at: float, length: float, start: float, size: float, margin: float) -> float:
    """The place nearest to `at` for a window of some length that shows `size` from `start` on, and a margin around."""
    if size + 2 * margin > length:
        return start + size / 2 - length / 2
    return _between(at, start + size + margin - length, start - margin)


def union(bounds: Iterable[Bounds]) -> Bounds:
    """x, y, width, height of all together."""
    left, top, right, bottom = zip(*((x, y, x + width, y + height) for x, y, width, height in bounds), strict=True)
    return min(left), min(top), max(right) - min(left), max(bottom) - min(top)


def _between(value: float, low: float, high: float) -> float:
    return (low + high) / 2 if low > high else max(low, min(high, value))
