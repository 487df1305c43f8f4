"""A page of a tensor as a heat map, with its legend."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QLinearGradient, QPainter, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from graphviz_app.scene.heatmap import paint, real_values
from graphviz_app.scene.numbers import number
from graphviz_app.ui.panels.colours import widget_theme

if TYPE_CHECKING:
    import numpy.typing as npt
    from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent

    from graphviz_app.scene.theme import Theme
    from graphviz_app.ui.panels.tensor_slice import Page

_LONG_ROW = 32


@dataclass(frozen=True)
class Cells:
    """What is drawn: a long single row is folded into several, with masked cells at its end.

    Attributes:
        values: (rows, columns), possibly masked.
        page: Where they come from.
    """

    values: npt.NDArray[Any]
    page: Page

    def place(self, row: int, column: int) -> str:
        """The index in the tensor of a cell."""
        if self.page.one_row:
            return f"[{(row * self.values.shape[1] + column) * self.page.column_stride}]"
        return f"[…, {row * self.page.row_stride}, {column * self.page.column_stride}]"


def fold(page: Page) -> Cells:
    """Fold a long row so that it can be seen as a whole."""
    values = page.values
    if not page.one_row or values.shape[1] <= _LONG_ROW:
        return Cells(values, page)
    width = math.ceil(math.sqrt(values.shape[1] * 2))
    rows = math.ceil(values.shape[1] / width)
    folded = np.ma.masked_all(rows * width, cast("Any", values.dtype))
    folded[: values.shape[1]] = values[0]
    return Cells(folded.reshape(rows, width), page)


class HeatMap(QWidget):
    """Cells without smoothing; hovering or moving with the arrow keys tells their numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cells: Cells | None = None
        self._image: QImage | None = None
        self._pointed: tuple[int, int] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Heat map")

    def set_page(self, page: Page | None) -> None:
        """Show another page."""
        self._cells = None if page is None or not page.values.size else fold(page)
        self._image = None
        self._pointed = None
        self.setAccessibleDescription(self.legend_text())
        self.updateGeometry()
        self.update()

    def legend_text(self) -> str:
        """The legend in words."""
        if self._cells is None:
            return "Nothing to show."
        wide = _plain(self._cells)
        entries = [f"from {number(-_limit(wide))} to {number(_limit(wide))}"] if (wide < 0).any() else []
        entries = entries or [f"from 0 to {number(_limit(wide))}"]
        entries += [f"{count:,} {name}" for name, count, _ in _oddities(wide, widget_theme(self)) if count]
        return ", ".join(entries)

    def sizeHint(self) -> QSize:
        """As high as the cells and the legend are at this width."""
        em = QFontMetricsF(self.font()).height()
        return QSize(
            round(em * 14), round(self._cells_size(self.width(), em * 11).height() + self._legend_height() + em)
        )

    def minimumSizeHint(self) -> QSize:
        """The cells and the legend."""
        return QSize(round(QFontMetricsF(self.font()).height() * 5), self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width makes another height."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def cell_at(self, position: QPointF) -> tuple[int, int] | None:
        """The row and column of the cell at a position, or None."""
        area = self._area()
        if self._cells is None or not area.contains(position):
            return None
        rows, columns = self._cells.values.shape
        row = min(int((position.y() - area.top()) / area.height() * rows), rows - 1)
        column = min(int((position.x() - area.left()) / area.width() * columns), columns - 1)
        return None if np.ma.getmaskarray(self._cells.values)[row, column] else (row, column)

    def cell_text(self, cell: tuple[int, int]) -> str:
        """The index and the number of a cell."""
        if self._cells is None:
            return ""
        return f"{self._cells.place(*cell)} = {number(self._cells.values[cell], 6)}"

    # -- painting --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - it is small enough to paint whole
        """Cells, marks on what is zero, the pointed cell, the legend."""
        painter = QPainter(self)
        if self._cells is None:
            return
        theme = widget_theme(self)
        if self._image is None:
            self._image = _image(paint(_plain(self._cells), theme))
        area = self._area()
        painter.drawImage(area, self._image)
        self._draw_zeros(painter, area)
        if self._pointed is not None:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self._cell_area(area, *self._pointed))
        self._draw_legend(painter, theme)
        painter.end()

    def _area(self) -> QRectF:
        """Where the cells are."""
        em = QFontMetricsF(self.font()).height()
        size = self._cells_size(self.width(), max(self.height() - self._legend_height() - em * 0.5, 1.0))
        return QRectF(1, 1, size.width(), size.height())

    def _cells_size(self, width: float, height: float) -> QSizeF:
        """The size of all cells together: square ones, as large as fit."""
        if self._cells is None:
            return QSizeF(0, 0)
        rows, columns = self._cells.values.shape
        em, width = QFontMetricsF(self.font()).height(), max(width - 2.0, 1.0)
        size = min(width / columns, height / rows, em * 3)
        # A very long or very high tensor would be a hair: then cells need not be square.
        wide = size * columns if size * columns > width / 3 else min(width, em * 3 * columns)
        high = size * rows if size * rows > height / 3 else min(height, em * 3 * rows)
        return QSizeF(wide, high)

    def _cell_area(self, area: QRectF, row: int, column: int) -> QRectF:
        rows, columns = (1, 1) if self._cells is None else self._cells.values.shape
        width, height = area.width() / columns, area.height() / rows
        return QRectF(area.left() + column * width, area.top() + row * height, width, height)

    def _draw_zeros(self, painter: QPainter, area: QRectF) -> None:
        """A dot in each cell that is exactly zero, where cells are large enough to hold one."""
        if self._cells is None:
            return
        rows, columns = self._cells.values.shape
        size = min(area.width() / columns, area.height() / rows)
        if size < 6:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(QPalette.ColorRole.PlaceholderText))
        for row, column in np.argwhere(np.ma.filled(self._cells.values == 0, fill_value=False)).tolist():
            painter.drawEllipse(self._cell_area(area, row, column).center(), size * 0.09, size * 0.09)

    def _legend_height(self) -> float:
        em = QFontMetricsF(self.font()).height()
        oddities = 0 if self._cells is None else sum(1 for _ in self._swatches())
        per_line = max(int(self.width() / (em * 6.5)), 1)
        return em * (2.1 + 1.15 * math.ceil(oddities / per_line))

    def _swatches(self) -> list[tuple[str, QColor, bool]]:
        """Text, colour and whether a dot stands in it, for what the gradient does not show."""
        if self._cells is None:
            return []
        theme, wide = widget_theme(self), _plain(self._cells)
        zeros = int(np.ma.filled(wide == 0, fill_value=False).sum())
        swatches = [(f"{zeros:,} zero", QColor(theme.zero), True)] if zeros else []
        return swatches + [
            (f"{count:,} {name}", QColor(colour), False) for name, count, colour in _oddities(wide, theme) if count
        ]

    def _draw_legend(self, painter: QPainter, theme: Theme) -> None:
        if self._cells is None:
            return
        em = QFontMetricsF(self.font()).height()
        # Right below the cells, where the eye is.
        top = self._area().bottom() + em * 0.5
        wide = _plain(self._cells)
        has_negative = bool((wide < 0).any())
        width = min(self.width() - 2.0, em * 16)
        bar = QRectF(1, top, width, em * 0.7)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        stops = [(0.0, theme.negative), (0.5, theme.zero), (1.0, theme.positive)]
        for place, colour in stops if has_negative else [(0.0, theme.zero), (1.0, theme.positive)]:
            gradient.setColorAt(place, QColor(colour))
        painter.fillRect(bar, gradient)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        limit = _limit(wide)
        row = QRectF(1, bar.bottom(), width, em * 1.2)
        painter.drawText(row, Qt.AlignmentFlag.AlignLeft, number(-limit) if has_negative else "0")
        painter.drawText(row, Qt.AlignmentFlag.AlignRight, number(limit))
        if has_negative:
            painter.drawText(row, Qt.AlignmentFlag.AlignHCenter, "0")
        self._draw_swatches(painter, row.bottom())

    def _draw_swatches(self, painter: QPainter, top: float) -> None:
        em = QFontMetricsF(self.font()).height()
        per_line = max(int(self.width() / (em * 6.5)), 1)
        for position, (text, colour, dotted) in enumerate(self._swatches()):
            left, y = 1 + position % per_line * em * 6.5, top + position // per_line * em * 1.15
            box = QRectF(left, y + em * 0.15, em * 0.8, em * 0.8)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
            painter.setBrush(colour)
            painter.drawRect(box)
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            if dotted:
                painter.setBrush(self.palette().color(QPalette.ColorRole.PlaceholderText))
                painter.drawEllipse(box.center(), 1.5, 1.5)
            room = QRectF(left + em * 1.1, y, em * 5.4, em * 1.1)
            shown = QFontMetricsF(self.font()).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, shown)

    # -- pointing --------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Tell the number under the pointer."""
        if event.type() == QEvent.Type.ToolTip:
            self._show_tip(event)  # pyright: ignore[reportArgumentType]
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours of another palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._image = None
            self.update()

    def _show_tip(self, event: QHelpEvent) -> None:
        cell = self.cell_at(QPointF(event.pos()))
        QToolTip.showText(event.globalPos(), "" if cell is None else self.cell_text(cell), self)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Mark the cell under the pointer."""
        self._point(self.cell_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        """Mark none."""
        super().leaveEvent(event)
        self._point(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move from cell to cell."""
        moves = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        move = moves.get(Qt.Key(event.key()))
        if move is None or self._cells is None:
            super().keyPressEvent(event)
            return
        rows, columns = self._cells.values.shape
        row, column = self._pointed or (0, 0)
        cell = (min(max(row + move[0], 0), rows - 1), min(max(column + move[1], 0), columns - 1))
        self._point((0, 0) if self._pointed is None else cell)
        if self._pointed is not None:
            place = self.mapToGlobal(
                self._cell_area(self._area(), *self._pointed).bottomRight().toPoint() + QPoint(4, 0)
            )
            QToolTip.showText(place, self.cell_text(self._pointed), self)

    def _point(self, cell: tuple[int, int] | None) -> None:
        if cell != self._pointed:
            self._pointed = cell
            self.setAccessibleDescription(self.legend_text() if cell is None else self.cell_text(cell))
            self.update()


def _plain(cells: Cells) -> npt.NDArray[np.float64]:
    """Float64 with the mask kept."""
    mask = np.ma.getmaskarray(cells.values)
    return np.ma.masked_array(real_values(np.ma.getdata(cells.values)), mask)


def _limit(wide: npt.NDArray[np.float64]) -> float:
    values = np.ma.filled(wide, 0.0)
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def _oddities(wide: npt.NDArray[np.float64], theme: Theme) -> list[tuple[str, int, str]]:
    values = np.ma.filled(wide, 0.0)
    return [
        ("NaN", int(np.isnan(values).sum()), theme.nan),
        ("+Inf", int(np.isposinf(values).sum()), theme.positive_infinity),
        ("−Inf", int(np.isneginf(values).sum()), theme.negative_infinity),
    ]


def _image(pixels: npt.NDArray[np.uint8]) -> QImage:
    contiguous = np.ascontiguousarray(pixels)
    rows, columns = contiguous.shape[:2]
    return QImage(contiguous.data, columns, rows, 4 * columns, QImage.Format.Format_RGBA8888).copy()
