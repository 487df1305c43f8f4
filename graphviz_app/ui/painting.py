"""Draws the display list with QPainter: the same shapes in tiles, on top of them, on paper and on the clipboard.

A `ShapePainter` belongs to the thread that made it: raw fonts and glyph runs must not cross threads.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from contextlib import contextmanager
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Final, Protocol, assert_never

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QGlyphRun, QImage, QPainter, QPainterPath, QPen, QPolygonF, QRawFont

from graphviz_app.resources import resource
from graphviz_app.scene.measure import ADVANCE, columns, text_width
from graphviz_app.scene.shapes import Curve, HeatMap, Polygon, Rectangle, Shape, Text

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from PySide6.QtGui import QPaintDevice

FAMILY: Final = "JetBrains Mono"
ASCENT: Final = 1.02  # of the size: what the font's glyphs reach, accents included
DESCENT: Final = 0.3
TEXTS_KEPT: Final = 4_000
LONGEST_SIDE: Final = 32_000
"""Pixels of an image: Qt paints to 32,767."""
LARGEST_IMAGE: Final = 100_000_000
"""Pixels of an image, of four bytes each."""

Bounds = tuple[float, float, float, float]


@contextmanager
def painting_on(device: QPaintDevice) -> Generator[QPainter]:
    """A painter that has ended before its device can go, whatever is raised: Qt crashes the process otherwise."""
    painter = QPainter(device)
    try:
        yield painter
    finally:
        painter.end()


@lru_cache(maxsize=512)
def colour(name: str) -> QColor:
    """The QColor of "#rrggbb" or "#rrggbbaa" (Qt itself would read the alpha first)."""
    red, green, blue = (int(name[i : i + 2], 16) for i in (1, 3, 5))
    return QColor(red, green, blue, int(name[7:9], 16) if len(name) == 9 else 255)


@lru_cache(maxsize=512)
def pen(name: str | None, width: float = 1.0, *, dashed: bool = False) -> QPen:
    """A pen; `width` 0 is one pixel at every zoom, no name is no line."""
    if name is None:
        return QPen(Qt.PenStyle.NoPen)
    made = QPen(colour(name), width)
    made.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    made.setCapStyle(Qt.PenCapStyle.FlatCap)
    if dashed:
        made.setDashPattern([4.0, 3.0])
    return made


@lru_cache(maxsize=512)
def brush(name: str | None) -> QBrush:
    """A plain brush; no name is no filling."""
    return QBrush(Qt.BrushStyle.NoBrush) if name is None else QBrush(colour(name))


@lru_cache(maxsize=2)
def picture_font(bold: bool) -> QFont:
    """The picture font as a QFont, large; scale the painter, for Qt takes whole pixel sizes only."""
    font = QFont(FAMILY)
    font.setPixelSize(32)
    font.setBold(bold)
    font.setKerning(False)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


class Mark(Protocol):
    """A shape made ready for QPainter."""

    def draw(self, painter: QPainter) -> None:
        """Paints it."""
        ...


class _PathMark:
    """A path with its pen and brush: round boxes, curves, polygons."""

    __slots__ = ("brush", "path", "pen")

    def __init__(self, path: QPainterPath, pen: QPen, brush: QBrush) -> None:
        self.path = path
        self.pen = pen
        self.brush = brush

    def draw(self, painter: QPainter) -> None:
        painter.setPen(self.pen)
        painter.setBrush(self.brush)
        painter.drawPath(self.path)


class _BoxMark:
    """A box with sharp corners, which QPainter fills faster than a path."""

    __slots__ = ("brush", "pen", "rectangle")

    def __init__(self, rectangle: QRectF, pen: QPen, brush: QBrush) -> None:
        self.rectangle = rectangle
        self.pen = pen
        self.brush = brush

    def draw(self, painter: QPainter) -> None:
        painter.setPen(self.pen)
        painter.setBrush(self.brush)
        painter.drawRect(self.rectangle)


class _GlyphMark:
    """Text whose glyphs stand exactly one advance apart, as the scene measured them."""

    __slots__ = ("pen", "place", "run")

    def __init__(self, place: QPointF, run: QGlyphRun, pen: QPen) -> None:
        self.place = place
        self.run = run
        self.pen = pen

    def draw(self, painter: QPainter) -> None:
        painter.setPen(self.pen)
        painter.drawGlyphRun(self.place, self.run)


class _ForeignTextMark:
    """Characters that the picture font lacks, each in a cell of its own, from whatever font the system has."""

    __slots__ = ("font", "pen", "scale", "text", "x", "y")

    def __init__(self, x: float, y: float, shape: Text) -> None:
        self.x = x
        self.y = y
        self.text = shape.text
        self.pen = pen(shape.colour)
        self.font = picture_font(shape.bold)
        self.scale = shape.size / self.font.pixelSize()

    def draw(self, painter: QPainter) -> None:
        painter.save()
        painter.translate(self.x, self.y)
        painter.scale(self.scale, self.scale)
        painter.setFont(self.font)
        painter.setPen(self.pen)
        for place, character in zip(_places(self.text, self.font.pixelSize()), self.text, strict=True):
            painter.drawText(place, character)
        painter.restore()


class _ImageMark:
    """A heat map: cells with sharp borders."""

    __slots__ = ("image", "place")

    def __init__(self, place: QRectF, image: QImage) -> None:
        self.place = place
        self.image = image

    def draw(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(self.place, self.image)


class ShapePainter:
    """Turns shapes into marks and paints them; belongs to one thread."""

    def __init__(self) -> None:
        self._fonts: dict[tuple[float, bool], QRawFont] = {}
        self._runs: OrderedDict[tuple[str, float, bool], QGlyphRun | None] = OrderedDict()

    def prepare(self, shapes: Iterable[Shape]) -> tuple[Mark, ...]:
        """The shapes made ready; worth keeping when they are painted more than once."""
        return tuple(self._mark(shape) for shape in shapes)

    def draw(self, painter: QPainter, shapes: Iterable[Shape]) -> None:
        """Paints the shapes in their order, in pixels at 100 % under the painter's own transform."""
        for shape in shapes:
            self._mark(shape).draw(painter)

    def _mark(self, shape: Shape) -> Mark:
        match shape:
            case Rectangle():
                return _rectangle_mark(shape)
            case Text():
                return self._text_mark(shape)
            case Curve():
                outline = pen(shape.colour, shape.width, dashed=shape.dashed)
                return _PathMark(curve_path(shape.points), outline, brush(None))
            case Polygon():
                return _PathMark(_polygon_path(shape.points), pen(None), brush(shape.fill))
            case HeatMap():
                return _ImageMark(QRectF(shape.x, shape.y, shape.width, shape.height), heat_map_image(shape.pixels))
            case _:
                assert_never(shape)

    def _text_mark(self, shape: Text) -> Mark:
        x = text_left(shape)
        run = self._run(shape.text, shape.size, shape.bold)
        if run is None:
            return _ForeignTextMark(x, shape.y, shape)
        return _GlyphMark(QPointF(x, shape.y), run, pen(shape.colour))

    def _run(self, text: str, size: float, bold: bool) -> QGlyphRun | None:
        """The glyphs of a text, or None where the picture font lacks one of them."""
        key = (text, size, bold)
        if key in self._runs:
            self._runs.move_to_end(key)
            return self._runs[key]
        made = self._runs[key] = self._new_run(text, size, bold)
        if len(self._runs) > TEXTS_KEPT:
            self._runs.popitem(last=False)
        return made

    def _new_run(self, text: str, size: float, bold: bool) -> QGlyphRun | None:
        font = self._font(size, bold)
        glyphs = font.glyphIndexesForString(text)
        if 0 in glyphs or len(glyphs) != len(text):
            return None
        run = QGlyphRun()
        run.setRawFont(font)
        run.setGlyphIndexes(glyphs)
        run.setPositions(_places(text, size))
        return run

    def _font(self, size: float, bold: bool) -> QRawFont:
        font = self._fonts.get((size, bold))
        if font is None:
            path = resource("fonts", "JetBrainsMono-Bold.ttf" if bold else "JetBrainsMono-Regular.ttf")
            font = self._fonts[size, bold] = QRawFont(str(path), size, QFont.HintingPreference.PreferNoHinting)
        return font


def _places(text: str, size: float) -> list[QPointF]:
    """Where each character stands on the baseline: whole cells, as the scene measured them."""
    cell = ADVANCE * size
    if text.isascii():
        return [QPointF(column * cell, 0.0) for column in range(len(text))]
    before = accumulate((columns(character) for character in text), initial=0)
    return [QPointF(column * cell, 0.0) for column, _ in zip(before, text, strict=False)]


def text_left(shape: Text) -> float:
    """Where the first glyph of a text begins."""
    width = text_width(shape.text, shape.size)
    match shape.anchor:
        case "start":
            return shape.x
        case "middle":
            return shape.x - width / 2
        case "end":
            return shape.x - width
        case _:
            assert_never(shape.anchor)


def curve_path(points: np.ndarray) -> QPainterPath:
    """The path of cubic Béziers, from float32 (3k + 1, 2) control points."""
    flat: list[list[float]] = points.tolist()
    path = QPainterPath(QPointF(*flat[0]))
    for k in range(1, len(flat) - 2, 3):
        path.cubicTo(QPointF(*flat[k]), QPointF(*flat[k + 1]), QPointF(*flat[k + 2]))
    return path


def heat_map_image(pixels: np.ndarray) -> QImage:
    """A QImage of its own from uint8 (rows, columns, 4) RGBA."""
    rows, columns = pixels.shape[:2]
    block = np.ascontiguousarray(pixels)
    return QImage(block.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888).copy()


def shapes_bounds(shapes: Sequence[Shape]) -> Bounds | None:
    """The (left, top, right, bottom) that shapes cover, lines' widths included; None of no shapes."""
    if not shapes:
        return None
    boxes = [_shape_bounds(shape) for shape in shapes]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _shape_bounds(shape: Shape) -> Bounds:
    match shape:
        case Rectangle():
            edge = shape.stroke_width / 2 if shape.stroke else 0.0
            return shape.x - edge, shape.y - edge, shape.x + shape.width + edge, shape.y + shape.height + edge
        case Text():
            left = text_left(shape)
            right = left + text_width(shape.text, shape.size)
            return left, shape.y - ASCENT * shape.size, right, shape.y + DESCENT * shape.size
        case Curve():
            (left, top), (right, bottom) = shape.points.min(axis=0).tolist(), shape.points.max(axis=0).tolist()
            return left - shape.width, top - shape.width, right + shape.width, bottom + shape.width
        case Polygon():
            xs, ys = zip(*shape.points, strict=True)
            return min(xs), min(ys), max(xs), max(ys)
        case HeatMap():
            return shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
        case _:
            assert_never(shape)


def _rectangle_mark(shape: Rectangle) -> Mark:
    place = QRectF(shape.x, shape.y, shape.width, shape.height)
    outline = pen(shape.stroke, shape.stroke_width, dashed=shape.dashed)
    if shape.radius <= 0:
        return _BoxMark(place, outline, brush(shape.fill))
    path = QPainterPath()
    path.addRoundedRect(place, shape.radius, shape.radius)
    return _PathMark(path, outline, brush(shape.fill))


def _polygon_path(points: Sequence[tuple[float, float]]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    path.closeSubpath()
    return path


def paint_image(shapes: Iterable[Shape], bounds: Bounds, scale: float, background: str) -> QImage:
    """A whole frame as an image: for the clipboard and the printer.

    Args:
        shapes: The display list.
        bounds: x, y, width, height of what to show, in pixels at 100 %.
        scale: Pixels of the image per pixel at 100 %; fewer where it would be too large to hold or for Qt to paint.
        background: Its colour.
    """
    by_side, by_area = LONGEST_SIDE / max(*bounds[2:], 1.0), LARGEST_IMAGE / max(bounds[2] * bounds[3], 1.0)
    scale = min(scale, by_side, math.sqrt(by_area))
    width, height = max(1, round(bounds[2] * scale)), max(1, round(bounds[3] * scale))
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(colour(background))
    with painting_on(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(scale, scale)
        painter.translate(-bounds[0], -bounds[1])
        ShapePainter().draw(painter, shapes)
    return image
