"""The display list: the few shapes that everything is drawn with, whatever draws them.

Coordinates are pixels at 100 %, origin top left, y downwards. Colours are "#rrggbb" or "#rrggbbaa". A consumer
(Qt, SVG, PDF, ...) draws shapes in their order and knows nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Anchor = Literal["start", "middle", "end"]


class Rectangle(NamedTuple):
    """A box with round corners; None for no fill or no stroke."""

    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0
    fill: str | None = None
    stroke: str | None = None
    stroke_width: float = 1.0
    dashed: bool = False


class Text(NamedTuple):
    """One line in the picture font (JetBrains Mono); y is the baseline, x as `anchor` says."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    bold: bool = False
    anchor: Anchor = "start"


class Curve(NamedTuple):
    """Cubic Béziers: float32 (3k + 1, 2) control points."""

    points: npt.NDArray[np.float32]
    colour: str
    width: float
    dashed: bool = False


class Polygon(NamedTuple):
    """A filled polygon: ((x, y), ...); arrow heads, warning signs."""

    points: tuple[tuple[float, float], ...]
    fill: str


class HeatMap(NamedTuple):
    """An image of equal cells without smoothing: uint8 (rows, columns, 4) RGBA."""

    x: float
    y: float
    width: float
    height: float
    pixels: npt.NDArray[np.uint8]


Shape = Rectangle | Text | Curve | Polygon | HeatMap
