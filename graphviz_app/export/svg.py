"""The display list as SVG: a pure function, and the picture from which PNG, GIF, MP4 and HTML are made too."""

from __future__ import annotations

import base64
import io
from itertools import groupby
from typing import TYPE_CHECKING, assert_never

from PIL import Image

from graphviz_app.export.drawing import DASH, FONT_FAMILY, Drawing, split_colour
from graphviz_app.export.fonts import subset_woff
from graphviz_app.export.text import visible_text, xml_text
from graphviz_app.scene.shapes import Curve, HeatMap, Polygon, Rectangle, Shape, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt

_ROOT_STYLE = "font-variant-ligatures:none"


def svg_text(drawing: Drawing, *, embed_font: bool = True, scale: float = 1.0, digits: int = 2) -> str:
    """The drawing as a complete SVG file.

    Args:
        drawing: What to draw.
        embed_font: Whether the used part of the font travels along, so that the file looks the same everywhere.
        scale: Size at which programs show it; the coordinates stay the same.
        digits: After the point, of the place and size of what is seen.
    """
    box = " ".join(number(value, digits) for value in (drawing.x, drawing.y, drawing.width, drawing.height))
    size = f'width="{number(drawing.width * scale)}" height="{number(drawing.height * scale)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {size} role="img" '
        f'aria-labelledby="title description" xml:space="preserve" '
        f'font-family="&quot;{FONT_FAMILY}&quot;, monospace" style="{_ROOT_STYLE}">',
        f'<title id="title">{xml_text(drawing.title)}</title>',
        f'<desc id="description">{xml_text(drawing.description)}</desc>',
    ]
    if embed_font:
        parts.append(font_style(drawing.shapes))
    if drawing.background is not None:
        page = Rectangle(drawing.x, drawing.y, drawing.width, drawing.height, fill=drawing.background)
        parts.append(element(page))
    parts.extend(_grouped(drawing.shapes))
    parts.append("</svg>\n")
    return "\n".join(part for part in parts if part)


def element(shape: Shape) -> str:
    """One shape as one SVG element with all of its attributes."""
    return f"{_tag(shape)} {style(shape)}/>" if not isinstance(shape, Text) else _text(shape, f" {style(shape)}")


def font_style(shapes: Iterable[Shape]) -> str:
    """A `<style>` that holds the characters which these shapes use, or "" where they use none."""
    used: dict[bool, set[str]] = {False: set(), True: set()}
    for shape in shapes:
        if isinstance(shape, Text):
            used[shape.bold].update(visible_text(shape.text))
    faces = [_font_face(frozenset(characters), bold=bold) for bold, characters in used.items() if characters]
    return f"<style>{''.join(faces)}</style>" if faces else ""


def _font_face(characters: frozenset[str], *, bold: bool) -> str:
    encoded = base64.b64encode(subset_woff(characters, bold=bold)).decode("ascii")
    return (
        f'@font-face{{font-family:"{FONT_FAMILY}";font-weight:{700 if bold else 400};'
        f"src:url(data:font/woff;base64,{encoded}) format('woff')}}"
    )


def _grouped(shapes: Iterable[Shape]) -> Iterable[str]:
    """Neighbours of the same style share a `<g>`, which halves the file."""
    for group_style, members in groupby(shapes, key=style):
        run = list(members)
        if len(run) == 1:
            yield element(run[0])
        else:
            yield f"<g {group_style}>"
            yield from (_text(shape, "") if isinstance(shape, Text) else f"{_tag(shape)}/>" for shape in run)
            yield "</g>"


def style(shape: Shape) -> str:
    """The attributes that say how a shape looks, apart from where it is."""
    match shape:
        case Rectangle():
            return _paint("fill", shape.fill) + _stroke(shape.stroke, shape.stroke_width, dashed=shape.dashed)
        case Text():
            weight = ' font-weight="700"' if shape.bold else ""
            anchor = f' text-anchor="{shape.anchor}"' if shape.anchor != "start" else ""
            return f'{_paint("fill", shape.colour)} font-size="{number(shape.size)}"{weight}{anchor}'
        case Curve():
            return _paint("fill", None) + _stroke(shape.colour, shape.width, dashed=shape.dashed)
        case Polygon():
            return _paint("fill", shape.fill)
        case HeatMap():
            return 'preserveAspectRatio="none" style="image-rendering:pixelated"'
        case _:
            assert_never(shape)


def _paint(attribute: str, colour: str | None) -> str:
    if colour is None:
        return f'{attribute}="none"'
    opaque, opacity = split_colour(colour)
    return f'{attribute}="{opaque}"' + (f' {attribute}-opacity="{number(opacity)}"' if opacity < 1 else "")


def _stroke(colour: str | None, width: float, *, dashed: bool) -> str:
    if colour is None:
        return ""
    dashes = f' stroke-dasharray="{number(DASH[0])} {number(DASH[1])}"' if dashed else ""
    return f' {_paint("stroke", colour)} stroke-width="{number(width)}"{dashes}'


def _tag(shape: Rectangle | Curve | Polygon | HeatMap) -> str:
    """The element's name and place, without its style and its end."""
    match shape:
        case Rectangle():
            radius = f' rx="{number(shape.radius)}"' if shape.radius else ""
            return f"<rect {_place(shape)}{radius}"
        case Curve():
            return f'<path d="{path_data(shape.points)}"'
        case Polygon():
            points = " ".join(f"{number(x)},{number(y)}" for x, y in shape.points)
            return f'<polygon points="{points}"'
        case HeatMap():
            return f'<image {_place(shape)} href="data:image/png;base64,{heat_map_png(shape.pixels)}"'
        case _:
            assert_never(shape)


def _place(shape: Rectangle | HeatMap) -> str:
    return f'x="{number(shape.x)}" y="{number(shape.y)}" width="{number(shape.width)}" height="{number(shape.height)}"'


def _text(shape: Text, attributes: str) -> str:
    return f'<text x="{number(shape.x)}" y="{number(shape.y)}"{attributes}>{xml_text(shape.text)}</text>'


def path_data(points: npt.NDArray[np.float32]) -> str:
    """Cubic Béziers, (3k + 1, 2) control points, as the `d` of a `<path>`."""
    pairs = [f"{number(x)} {number(y)}" for x, y in points.tolist()]
    return f"M{pairs[0]}C{' '.join(pairs[1:])}" if len(pairs) > 1 else f"M{pairs[0]}" if pairs else ""


def heat_map_png(pixels: npt.NDArray[np.uint8]) -> str:
    """Cells as a PNG of one pixel each, in base64."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "png", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def number(value: float, digits: int = 2) -> str:
    """A coordinate, to a hundredth of a pixel, as short as it can be."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
