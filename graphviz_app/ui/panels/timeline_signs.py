"""The sign of each kind of mark: the same in the strip and in its legend, told apart by shape as well as by colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from graphviz_app.ui.panels.timeline_marks import Lane

if TYPE_CHECKING:
    from graphviz_app.ui.panels.colours import PanelColours


def lane_colour(lane: Lane, colours: PanelColours) -> str:
    """The colour of a kind of mark."""
    return {
        Lane.FORWARD: colours.forward,
        Lane.PASS: colours.backward,
        Lane.CALL: colours.backward,
        Lane.ACCUMULATED: colours.accumulated,
        Lane.CLEARED: colours.cleared,
        Lane.UPDATED: colours.updated,
        Lane.WRITTEN: colours.written,
        Lane.PRINTED: colours.printed,
        Lane.ERROR: colours.error,
    }[lane]


_SHAPES: dict[Lane, tuple[tuple[float, float], ...]] = {
    Lane.FORWARD: ((-0.8, -1), (0.8, -1), (0.8, 1), (-0.8, 1)),
    Lane.PASS: ((-1.2, -0.6), (1.2, -0.6), (1.2, 0.6), (-1.2, 0.6)),
    Lane.CALL: ((-1, 0), (1, -1), (1, 1)),
    Lane.UPDATED: ((0, -1), (1, 0), (0, 1), (-1, 0)),
    Lane.ERROR: ((0, -1), (1, 1), (-1, 1)),
}
"""Filled signs, in units of half their size."""

_STROKES: dict[Lane, tuple[tuple[float, float, float, float], ...]] = {
    Lane.ACCUMULATED: ((-1, 0, 1, 0), (0, -1, 0, 1)),
    Lane.WRITTEN: ((-1, -1, 1, 1), (-1, 1, 1, -1)),
    Lane.PRINTED: ((-1, -0.6, 1, -0.6), (-1, 0.6, 1, 0.6)),
}
"""Signs made of lines: x and y of both ends of each."""


def draw_sign(painter: QPainter, lane: Lane, centre: QPointF, size: float, colour: str) -> None:
    """Draw the sign of `lane`, `size` pixels wide and high."""
    half = size / 2
    if lane in _SHAPES:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        corners = [QPointF(centre.x() + x * half, centre.y() + y * half) for x, y in _SHAPES[lane]]
        painter.drawPolygon(QPolygonF(corners))
        return
    pen = QPen(QColor(colour), max(size / 5, 1.4))
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if lane is Lane.CLEARED:
        painter.drawEllipse(centre, half - pen.widthF() / 2, half - pen.widthF() / 2)
    for x1, y1, x2, y2 in _STROKES.get(lane, ()):
        painter.drawLine(centre + QPointF(x1, y1) * half, centre + QPointF(x2, y2) * half)
