"""Where the strip's rows, labels and axis lie, for a size and a font."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphviz_app.ui.panels.timeline_marks import Lane

if TYPE_CHECKING:
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QFontMetricsF

    from graphviz_app.ui.panels.timeline_marks import Marks


@dataclass(frozen=True)
class Row:
    """One row of marks; `depth` counts rows of nested passes within the lane of passes."""

    lane: Lane
    depth: int
    top: float
    height: float


@dataclass(frozen=True)
class StripGeometry:
    """All in logical pixels.

    Attributes:
        rows: From top to bottom.
        label_width: Of the column at the left; marks begin there.
        labels_as_text: Whether the column has room for words, else only for signs.
        axis_top: Where the axis with step numbers begins.
        axis_height: Its height.
        width: Of the strip.
    """

    rows: tuple[Row, ...]
    label_width: float
    labels_as_text: bool
    axis_top: float
    axis_height: float
    width: float


def rows_of(marks: Marks) -> tuple[tuple[Lane, int], ...]:
    """The rows that a recording needs: only lanes that hold something, one more row per nesting of passes."""
    rows: list[tuple[Lane, int]] = []
    for lane in Lane:
        if lane is Lane.PASS and marks.passes:
            rows += [(lane, depth) for depth in range(len(marks.passes))]
        elif lane in marks.lanes:
            rows.append((lane, 0))
    return tuple(rows)


def wanted_height(marks: Marks, metrics: QFontMetricsF) -> float:
    """The height at which every row is as high as a line of text."""
    return metrics.height() * (max(len(rows_of(marks)), 2) + 1.25) + 2


def arrange(marks: Marks, size: QSize, metrics: QFontMetricsF) -> StripGeometry:
    """Share out a strip of `size`: labels left, the axis below, the rest evenly among the rows."""
    axis_height = metrics.height() * 1.25
    names = rows_of(marks)
    available = max(size.height() - axis_height, 1.0)
    height = min(available / max(len(names), 1), metrics.height() * 1.6)
    text_width = max((metrics.horizontalAdvance(lane.value) for lane, _ in names), default=0.0) + metrics.height() * 1.6
    as_text = height >= metrics.height() * 0.8 and size.width() >= 3.5 * text_width
    rows = tuple(Row(lane, depth, row * height, height) for row, (lane, depth) in enumerate(names))
    return StripGeometry(
        rows,
        text_width if as_text else metrics.height() * 1.2,
        as_text,
        size.height() - axis_height,
        axis_height,
        float(size.width()),
    )
