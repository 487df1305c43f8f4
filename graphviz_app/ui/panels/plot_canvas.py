"""The one place that speaks to pyqtgraph: curves, marks and a cursor over an axis of passes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from graphviz_app.ui.panels.colours import widget_colours, widget_theme
from graphviz_app.ui.panels.plot_legend import PlotEntry

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from graphviz_app.ui.panels.ledger_series import Point, Series

    _Heights = npt.NDArray[np.float64]

_CYCLE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#7f5fc4", "#8c6d46")
"""Told apart by colour-blind people (after Okabe and Ito), and on light and dark alike."""
_DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine)
_DOTS_UP_TO = 60
_SMALLEST = 1e-30
_LOG_GROUND = 1.0
_PADDING = 0.04


class PlotCanvas(QWidget):
    """Curves over passes.

    Attributes:
        legend: An entry for each curve and kind of mark. It is drawn beside the plot, where it hides nothing.

    Signals:
        clicked(float): The place on the axis of passes that was clicked.
    """

    clicked = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot: Any = pyqtgraph.PlotWidget(self, axisItems={"bottom": _Passes("bottom"), "left": _Values("left")})
        self._plot.setMinimumSize(1, 1)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._cursor: Any = pyqtgraph.InfiniteLine(angle=90, movable=False)
        self.legend: list[PlotEntry] = []
        self._logarithmic = False
        self._low = False
        self._last = 0.0
        self._right = 1
        self._plot.scene().sigMouseClicked.connect(self._click)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self._plot)

    def set_low(self, low: bool) -> None:
        """Whether there is no room for the name of the axis."""
        self._low = low
        self._plot.getAxis("bottom").showLabel(not low)
        self._plot.setToolTip("The axis counts backward passes." if low else "")

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Whether the vertical axis is logarithmic."""
        self._logarithmic = logarithmic

    def begin(self, owner: QWidget) -> None:
        """Clear everything and take on the owner's look."""
        palette, font = owner.palette(), QFont(owner.font())
        text = palette.color(QPalette.ColorRole.WindowText)
        self._plot.clear()
        self.legend = []
        self._plot.setBackground(palette.color(QPalette.ColorRole.Base))
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(palette.color(QPalette.ColorRole.Mid))
            axis.setTextPen(text)
            axis.setTickFont(font)
            axis.setStyle(autoExpandTextSpace=True)
        # The numbers at the axes' ends stand out over them by half.
        metrics = QFontMetricsF(font)
        self._plot.getPlotItem().setContentsMargins(0, metrics.height() / 2, metrics.horizontalAdvance("000") / 2, 0)
        self._last = 0.0
        bottom = self._plot.getAxis("bottom")
        bottom.setLabel("backward pass", color=text.name(), **_label_style(font))
        bottom.showLabel(not self._low)
        self._plot.setLogMode(x=False, y=self._logarithmic)

    def curve(self, name: str, points: list[Point], style: str | int) -> None:
        """A curve of norms; `style` is "gradient", "contribution", "value", or the number of a leaf."""
        heights = [_height(point) for point in points]
        # A first contribution is what `.grad` is afterwards: a ring around that.
        self._line(name, points, heights, *self._pen(style), is_ringed=style == "contribution")

    def element(self, name: str, points: list[Point], element: int) -> None:
        """A curve of one element."""
        values = [point.elements[element] if element < len(point.elements) else np.nan for point in points]
        self._line(name, points, values, _CYCLE[element % len(_CYCLE)], _DASHES[element // 4 % 2])

    def marks(self, series: Series, *, elements: bool) -> None:
        """A ring where `.grad` was cleared, a diamond where the value was updated."""
        colours = widget_colours(self)
        cleared = [point for point in series.grad if point.kind == "cleared"]
        updated = [point for point in series.value if point.kind == "updated"]
        for name, points, sign, colour in (
            ("clear", cleared, ("o", "○"), colours.cleared),
            ("update", updated, ("d", "◇"), colours.updated),
        ):
            if 0 < len(points) <= _DOTS_UP_TO and not elements:
                heights = np.array([_height(point) for point in points])
                self._scatter(name, [point.x for point in points], heights, sign, colour)

    def oddities(self, points: Iterable[Point]) -> None:
        """A cross on the ground wherever there was NaN or Inf, which has no height."""
        odd = [point.x for point in points if point.odd]
        if odd:
            ground = _LOG_GROUND if self._logarithmic else 0.0
            self._scatter("NaN or Inf", odd, np.full(len(odd), ground), ("x", "✕"), widget_theme(self).nan)

    def end(self, passes: int) -> None:
        """Everything has been drawn, of so many passes: fit it into view."""
        self._plot.getAxis("bottom").last = passes
        self._cursor.setPen(pyqtgraph.mkPen(widget_colours(self).cursor, width=1.5))
        self._plot.addItem(self._cursor, ignoreBounds=True)
        self._plot.enableAutoRange()
        # Whole passes, so that there are numbers to read a lonely point's place from; and all of them, for the cursor.
        self._right = max(math.ceil(self._last), passes, 1)
        self._plot.setXRange(0, self._right, padding=_PADDING)

    def set_cursor(self, x: float) -> None:
        """Put the cursor at a place on the axis of passes."""
        # What follows the last pass is told by the border of the plot.
        self._cursor.setValue(min(x, self._right * (1 + _PADDING / 2)))

    def _pen(self, style: str | int) -> tuple[str, Qt.PenStyle]:
        if isinstance(style, int):
            return _CYCLE[style % len(_CYCLE)], _DASHES[style // 4 % 2]
        theme = widget_theme(self)
        colour = {"gradient": theme.gradient, "contribution": widget_colours(self).accumulated, "value": theme.value}
        return colour[style], Qt.PenStyle.DashLine if style == "contribution" else Qt.PenStyle.SolidLine

    def _line(
        self,
        name: str,
        points: list[Point],
        values: list[float],
        colour: str,
        dash: Qt.PenStyle,
        *,
        is_ringed: bool = False,
    ) -> None:
        x, y = np.array([point.x for point in points]), self._drawable(np.array(values, np.float64))
        if not np.isfinite(y).any():
            return
        self._last = max(self._last, points[-1].x)
        few = len(points) <= _DOTS_UP_TO
        pen = pyqtgraph.mkPen(colour, width=2 if few else 1, style=dash)
        dots: dict[str, Any] = {"symbol": "o", "symbolSize": 6, "symbolBrush": colour, "symbolPen": None} if few else {}
        if few and is_ringed:
            dots |= {"symbolSize": 11, "symbolBrush": None, "symbolPen": pyqtgraph.mkPen(colour, width=1.5)}
        # "finite" leaves gaps where there is no number. Wide antialiased lines are slow where there are many points.
        self._plot.plot(x, y, pen=pen, connect="finite", antialias=few, **dots)
        self._add_to_legend("┅" if dash == Qt.PenStyle.DashLine else "━", colour, name)

    def _scatter(
        self, name: str, x: list[float], y: npt.NDArray[np.float64], sign: tuple[str, str], colour: str
    ) -> None:
        drawable = self._drawable(y)
        if np.isfinite(drawable).any():
            pen = pyqtgraph.mkPen(colour, width=2)
            self._last = max(self._last, *x)
            style = {"symbol": sign[0], "symbolPen": pen, "symbolBrush": None, "symbolSize": 11}
            self._plot.plot(np.array(x), drawable, pen=None, **style)
        self._add_to_legend(sign[1], colour, name)

    def _add_to_legend(self, sign: str, colour: str, name: str) -> None:
        self.legend.append(PlotEntry(sign, colour, name))

    def _drawable(self, y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """What a logarithmic axis cannot show is left out."""
        if not self._logarithmic:
            return y
        with np.errstate(invalid="ignore"):
            return np.where(y > _SMALLEST, y, np.nan)

    def _click(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(float(self._plot.getPlotItem().vb.mapSceneToView(event.scenePos()).x()))


def _height(point: Point) -> float:
    """The norm; a `.grad` that was set to None stands on the ground, where it is as empty as one of zeros."""
    return 0.0 if point.kind == "cleared" and np.isnan(point.norm) and not point.odd else point.norm


def _size(font: QFont) -> str:
    return f"{font.pixelSize()}px" if font.pixelSize() > 0 else f"{font.pointSizeF():g}pt"


def _label_style(font: QFont) -> dict[str, str]:
    return {"font-size": _size(font)}


class _Passes(pyqtgraph.AxisItem):
    """Counts backward passes: there is nothing half-way between two to be named, nor after the last.

    Attributes:
        last: The number of the last pass.
    """

    last = 0

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """The numbers of passes that there are."""
        texts = super().tickStrings(values, scale, spacing)
        return [text if value <= self.last else "" for value, text in zip(values, texts, strict=True)]

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        """Distances of ticks, whole ones only."""
        return [level for level in super().tickSpacing(minVal, maxVal, size) if level[0] >= 1] or [(1, 0)]


class _Values(pyqtgraph.AxisItem):
    """Has no more numbers than stand above each other without touching, however low the plot is."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        """Distances of ticks, those with room for their numbers only."""
        levels = super().tickSpacing(minVal, maxVal, size)
        style: Any = self.style
        needed = QFontMetricsF(style["tickFont"] or QFont()).height() * 1.3
        roomy = [level for level in levels if level[0] * size / max(maxVal - minVal, 1e-300) >= needed]
        return roomy or [(levels[0][0] * 2, levels[0][1])]
