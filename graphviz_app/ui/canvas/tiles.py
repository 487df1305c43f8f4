"""Tiles: squares of the picture at one zoom, which of them are wanted, and the ones that are kept. No painting here."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, TypeVar

from graphviz_app.ui.canvas.view import LEVELS_PER_DOUBLING, scale_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphviz_app.ui.canvas.view import View

TILE: Final = 512
TILE_BYTES: Final = TILE * TILE * 4

Image = TypeVar("Image")


class TileKey(NamedTuple):
    """The tile in column `x` and row `y` of the grid of `level` that starts at the picture's origin."""

    level: int
    x: int
    y: int


class Lens(NamedTuple):
    """A view in device pixels, as everything is painted: point p of the picture is at `p * scale + origin`.

    The origin is whole pixels, so a tile is copied, never interpolated, and what is painted on top meets it exactly.
    """

    level: int
    ratio: float
    origin_x: int
    origin_y: int
    width: int
    height: int

    @classmethod
    def of(cls, view: View, ratio: float) -> Lens:
        """The lens of a view on a screen with `ratio` device pixels to the pixel."""
        scale = view.scale * ratio
        return cls(
            view.level,
            ratio,
            _whole(-view.x * scale),
            _whole(-view.y * scale),
            math.ceil(view.width * ratio),
            math.ceil(view.height * ratio),
        )

    @property
    def scale(self) -> float:
        """Device pixels per pixel at 100 %."""
        return scale_of(self.level) * self.ratio

    @property
    def visible(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of what is seen, in pixels at 100 %."""
        return self.within(0, 0, self.width, self.height)

    def within(self, left: int, top: int, right: int, bottom: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels at 100 % of a part of the window, of which no more counts than is seen."""
        scale = self.scale
        return (
            (max(left, 0) - self.origin_x) / scale,
            (max(top, 0) - self.origin_y) / scale,
            (min(right, self.width) - self.origin_x) / scale,
            (min(bottom, self.height) - self.origin_y) / scale,
        )


class Target(NamedTuple):
    """Where a tile comes to lie, in device pixels: whole ones, so that neighbours meet without a seam."""

    left: int
    top: int
    right: int
    bottom: int


def tile_bounds(key: TileKey, ratio: float) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a tile, in pixels at 100 %."""
    size = TILE / (scale_of(key.level) * ratio)
    return key.x * size, key.y * size, (key.x + 1) * size, (key.y + 1) * size


def target_of(key: TileKey, lens: Lens) -> Target:
    """Where a tile is drawn under a lens, its own level or another."""
    size = TILE if key.level == lens.level else TILE * scale_of(lens.level - key.level)
    return Target(
        round(key.x * size) + lens.origin_x,
        round(key.y * size) + lens.origin_y,
        round((key.x + 1) * size) + lens.origin_x,
        round((key.y + 1) * size) + lens.origin_y,
    )


def tiles_in_sight(lens: Lens, level: int, ring: int = 0) -> list[TileKey]:
    """The tiles of `level` that a lens shows, and `ring` rows and columns around them; the middle ones first."""
    size = TILE if level == lens.level else TILE * scale_of(lens.level - level)
    first_x, last_x = _span(-lens.origin_x, lens.width, size)
    first_y, last_y = _span(-lens.origin_y, lens.height, size)
    middle_x, middle_y = (first_x + last_x) / 2, (first_y + last_y) / 2
    keys = [
        TileKey(level, x, y)
        for y in range(first_y - ring, last_y + ring + 1)
        for x in range(first_x - ring, last_x + ring + 1)
    ]
    return sorted(keys, key=lambda key: (key.x - middle_x) ** 2 + (key.y - middle_y) ** 2)


def doubling_level(level: int) -> int:
    """The power of two nearest to a level: the only zooms that are painted while zooming."""
    return round(level / LEVELS_PER_DOUBLING) * LEVELS_PER_DOUBLING


def _whole(place: float) -> int:
    """The nearest whole pixel; a half, which panning there and back may leave a hair off, always goes the same way."""
    return math.floor(place + 0.4999)


def _span(start: int, length: int, size: float) -> tuple[int, int]:
    return math.floor(start / size), math.floor((start + max(1, length) - 1) / size)


class TileStore(Generic[Image]):
    """The tiles that were painted, by key; forgets the ones that were not used for longest."""

    def __init__(self, budget: int = 200 * 2**20) -> None:
        self._budget = max(1, budget // TILE_BYTES)
        self._tiles: OrderedDict[TileKey, Image] = OrderedDict()
        self._levels: dict[int, set[TileKey]] = {}

    def __len__(self) -> int:
        return len(self._tiles)

    def __contains__(self, key: TileKey) -> bool:
        return key in self._tiles

    def __iter__(self) -> Iterator[TileKey]:
        return iter(self._tiles)

    @property
    def levels(self) -> list[int]:
        """The levels that have any tile."""
        return list(self._levels)

    def at(self, level: int) -> set[TileKey]:
        """The tiles kept of one level."""
        return self._levels.get(level, set())

    def peek(self, key: TileKey) -> Image | None:
        """A tile, without counting it as used."""
        return self._tiles.get(key)

    def use(self, key: TileKey) -> Image | None:
        """A tile that is being drawn."""
        if key not in self._tiles:
            return None
        self._tiles.move_to_end(key)
        return self._tiles[key]

    def put(self, key: TileKey, image: Image) -> None:
        """Keeps a tile, in place of an older one of the same key."""
        self._tiles[key] = image
        self._tiles.move_to_end(key)
        self._levels.setdefault(key.level, set()).add(key)
        while len(self._tiles) > self._budget:
            self._forget(next(iter(self._tiles)))

    def clear(self) -> None:
        """Forgets all."""
        self._tiles.clear()
        self._levels.clear()

    def _forget(self, key: TileKey) -> None:
        del self._tiles[key]
        kept = self._levels[key.level]
        kept.discard(key)
        if not kept:
            del self._levels[key.level]
