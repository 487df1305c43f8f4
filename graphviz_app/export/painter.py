"""Pictures one after the other, of which only what changed is rasterised anew."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, assert_never

from graphviz_app.export.drawing import ADVANCE, Drawing
from graphviz_app.export.png import picture, pixel_size, with_whole_page
from graphviz_app.scene.shapes import Curve, HeatMap, Polygon, Rectangle, Shape, Text

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from PIL import Image

_MOST_AREAS = 4
_WORTH_IT = 0.6
"""Where more than this part of the picture changed, all of it is drawn anew."""


class Area(NamedTuple):
    """A rectangle from (left, top) up to but not including (right, bottom)."""

    left: float
    top: float
    right: float
    bottom: float

    def joined(self, other: Area) -> Area:
        """The smallest area that holds both."""
        return Area(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def meets(self, other: Area) -> bool:
        """Whether the two overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    @property
    def size(self) -> float:
        """Its extent in square pixels."""
        return max(self.right - self.left, 0.0) * max(self.bottom - self.top, 0.0)


class Painter:
    """Makes RGB pictures of drawings of one size and scale."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._drawing: Drawing | None = None
        self._image: Image.Image | None = None
        self._areas: dict[Hashable, Area] = {}

    def paint(self, drawing: Drawing) -> Image.Image:
        """The picture of a drawing; a new image each time.

        Raises:
            ExportError: If it would be too large.
        """
        before, image = self._drawing, self._image
        self._drawing = drawing = with_whole_page(drawing, self._scale)
        if before is None or image is None or before[1:6] != drawing[1:6]:
            self._image = picture(drawing, scale=self._scale).convert("RGB")
            return self._image
        areas = self._changed_areas(before, drawing)
        if sum(area.size for area in areas) > _WORTH_IT * image.width * image.height:
            self._image = picture(drawing, scale=self._scale).convert("RGB")
            return self._image
        self._image = image.copy()
        for area in areas:
            self._repaint(self._image, drawing, area)
        return self._image

    def _changed_areas(self, before: Drawing, now: Drawing) -> list[Area]:
        """Where the pictures differ, in whole pixels of the image."""
        old = Counter(map(shape_key, before.shapes))
        new = Counter(map(shape_key, now.shapes))
        width, height = pixel_size(now, self._scale)
        areas: list[Area] = []
        for shape in (*before.shapes, *now.shapes):
            key = shape_key(shape)
            if old[key] != new[key]:
                area = self._pixels(shape_area(shape), now)
                area = Area(max(area.left, 0), max(area.top, 0), min(area.right, width), min(area.bottom, height))
                if area.size:
                    areas.append(area)
        return merged(areas, _MOST_AREAS)

    def _pixels(self, area: Area, drawing: Drawing) -> Area:
        scale = self._scale
        return Area(
            math.floor((area.left - drawing.x) * scale) - 1,
            math.floor((area.top - drawing.y) * scale) - 1,
            math.ceil((area.right - drawing.x) * scale) + 1,
            math.ceil((area.bottom - drawing.y) * scale) + 1,
        )

    def _repaint(self, image: Image.Image, drawing: Drawing, area: Area) -> None:
        # Cut along whole pixels, so that the piece is rasterised exactly as the whole would be.
        scale = self._scale
        piece = drawing._replace(
            x=drawing.x + area.left / scale,
            y=drawing.y + area.top / scale,
            width=(area.right - area.left) / scale,
            height=(area.bottom - area.top) / scale,
        )
        inside = tuple(shape for shape in drawing.shapes if self._pixels(shape_area(shape), drawing).meets(area))
        part = picture(piece._replace(shapes=inside), scale=scale)
        part = part.crop((0, 0, int(area.right - area.left), int(area.bottom - area.top)))
        image.paste(part.convert("RGB"), (int(area.left), int(area.top)))


def shape_key(shape: Shape) -> Hashable:
    """What makes two shapes the same: arrays by their content."""
    if isinstance(shape, Curve):
        return (shape.points.tobytes(), *shape[1:])
    if isinstance(shape, HeatMap):
        return (*shape[:4], shape.pixels.shape, shape.pixels.tobytes())
    return (type(shape), shape)


def shape_area(shape: Shape) -> Area:
    """An area that a shape stays within, its outline included."""
    match shape:
        case Rectangle():
            edge = shape.stroke_width
            return Area(shape.x - edge, shape.y - edge, shape.x + shape.width + edge, shape.y + shape.height + edge)
        case HeatMap():
            return Area(shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
        case Text():
            # Characters that the font lacks may be twice as wide.
            width = len(shape.text) * shape.size * (ADVANCE if shape.text.isascii() else 2 * ADVANCE)
            left = {"start": shape.x, "middle": shape.x - width / 2, "end": shape.x - width}[shape.anchor]
            return Area(left - shape.size, shape.y - 1.5 * shape.size, left + width + shape.size, shape.y + shape.size)
        case Curve():
            if not len(shape.points):
                return Area(0, 0, 0, 0)
            (left, top), (right, bottom) = shape.points.min(axis=0).tolist(), shape.points.max(axis=0).tolist()
            return Area(left - shape.width, top - shape.width, right + shape.width, bottom + shape.width)
        case Polygon():
            columns, rows = zip(*shape.points, strict=True)
            return Area(min(columns), min(rows), max(columns), max(rows))
        case _:
            assert_never(shape)


def merged(areas: Iterable[Area], most: int) -> list[Area]:
    """Join areas that overlap, and then those that cost least to join, until at most `most` are left."""
    result: list[Area] = []
    for area in areas:
        whole = area
        while (other := next((one for one in result if one.meets(whole)), None)) is not None:
            result.remove(other)
            whole = whole.joined(other)
        result.append(whole)
    while len(result) > most:
        pairs = ((a, b) for number, a in enumerate(result) for b in result[number + 1 :])
        first, second = min(pairs, key=lambda pair: pair[0].joined(pair[1]).size - pair[0].size - pair[1].size)
        result = merged([area for area in result if area not in (first, second)] + [first.joined(second)], len(result))
    return result
