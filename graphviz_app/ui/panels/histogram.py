"""How the elements of a tensor are distributed, with what is not finite in bars of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from graphviz_app.scene.heatmap import real_values
from graphviz_app.scene.numbers import number
from graphviz_app.ui.panels.colours import widget_theme

if TYPE_CHECKING:
    import numpy.typing as npt
    from PySide6.QtGui import QHelpEvent, QPaintEvent

_MOST_BINS = 40


class Bar(NamedTuple):
    """How many elements lie in [low, high]; `name` stands for the range where they are not finite."""

    low: float
    high: float
    amount: int
    name: str = ""

    def text(self) -> str:
        """The bar in words."""
        noun = "element" if self.amount == 1 else "elements"
        if self.name:
            return f"{self.amount:,} {noun}: {self.name}"
        if self.low == self.high:
            return f"{self.amount:,} {noun}: {number(self.low)}"
        return f"{self.amount:,} {noun} from {number(self.low)} to {number(self.high)}"


def bars_of(values: npt.NDArray[Any]) -> list[Bar]:
    """The bars of an array: as many as its size deserves, then those of NaN and infinities, where there are any."""
    wide = real_values(values).reshape(-1)
    finite = wide[np.isfinite(wide)]
    bars: list[Bar] = []
    if finite.size:
        low, high = float(finite.min()), float(finite.max())
        if low == high or not np.isfinite(high - low):
            bars.append(Bar(low, high, int(finite.size)))
        else:
            count = 2 if values.dtype.kind == "b" else int(min(max(np.sqrt(finite.size) * 2, 5), _MOST_BINS))
            counted, edges = np.histogram(finite, bins=count)
            ends = zip(edges[:-1].tolist(), edges[1:].tolist(), counted.tolist(), strict=True)
            bars += [Bar(first, last, found) for first, last, found in ends]
    for name, found in (("−Inf", np.isneginf(wide)), ("+Inf", np.isposinf(wide)), ("NaN", np.isnan(wide))):
        if found.any():
            bars.append(Bar(np.nan, np.nan, int(found.sum()), name))
    return bars


class Histogram(QWidget):
    """Draws the bars, with the ends of the range and zero below them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: list[Bar] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Histogram")

    def set_values(self, values: npt.NDArray[Any] | None) -> None:
        """Show the distribution of other elements."""
        self._bars = [] if values is None else bars_of(values)
        fullest = max(self._bars, key=lambda bar: bar.amount, default=None)
        self.setAccessibleDescription("Nothing to show." if fullest is None else f"Most: {fullest.text()}.")
        self.update()

    def sizeHint(self) -> QSize:
        """Wider than high."""
        em = QFontMetricsF(self.font()).height()
        return QSize(round(em * 14), round(em * 9))

    def minimumSizeHint(self) -> QSize:
        """Enough for the axis and something above it."""
        em = QFontMetricsF(self.font()).height()
        return QSize(round(em * 5), round(em * 5))

    def bar_at(self, x: float) -> Bar | None:
        """The bar at a horizontal position, or None."""
        for bar, (left, width) in zip(self._bars, self._columns(), strict=True):
            if left <= x < left + width:
                return bar
        return None

    def _columns(self) -> list[tuple[float, float]]:
        """Left and width of each bar: those of what is not finite stand apart, wide enough for their names."""
        metrics = QFontMetricsF(self.font())
        odd_width, gap = metrics.horizontalAdvance("−Inf") + 4, metrics.height() * 0.4
        odd = sum(1 for bar in self._bars if bar.name)
        finite = len(self._bars) - odd
        available = max(self.width() - 2 - odd * (odd_width + gap), 1.0)
        width = available / max(finite, 1)
        columns = [(1 + position * width, width) for position in range(finite)]
        first = 1 + (available if finite else 0.0)
        return columns + [(first + place * (odd_width + gap) + gap, odd_width) for place in range(odd)]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - it is small enough to paint whole
        """Bars from the ground up; the fullest one reaches the top."""
        painter = QPainter(self)
        if not self._bars:
            return
        em = QFontMetricsF(self.font()).height()
        ground, top = self.height() - em * 1.3, em * 1.2
        most = max(bar.amount for bar in self._bars)
        for bar, (left, width) in zip(self._bars, self._columns(), strict=True):
            # What is there is seen, however rare; what is not finite more than that.
            least = 0.0 if not bar.amount else em * 0.6 if bar.name else 2.0
            height = max((ground - top) * bar.amount / most, least)
            painter.fillRect(QRectF(left, ground - height, width - (1 if width > 3 else 0), height), self._colour(bar))
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 1))
        painter.drawLine(0, round(ground), self.width(), round(ground))
        painter.drawText(QRectF(1, 0, self.width() - 2, em * 1.2), Qt.AlignmentFlag.AlignLeft, f"most: {most:,}")
        self._draw_axis(painter, ground)
        painter.end()

    def _colour(self, bar: Bar) -> QColor:
        theme = widget_theme(self)
        odd = {"NaN": theme.nan, "+Inf": theme.positive_infinity, "−Inf": theme.negative_infinity}
        if bar.name:
            return QColor(odd[bar.name])
        if bar.low <= 0 <= bar.high:
            return QColor(theme.muted)
        return QColor(theme.negative if bar.high < 0 else theme.positive)

    def _draw_axis(self, painter: QPainter, ground: float) -> None:
        """Names under what is not finite, numbers at the ends of the range, and zero where it has room."""
        metrics = QFontMetricsF(self.font())
        taken: list[QRectF] = []
        for x, text in self._axis_places():
            advance = metrics.horizontalAdvance(text)
            left = min(max(x - advance / 2, 0), self.width() - advance)
            room = QRectF(left, ground + 1, advance + 1, metrics.height() * 1.2)
            if not any(room.adjusted(-4, 0, 4, 0).intersects(other) for other in taken):
                painter.drawText(room, Qt.AlignmentFlag.AlignCenter, text)
                taken.append(room)

    def _axis_places(self) -> list[tuple[float, str]]:
        """Where which text would stand, the most important first."""
        columns = self._columns()
        places = [
            (left + width / 2, bar.name) for bar, (left, width) in zip(self._bars, columns, strict=True) if bar.name
        ]
        finite = [bar for bar in self._bars if not bar.name]
        if not finite:
            return places
        low, high, end = finite[0].low, finite[-1].high, sum(columns[len(finite) - 1])
        places += [(1.0, number(low))]
        # A number that belongs at the right end must not reach below the bars of what is not finite.
        places += [(end - QFontMetricsF(self.font()).horizontalAdvance(number(high)) / 2, number(high))]
        if low < 0 < high and np.isfinite(high - low):
            places.append((1 - low / (high - low) * (end - 1), "0"))
        return places

    def event(self, event: QEvent) -> bool:
        """Tell about the bar under the pointer."""
        if event.type() == QEvent.Type.ToolTip:
            self._show_tip(event)  # pyright: ignore[reportArgumentType]
            return True
        return super().event(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        bar = self.bar_at(event.pos().x())
        QToolTip.showText(event.globalPos(), "" if bar is None else bar.text(), self)
