"""Draws the strip: what stays while the cursor moves, and the cursor on top of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from graphviz_app.ui.panels.colours import faint
from graphviz_app.ui.panels.timeline_density import coverage_row, density_row
from graphviz_app.ui.panels.timeline_marks import Lane, between
from graphviz_app.ui.panels.timeline_signs import draw_sign, lane_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QFont

    from graphviz_app.ui.panels.colours import PanelColours
    from graphviz_app.ui.panels.timeline_geometry import Row, StripGeometry
    from graphviz_app.ui.panels.timeline_marks import Marks, Steps
    from graphviz_app.ui.panels.timeline_view import StripView

_TICK = 3


@dataclass(frozen=True)
class StripContext:
    """Everything that drawing depends on; where two are equal, so are the pictures."""

    marks: Marks
    view: StripView
    geometry: StripGeometry
    colours: PanelColours
    background: QColor
    text: QColor
    highlight: QColor
    font: QFont
    device_pixel_ratio: float
    selected: Steps
    name_of_pass: Callable[[int], str]

    def signs(self, row: Row) -> bool:
        """Whether the marks of a row are far enough apart to be signs of their own."""
        return self.view.pixels_per_step >= row.height * 0.5


def draw_marks(painter: QPainter, context: StripContext) -> None:
    """Draw labels, rows and axis: all that does not depend on the cursor."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(context.font)
    for row in context.geometry.rows:
        _draw_separator(painter, context, row)
        painter.save()
        painter.setClipRect(_marks_area(context, row))
        if row.lane is Lane.PASS:
            _draw_band(painter, context, row)
            _draw_pass_names(painter, context, row)
        else:
            _draw_row(painter, context, row)
        painter.restore()
        _draw_label(painter, context, row)
    _draw_axis(painter, context)
    _draw_numbers(painter, context)
    _draw_selected(painter, context)


def draw_cursor(painter: QPainter, context: StripContext, step: int, *, focused: bool) -> None:
    """Draw the cursor with its number, and a veil over what has not happened yet."""
    geometry, view = context.geometry, context.view
    x = view.x_of(step)
    happened = max(view.x_of(step + 0.5), geometry.label_width)
    future = QRectF(happened, 0, max(geometry.width - happened, 0), geometry.axis_top)
    painter.fillRect(future, faint(context.background.name(), 0.55))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(context.font)
    if not geometry.label_width - 1 <= x <= geometry.width + 1:
        return
    metrics = QFontMetricsF(context.font)
    painter.setPen(QPen(QColor(context.colours.cursor), 2.5 if focused else 1.5))
    painter.drawLine(QPointF(x, 0), QPointF(x, geometry.axis_top))
    text = f"{step:,}"
    width = metrics.horizontalAdvance(text) + metrics.height() * 0.6
    left = min(max(x - width / 2, geometry.label_width), geometry.width - width)
    pill = QRectF(left, geometry.axis_top, width, geometry.axis_height - 1)
    _take_numbers_away(painter, context, pill.adjusted(-3, 0, 3, 0))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(context.colours.cursor))
    painter.drawPolygon(
        QPolygonF(
            [QPointF(x, geometry.axis_top - 4), QPointF(x + 4, geometry.axis_top), QPointF(x - 4, geometry.axis_top)]
        )
    )
    painter.drawRoundedRect(pill, 3, 3)
    painter.setPen(context.background)
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)


def _marks_area(context: StripContext, row: Row) -> QRectF:
    left = context.geometry.label_width
    return QRectF(left, row.top, context.geometry.width - left, row.height)


def _draw_separator(painter: QPainter, context: StripContext, row: Row) -> None:
    painter.setPen(QPen(faint(context.colours.line, 0.6), 1))
    y = row.top + row.height
    painter.drawLine(QPointF(context.geometry.label_width, y), QPointF(context.geometry.width, y))


def _draw_band(painter: QPainter, context: StripContext, row: Row) -> None:
    area = _marks_area(context, row)
    columns = max(round(area.width() * context.device_pixel_ratio), 1)
    colour = context.colours.backward if row.depth == 0 else context.colours.nested
    image = coverage_row(context.marks.passes[row.depth], context.view, columns, 1, colour)
    painter.drawImage(area.adjusted(0, 1, 0, -1), image)


def _draw_row(painter: QPainter, context: StripContext, row: Row) -> None:
    colour = lane_colour(row.lane, context.colours)
    steps = context.marks.lanes[row.lane]
    area = _marks_area(context, row)
    if context.signs(row):
        size = row.height * 0.55
        for step in between(steps, context.view.first - 1, context.view.last + 1).tolist():
            centre = QPointF(context.view.x_of(step), row.top + row.height / 2)
            draw_sign(painter, row.lane, centre, size, colour)
        return
    ratio = context.device_pixel_ratio
    columns, rows = max(round(area.width() * ratio), 1), max(round((row.height - 3) * ratio), 1)
    image = density_row(steps, context.view, columns, rows, colour)
    painter.drawImage(area.adjusted(0, 2, 0, -1), image)


def _draw_pass_names(painter: QPainter, context: StripContext, row: Row) -> None:
    """A line at the start of each pass and its number, where both have room."""
    metrics = QFontMetricsF(context.font)
    scale = context.view.pixels_per_step
    passes = context.marks.passes[row.depth]
    visible = passes.touching(context.view.first, context.view.last)
    starts, ends = passes.starts[visible], passes.ends[visible]
    named = np.flatnonzero((ends - starts + 1) * scale >= metrics.averageCharWidth() * 3)
    for start, end, pass_id in zip(
        starts[named].tolist(), ends[named].tolist(), passes.pass_ids[visible][named].tolist(), strict=True
    ):
        left = context.view.x_of(start - 0.5)
        room = QRectF(left, row.top, (end - start + 1) * scale, row.height).adjusted(0, 1, 0, -1)
        room.setLeft(max(left, context.geometry.label_width))
        painter.setPen(QPen(QColor(context.colours.backward), 1))
        painter.drawLine(QPointF(left, room.top()), QPointF(left, room.bottom()))
        _draw_pass_name(painter, context, room, context.name_of_pass(pass_id))


def _draw_pass_name(painter: QPainter, context: StripContext, room: QRectF, name: str) -> None:
    metrics = QFontMetricsF(context.font)
    for text in (f"pass {name}", name):
        width = metrics.horizontalAdvance(text) + metrics.averageCharWidth()
        if width <= room.width() and room.height() >= metrics.ascent():
            painter.setPen(context.text)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)
            return


def _draw_label(painter: QPainter, context: StripContext, row: Row) -> None:
    geometry, height = context.geometry, QFontMetricsF(context.font).height()
    size = min(row.height, height) * 0.55
    painter.fillRect(QRectF(0, row.top, geometry.label_width, row.height), context.background)
    nested = row.lane is Lane.PASS and row.depth
    colour = context.colours.nested if nested else lane_colour(row.lane, context.colours)
    draw_sign(painter, row.lane, QPointF(height * 0.6, row.top + row.height / 2), size, colour)
    if not geometry.labels_as_text:
        return
    painter.setPen(context.text)
    room = QRectF(height * 1.2, row.top, geometry.label_width - height * 1.2, row.height)
    text = "  nested" if nested else row.lane.value
    painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


def _draw_axis(painter: QPainter, context: StripContext) -> None:
    geometry, view = context.geometry, context.view
    painter.setPen(QPen(QColor(context.colours.line), 1))
    painter.drawLine(QPointF(geometry.label_width, geometry.axis_top), QPointF(geometry.width, geometry.axis_top))
    painter.setPen(QColor(context.colours.muted))
    for step in _ticks(context):
        x = view.x_of(step)
        painter.drawLine(QPointF(x, geometry.axis_top), QPointF(x, geometry.axis_top + _TICK))


def _ticks(context: StripContext) -> range:
    """Steps at round distances, as many as have room for their numbers."""
    view, metrics = context.view, QFontMetricsF(context.font)
    needed = metrics.horizontalAdvance(f"{view.step_count:,}") + metrics.averageCharWidth() * 4
    distance = round_distance(needed / view.pixels_per_step)
    first = max(0, math.ceil(view.first / distance) * distance)
    return range(first, math.floor(min(view.last, view.step_count)) + 1, distance)


def _draw_numbers(painter: QPainter, context: StripContext) -> None:
    painter.setPen(QColor(context.colours.muted))
    for text, room in _numbers(context):
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)


def _take_numbers_away(painter: QPainter, context: StripContext, taken: QRectF) -> None:
    """Those of the ticks that the cursor's own number would half cover."""
    for _, room in _numbers(context):
        if room.intersects(taken):
            painter.fillRect(room.adjusted(0, _TICK + 1, 0, 0), context.background)


def _numbers(context: StripContext) -> Iterator[tuple[str, QRectF]]:
    """The numbers of the ticks, and where they stand."""
    geometry, metrics = context.geometry, QFontMetricsF(context.font)
    for step in _ticks(context):
        text = f"{step:,}"
        width = metrics.horizontalAdvance(text) + 1
        left = min(max(context.view.x_of(step) - width / 2, geometry.label_width), geometry.width - width)
        yield text, QRectF(left, geometry.axis_top, width, geometry.axis_height)


def _draw_selected(painter: QPainter, context: StripContext) -> None:
    """Arrow heads on the axis under the steps of what is selected, one per pixel at most."""
    geometry, view = context.geometry, context.view
    steps = between(context.selected, view.first, view.last)
    columns = np.unique(np.round(geometry.label_width + (steps - view.first) * view.pixels_per_step))
    size = geometry.axis_height * 0.22
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(context.highlight)
    for x in columns.tolist():
        tip = QPointF(x, geometry.axis_top - size)
        foot = geometry.axis_top + size * 0.5
        painter.drawPolygon(QPolygonF([tip, QPointF(x + size, foot), QPointF(x - size, foot)]))


def round_distance(least: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50, ... that is not below `least`."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= least:
                return factor * power
        power *= 10
