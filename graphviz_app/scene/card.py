"""A card: the lines and rows on a box, and where they are; sizes in pixels at 100 %."""

from __future__ import annotations

from typing import Literal, NamedTuple

from graphviz_app.scene.measure import text_width

Role = Literal[
    "value", "was", "grad", "arrival", "total", "before", "added", "bucket", "seed", "in", "out", "hook", "leaves"
]

TITLE, SUBTITLE, VALUE, LABEL = 15.0, 12.0, 13.0, 12.5
"""Font sizes in pixels at 100 %."""
PADDING, EDGE = 12.0, 8.0
"""Room left and right of a card's contents, and above and below."""
ROW, HEAT_ROW = 18.5, 45.0
HEAT_WIDTH, HEAT_HEIGHT = 76.0, 39.0
COMPACT_ROW, COMPACT_CELLS = 58.0, 10
GAP = 8.0
WIDEST_VALUE = 46
"""Characters that a value takes at most."""


class Line(NamedTuple):
    """A line of a card's heading; `y` is its baseline below the card's top."""

    text: str
    size: float
    bold: bool
    muted: bool
    y: float


class Row(NamedTuple):
    """The place of one value on a card.

    Attributes:
        role: Which value.
        number: Which of several: a slot of the node, or the place in the order of arrival.
        label: What is written before it.
        y: Its top, below the card's.
        height: Its height.
        heat: Whether it is drawn as a heat map.
        cells: How many characters its text may take.
        x: Where its label begins, to the right of the card's padding; rows may stand side by side.
        compact: Whether a heat map has its text beneath, and short, instead of beside it.
    """

    role: Role
    number: int
    label: str
    y: float
    height: float
    heat: bool
    cells: int
    x: float = 0.0
    compact: bool = False


class Card(NamedTuple):
    """A box as it is planned: sizes in pixels at 100 %.

    Attributes:
        width: Of the box.
        height: Of the box.
        lines: Its heading.
        rows: The places of its values.
        label_width: Width of the column with the rows' labels.
        bucket: Top and height of the frame around a leaf's `.grad`, or None.
    """

    width: float
    height: float
    lines: tuple[Line, ...]
    rows: tuple[Row, ...]
    label_width: float
    bucket: tuple[float, float] | None = None


def row_label_width(row: Row, column: float) -> float:
    """Width of a row's label: that of the column where rows stand one below the other, its own where side by side."""
    return text_width(row.label + " ", SUBTITLE) if row.compact else column
