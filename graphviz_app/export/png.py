"""The SVG as pixels, by resvg and the shipped font alone: no window, no system library."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from PIL import Image

from graphviz_app.export.drawing import FONT_FAMILY, Drawing
from graphviz_app.export.errors import ExportError
from graphviz_app.export.fonts import covers, plain_font_files
from graphviz_app.export.svg import svg_text
from graphviz_app.export.text import visible_text
from graphviz_app.scene.shapes import Rectangle, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz_app.scene.shapes import Shape

_DIGITS = 7
LARGEST_PICTURE = 200_000_000
"""Pixels; four bytes each while it is made."""


def png_bytes(drawing: Drawing, *, scale: float = 1.0) -> bytes:
    """The drawing as a PNG file, `scale` pixels to a pixel at 100 %.

    Raises:
        ExportError: If the picture would be too large to make.
    """
    # Late, since a window that exports nothing should not load it.
    import resvg_py

    width, height = pixel_size(drawing, scale)
    if width * height > LARGEST_PICTURE:
        raise ExportError(
            f"The picture would have {width} × {height} pixels, which is too large. Choose a smaller scale, "
            f"{largest_scale(drawing):g} at most, or an SVG."
        )
    # Exactly as many pixels as the SVG says of itself: otherwise it is fitted in, a pixel smaller and a bit distorted.
    whole = with_whole_page(drawing, scale)._replace(width=width / scale, height=height / scale)
    rendered = resvg_py.svg_to_bytes(
        svg_string=svg_text(whole, embed_font=False, scale=scale, digits=_DIGITS),
        width=width,
        height=height,
        font_family=FONT_FAMILY,
        monospace_family=FONT_FAMILY,
        font_files=list(plain_font_files()),
        # The same picture on every machine, unless a name is written in a script that the font lacks.
        skip_system_fonts=covers(_texts(drawing.shapes)),
    )
    return bytes(rendered)


def with_whole_page(drawing: Drawing, scale: float) -> Drawing:
    """The drawing, whose lowest shape, where it fills it, fills the last pixels, too: they would else show through."""
    page = drawing.shapes[0] if drawing.shapes else None
    if not isinstance(page, Rectangle) or page[:4] != drawing[1:5]:
        return drawing
    width, height = pixel_size(drawing, scale)
    return drawing._replace(shapes=(page._replace(width=width / scale, height=height / scale), *drawing.shapes[1:]))


def picture(drawing: Drawing, *, scale: float = 1.0) -> Image.Image:
    """The drawing as a Pillow image in RGBA."""
    return Image.open(io.BytesIO(png_bytes(drawing, scale=scale))).convert("RGBA")


def pixel_size(drawing: Drawing, scale: float) -> tuple[int, int]:
    """Width and height of the picture in whole pixels."""
    return max(1, math.ceil(drawing.width * scale)), max(1, math.ceil(drawing.height * scale))


def largest_scale(drawing: Drawing) -> float:
    """The scale beyond which a picture of the drawing would be too large, in whole percents."""
    percent = math.floor(100 * math.sqrt(LARGEST_PICTURE / (drawing.width * drawing.height)))
    # Both sides are rounded up to whole pixels.
    while percent > 1 and math.prod(pixel_size(drawing, percent / 100)) > LARGEST_PICTURE:
        percent -= 1
    return max(percent, 1) / 100


def _texts(shapes: Iterable[Shape]) -> Iterable[str]:
    return (visible_text(shape.text) for shape in shapes if isinstance(shape, Text))
