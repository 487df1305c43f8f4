"""The ledger over the passes as curves; pyqtgraph is imported late, and in the background."""

from __future__ import annotations

import importlib
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QWidget,
)

from graphviz_app.scene.numbers import number
from graphviz_app.ui.panels.ledger_series import MOST_ENTRIES, PassAxis, Series, read_series
from graphviz_app.ui.panels.plot_legend import PlotLegend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QResizeEvent, QShowEvent

    from graphviz_app.timeline import StepState, Timeline
    from graphviz_app.ui.panels.ledger_series import Point
    from graphviz_app.ui.panels.plot_canvas import PlotCanvas

_SLICE_SECONDS = 0.008
_PATIENCE_MS = 300
"""Until the reading begins: the graph of a program that has just run comes first."""
_MOST_LEAVES = 8
_HINT = "Nothing to plot yet: each accumulation into .grad becomes a point here."
NORMS, GRAD_ELEMENTS, VALUE_ELEMENTS = range(3)


def warm() -> None:
    """Import in the background what draws: it takes long enough to be felt when the first program has run."""
    name = f"{__package__}.plot_canvas"
    threading.Thread(target=importlib.import_module, args=(name,), name="plots", daemon=True).start()


class LedgerPlot(QWidget):
    """Curves of one leaf, or the norms of the `.grad` of the first few of all leaves.

    Attributes:
        controls: What is plotted, and how; for the plot's owner to place.

    Signals:
        step_requested(int): A place on the axis of passes was clicked.
    """

    step_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(parent)
        self._clock = clock
        self._timeline: Timeline | None = None
        self._axis: PassAxis | None = None
        self._state: StepState | None = None
        self._series: dict[int, Series] = {}
        self._readers: list[Iterator[Series]] = []
        self._canvas: PlotCanvas | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._read_on)
        self.controls = QWidget(self)
        self._what = QComboBox(self.controls)
        self._what.addItems(["Norms", "Elements of .grad", "Elements of the value"])
        self._what.setAccessibleName("What is plotted")
        self._what.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._what.setMinimumContentsLength(8)
        self._logarithmic = QCheckBox("&Log", self.controls)
        self._logarithmic.setToolTip("Logarithmic scale; what is zero or negative is left out")
        self._note = QLabel(self.controls)
        self._hint = QLabel(_HINT, self)
        self._hint.setWordWrap(True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._lay_out()
        self._what.currentIndexChanged.connect(self._draw)
        self._logarithmic.toggled.connect(self._draw)
        self.setAccessibleName("Plot of the ledger")

    # -- data in -----------------------------------------------------------------------------------

    def show_leaf(self, timeline: Timeline | None, leaf: int | None) -> None:
        """Plot one leaf, or the first few where `leaf` is None."""
        if timeline is not self._timeline:
            self._axis = None if timeline is None else PassAxis(timeline)
        self._timeline = timeline
        self._series = {}
        self._readers = []
        if timeline is not None and self._axis is not None:
            leaves = _first_leaves(timeline) if leaf is None else [leaf]
            most = MOST_ENTRIES if len(leaves) == 1 else MOST_ENTRIES // 4
            self._readers = [read_series(timeline, one, self._axis, most) for one in leaves[:_MOST_LEAVES]]
            self._note.setText(f"the first {_MOST_LEAVES} leaves" if len(leaves) > _MOST_LEAVES else "")
        self._single = leaf is not None or len(self._readers) == 1
        self._draw()
        self._start()

    def set_state(self, state: StepState | None) -> None:
        """Put the cursor where the run stands."""
        self._state = state
        self._place_cursor()

    def is_reading(self) -> bool:
        """Whether values are still to be read before the plot is complete."""
        return bool(self._readers)

    # -- reading, a few milliseconds at a time -------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to read: nothing is read for a plot that nobody sees."""
        super().showEvent(event)
        self._start()

    def _start(self) -> None:
        if self._readers and self.isVisible():
            self._timer.start(_PATIENCE_MS)

    def _read_on(self) -> None:
        if not self.isVisible():
            self._timer.stop()
            return
        self._timer.setInterval(0)
        end = self._clock() + _SLICE_SECONDS
        while self._readers and self._clock() < end:
            series = next(self._readers[0], None)
            if series is None:
                self._readers.pop(0)
            else:
                self._series[series.leaf] = series
        if not self._readers:
            self._timer.stop()
            self._draw()

    # -- drawing ---------------------------------------------------------------------------------------

    def _draw(self) -> None:
        series = list(self._series.values())
        with QSignalBlocker(self._what):
            few = self._single and any(one.element_count for one in series)
            self._what.setEnabled(few)
            if not few:
                self._what.setCurrentIndex(NORMS)
        drawable = any(one.grad or len(one.value) > 1 for one in series)
        if not drawable:
            self._legend.set_entries([])
            self._stack.setCurrentIndex(0)
            return
        canvas = self._ensure_canvas()
        canvas.set_logarithmic(self._logarithmic.isChecked())
        canvas.begin(self)
        for position, one in enumerate(series):
            self._draw_series(canvas, one, position)
        canvas.oddities(
            point for one in series for point in ((*one.grad, *one.value) if self._single else _accumulated(one))
        )
        canvas.end(0 if self._axis is None else self._axis.count)
        self._legend.set_entries(canvas.legend)
        self._stack.setCurrentIndex(1)
        self.setAccessibleDescription(_in_words(series))
        self._place_cursor()

    def _draw_series(self, canvas: PlotCanvas, series: Series, position: int) -> None:
        what = self._what.currentIndex()
        if not self._single:
            # Several leaves' clears would hide each other: what each pass left in .grad is what is compared.
            canvas.curve(f"{series.name}.grad", _accumulated(series), position)
            return
        if what == NORMS:
            canvas.curve("norm of .grad", series.grad, "gradient")
            canvas.curve("of contribution", series.contributions, "contribution")
            canvas.curve("of value", series.value, "value")
        else:
            points = series.grad if what == GRAD_ELEMENTS else series.value
            name = f"{series.name}.grad" if what == GRAD_ELEMENTS else series.name
            for element in range(series.element_count):
                canvas.element(f"{name}[{element}]", points, element)
        canvas.marks(series, elements=what != NORMS)

    def _ensure_canvas(self) -> PlotCanvas:
        if self._canvas is None:
            from graphviz_app.ui.panels.plot_canvas import PlotCanvas

            self._canvas = PlotCanvas(self)
            self._canvas.clicked.connect(self._click)
            self._canvas.set_low(self.height() < QFontMetricsF(self.font()).height() * 11)
            self._stack.addWidget(self._canvas)
        return self._canvas

    def _place_cursor(self) -> None:
        if self._canvas is not None and self._axis is not None and self._state is not None:
            self._canvas.set_cursor(self._axis.place(self._state.step))

    def _click(self, x: float) -> None:
        """Ask for the change nearest to the place."""
        points = [point for one in self._series.values() for point in (*one.grad, *one.value)]
        if points:
            nearest = int(np.argmin([abs(point.x - x) for point in points]))
            self.step_requested.emit(points[nearest].step)

    # -- Qt --------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        bar = QHBoxLayout(self.controls)
        bar.setContentsMargins(0, 0, 0, 0)
        for widget in (self._note, self._what, self._logarithmic):
            bar.addWidget(widget)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._hint)
        self._legend = PlotLegend(self)
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._rows.setContentsMargins(0, 2, 0, 0)
        self._rows.addLayout(self._stack, 1)
        self._rows.addWidget(self._legend)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The legend beside the plot, or above it where that would leave too little of it."""
        super().resizeEvent(event)
        wide = self.width() > QFontMetricsF(self.font()).averageCharWidth() * 48
        self._rows.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.BottomToTop)
        self._legend.set_place(beside=wide, room=self.size())
        if self._canvas is not None:
            self._canvas.set_low(self.height() < QFontMetricsF(self.font()).height() * 11)

    def minimumSizeHint(self) -> QSize:
        """A plot smaller than this says nothing."""
        em = QFontMetricsF(self.font()).height()
        return QSize(round(em * 10), round(em * 4))

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours and the font of another look."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and self._canvas is not None:
            self._draw()


def _first_leaves(timeline: Timeline) -> list[int]:
    """The first leaves to which anything happened, and one more where there are more than are plotted."""
    found: list[int] = []
    for summary in timeline.recording.leaves:
        if len(timeline.ledger.positions_of(summary.leaf)):
            found.append(summary.leaf)
        if len(found) > _MOST_LEAVES:
            break
    return found


def _accumulated(series: Series) -> list[Point]:
    """What each pass left in `.grad`."""
    return [point for point in series.grad if point.kind == "accumulated"]


def _in_words(series: list[Series]) -> str:
    """The newest norms, for people who do not see the curves."""
    parts: list[str] = []
    for one in series:
        norms: list[Any] = [point.norm for point in one.grad if not np.isnan(point.norm)]
        if norms:
            parts.append(
                f"norm of {one.name}.grad from {number(min(norms))} to {number(max(norms))}, last {number(norms[-1])}"
            )
    return "; ".join(parts)
