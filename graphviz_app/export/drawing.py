"""A drawing: a display list with its edges, its background, and its words for those who cannot see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from graphviz_app.scene.shapes import Shape

FONT_FAMILY = "JetBrains Mono"
ADVANCE = 0.6
"""Width of every character of the picture font, in units of its size."""
DASH = (5.0, 4.0)
"""Lengths of the strokes and gaps of dashed lines, in pixels at 100 %."""
MARGIN = 16.0


class Drawing(NamedTuple):
    """What a picture file holds, whatever its format.

    Attributes:
        shapes: What to draw, in order; pixels at 100 %.
        x: Left edge of the picture.
        y: Upper edge.
        width: Of the picture, more than 0.
        height: Of the picture, more than 0.
        background: "#rrggbb", or None for a transparent one.
        title: A few words.
        description: What is seen, in a sentence, for screen readers.
    """

    shapes: tuple[Shape, ...]
    x: float
    y: float
    width: float
    height: float
    background: str | None = None
    title: str = ""
    description: str = ""


def split_colour(colour: str) -> tuple[str, float]:
    """Split "#rrggbb" or "#rrggbbaa" into "#rrggbb" and an opacity from 0 to 1."""
    if len(colour) == 9:
        return colour[:7], round(int(colour[7:], 16) / 255, 3)
    return colour, 1.0
