"""The display list as one PDF page of exactly its size: vectors, with the font embedded."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, assert_never

from PIL import Image

from graphviz_app.export.drawing import DASH, Drawing, split_colour
from graphviz_app.export.fonts import drawable, font_path
from graphviz_app.export.text import visible_text
from graphviz_app.scene.shapes import Curve, HeatMap, Polygon, Rectangle, Shape, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

POINTS = 0.75
"""Points to a pixel at 100 %: 96 pixels are an inch, as on screens."""
LONGEST_SIDE = 14_400.0
"""Points; readers refuse larger pages."""
_FONTS = {False: "JetBrainsMono", True: "JetBrainsMono-Bold"}


def pdf_bytes(drawing: Drawing, *, scale: float = 1.0) -> bytes:
    """The drawing as a PDF file; the page is made smaller where a side would be longer than readers accept."""
    from reportlab.pdfgen.canvas import Canvas

    _register_fonts()
    points = min(POINTS * scale, LONGEST_SIDE / max(drawing.width, drawing.height))
    stream = io.BytesIO()
    page_size = (drawing.width * points, drawing.height * points)
    canvas: Any = Canvas(stream, pagesize=page_size, invariant=1, pageCompression=1)
    canvas.setTitle(visible_text(drawing.title))
    canvas.setSubject(visible_text(drawing.description))
    # The one place where y turns round: PDF counts from the bottom.
    canvas.transform(points, 0, 0, -points, -drawing.x * points, (drawing.y + drawing.height) * points)
    page = Rectangle(drawing.x, drawing.y, drawing.width, drawing.height, fill=drawing.background)
    _draw(canvas, (page, *drawing.shapes))
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _register_fonts() -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for bold, name in _FONTS.items():
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(font_path(bold=bold))))


def _draw(canvas: Any, shapes: Iterable[Shape]) -> None:
    for shape in shapes:
        match shape:
            case Rectangle():
                _rectangle(canvas, shape)
            case Text():
                _text(canvas, shape)
            case Curve():
                _curve(canvas, shape)
            case Polygon():
                _polygon(canvas, shape)
            case HeatMap():
                _heat_map(canvas, shape)
            case _:
                assert_never(shape)


def _rectangle(canvas: Any, shape: Rectangle) -> None:
    _fill(canvas, shape.fill)
    _stroke(canvas, shape.stroke, shape.stroke_width, dashed=shape.dashed)
    place = (shape.x, shape.y, shape.width, shape.height)
    painted = {"fill": int(shape.fill is not None), "stroke": int(shape.stroke is not None)}
    if not any(painted.values()):
        return
    if shape.radius:
        canvas.roundRect(*place, min(shape.radius, shape.width / 2, shape.height / 2), **painted)
    else:
        canvas.rect(*place, **painted)


def _text(canvas: Any, shape: Text) -> None:
    _fill(canvas, shape.colour)
    canvas.saveState()
    # Letters must not stand on their heads in the page's turned coordinates.
    canvas.transform(1, 0, 0, -1, shape.x, shape.y)
    canvas.setFont(_FONTS[shape.bold], shape.size)
    draw = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
    draw[shape.anchor](0, 0, drawable(visible_text(shape.text)))
    canvas.restoreState()


def _curve(canvas: Any, shape: Curve) -> None:
    points = shape.points.tolist()
    if len(points) < 2:
        return
    _stroke(canvas, shape.colour, shape.width, dashed=shape.dashed)
    path = canvas.beginPath()
    path.moveTo(*points[0])
    for first in range(1, len(points) - 2, 3):
        path.curveTo(*points[first], *points[first + 1], *points[first + 2])
    canvas.drawPath(path, stroke=1, fill=0)


def _polygon(canvas: Any, shape: Polygon) -> None:
    _fill(canvas, shape.fill)
    path = canvas.beginPath()
    path.moveTo(*shape.points[0])
    for point in shape.points[1:]:
        path.lineTo(*point)
    path.close()
    canvas.drawPath(path, stroke=0, fill=1)


def _heat_map(canvas: Any, shape: HeatMap) -> None:
    from reportlab.lib.utils import ImageReader

    canvas.saveState()
    canvas.transform(1, 0, 0, -1, shape.x, shape.y + shape.height)
    canvas.drawImage(ImageReader(Image.fromarray(shape.pixels)), 0, 0, shape.width, shape.height, mask="auto")
    canvas.restoreState()


def _fill(canvas: Any, colour: str | None) -> None:
    if colour is not None:
        opaque, opacity = split_colour(colour)
        canvas.setFillColor(opaque)
        canvas.setFillAlpha(opacity)


def _stroke(canvas: Any, colour: str | None, width: float, *, dashed: bool) -> None:
    if colour is not None:
        opaque, opacity = split_colour(colour)
        canvas.setStrokeColor(opaque)
        canvas.setStrokeAlpha(opacity)
        canvas.setLineWidth(width)
        canvas.setDash(*([list(DASH)] if dashed else []))
