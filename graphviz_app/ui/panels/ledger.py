"""The ledger: what every leaf's `.grad` became because of every pass, as a table, a plot, and values seen whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLayout,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from graphviz_app.ui.panels.ledger_plot import LedgerPlot
from graphviz_app.ui.panels.ledger_table import LedgerTable
from graphviz_app.ui.panels.ledger_values import LedgerValues

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from graphviz_app.recording import Recording
    from graphviz_app.timeline import LedgerEntry, StepState, Timeline

_NOTHING_RUN = "Run a program: what each backward pass adds to each leaf's .grad is written here."
_RUNNING = "The program runs: what each backward pass adds to each leaf's .grad is written here when it has ended."
_NOTHING_HAPPENED = "No leaf's .grad has been written in this run: no backward pass reached one."
_WIDE = 90
"""Average letters, from which on table and plot stand side by side."""
_ROOMY = 60
"""Average letters, from which on tabs, the choice of a leaf and what is plotted stand in one line."""
_HIGH = 17
"""Lines of text, from which on the one stands below the other: the table with two rows, the least plot with its legend,
and what is above them."""


class LedgerPanel(QWidget):
    """Table left, plot and values right; below each other where the panel is narrow, and where it is low, too, tabs.

    Signals:
        step_requested(int): The user wants to go to a step.
        selection_requested(object): ("line", file, line) or ("leaf", leaf).
    """

    step_requested = Signal(int)
    selection_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._timeline: Timeline | None = None
        self._has_recording = self._is_running = False
        self._state: StepState | None = None
        self._chooser = QComboBox(self)
        self._chooser.setAccessibleName("Leaf shown in the ledger")
        self._chooser.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._chooser.setMinimumContentsLength(12)
        self.table, self.plot, self.values = LedgerTable(self), LedgerPlot(self), LedgerValues(self)
        self._hint = QLabel(_NOTHING_RUN, self)
        self._hint.setWordWrap(True)
        self._hint.setObjectName("dim")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._side = QTabWidget(self)
        self._side.setDocumentMode(True)
        self._side.addTab(self.plot, "Plot")
        self._side.addTab(self.values, "Values")
        self._arranging = QTimer(self)
        self._arranging.setSingleShot(True)
        self._arranging.timeout.connect(self._arrange)
        self._lay_out()
        self._chooser.currentIndexChanged.connect(self._choose)
        self.table.step_requested.connect(self.step_requested)
        self.table.selection_requested.connect(self.selection_requested)
        self.table.entry_changed.connect(self._show_entry)
        self.table.expand_requested.connect(self._show_values)
        self.plot.step_requested.connect(self.step_requested)
        self.set_recording(None, None)

    # -- data in -----------------------------------------------------------------------------------

    def set_recording(self, recording: Recording | None, timeline: Timeline | None) -> None:
        """Show another run."""
        self._timeline = timeline if recording is not None else None
        self._has_recording = recording is not None
        self._state = None
        with QSignalBlocker(self._chooser):
            self._chooser.clear()
            self._chooser.addItem("All leaves", None)
            for leaf in recording.leaves if recording is not None else ():
                # What the program never had a name for, and nothing happened to, such as a layer that was copied only.
                is_idle = timeline is not None and not len(timeline.ledger.positions_of(leaf.leaf))
                if not is_idle or leaf.name != f"leaf{leaf.leaf}":
                    self._chooser.addItem(leaf.name, leaf.leaf)
        count = 0 if self._timeline is None else len(self._timeline.ledger)
        self._say_why_empty()
        self._chooser.setEnabled(bool(count))
        self._stack.setCurrentIndex(1 if count else 0)
        self.updateGeometry()
        self._choose()

    def set_running(self, *, running: bool) -> None:
        """While nothing is shown, say whether something will be."""
        self._is_running = running
        self._say_why_empty()

    def set_state(self, state: StepState | None) -> None:
        """Follow the cursor."""
        self._state = state
        self.table.set_state(state)
        self.plot.set_state(state)

    def set_selection(self, selection: tuple[Any, ...]) -> None:
        """Show the leaf that is selected; anything else leaves the choice as it is."""
        match selection:
            case ("leaf", int(leaf)):
                found = self._chooser.findData(leaf)
                if found >= 0:
                    self._chooser.setCurrentIndex(found)
            case _:
                pass

    @property
    def leaf(self) -> int | None:
        """The leaf that is shown, or None for all."""
        return self._chooser.currentData()

    # -- inside ------------------------------------------------------------------------------------

    def _say_why_empty(self) -> None:
        nothing = _RUNNING if self._is_running else _NOTHING_RUN
        self._hint.setText(_NOTHING_HAPPENED if self._has_recording else nothing)

    def _choose(self) -> None:
        leaf = self.leaf
        self.table.show_leaf(self._timeline, leaf)
        self.plot.show_leaf(self._timeline, leaf)
        self.values.set_entry(None, None)
        # What stands beside the tabs may be longer now.
        self._arrange_soon()
        self.table.set_state(self._state)
        self.plot.set_state(self._state)

    def _show_entry(self, entry: LedgerEntry | None) -> None:
        self.values.set_entry(self._timeline, entry)

    def _show_values(self) -> None:
        self._side.setCurrentWidget(self.values)

    def _show_controls(self) -> None:
        self.plot.controls.setVisible(self._side.currentWidget() is self.plot)

    def _lay_out(self) -> None:
        label = QLabel("&Leaf", self)
        label.setBuddy(self._chooser)
        self._bar = QWidget(self)
        bar = QHBoxLayout(self._bar)
        bar.setContentsMargins(0, 0, 0, 0)
        bar.addWidget(label)
        bar.addWidget(self._chooser)
        bar.addStretch(1)
        self._left = QWidget(self)
        self._column = column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._bar)
        column.addWidget(self.table, 1)
        corner = QWidget(self)
        self._corner = QHBoxLayout(corner)
        self._corner.setContentsMargins(0, 0, 0, 0)
        self._corner.addWidget(self.plot.controls)
        self._side.setCornerWidget(corner)
        self._side.currentChanged.connect(self._show_controls)
        self._splitter = QSplitter(Qt.Orientation.Vertical, self)
        self._splitter.setChildrenCollapsible(True)
        self._splitter.addWidget(self._left)
        self._splitter.addWidget(self._side)
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 2)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._hint)
        self._stack.addWidget(self._splitter)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        # Side by side, table and plot need more room than a narrow panel has: they must not keep it from being one.
        rows.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        rows.addWidget(self._stack, 1)

    def sizeHint(self) -> QSize:
        """Enough for a few rows of the table, or a low plot with its legend."""
        metrics = QFontMetricsF(self.font())
        return QSize(round(metrics.averageCharWidth() * _WIDE), round(metrics.height() * 7))

    def minimumSizeHint(self) -> QSize:
        """The table or, beside it or behind it, a glimpse of the plot; or why there is neither."""
        metrics = QFontMetricsF(self.font())
        lines = 5.0 if self._stack.currentIndex() else 2.5
        return QSize(round(metrics.averageCharWidth() * 26), round(metrics.height() * lines))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside each other where there is room for both."""
        super().resizeEvent(event)
        self._splitter.setOrientation(Qt.Orientation.Horizontal if self._is_wide else Qt.Orientation.Vertical)
        self._arrange_soon()

    def changeEvent(self, event: QEvent) -> None:
        """Other letters need other room."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._arrange_soon()

    def _arrange_soon(self) -> None:
        # While fonts change, which may change sizes at once, Qt walks over the widgets: none may find another parent.
        self._arranging.start()

    @property
    def _is_wide(self) -> bool:
        return self.width() >= QFontMetricsF(self.font()).averageCharWidth() * _WIDE

    def _arrange(self) -> None:
        metrics = QFontMetricsF(self.font())
        self._splitter.setOrientation(Qt.Orientation.Horizontal if self._is_wide else Qt.Orientation.Vertical)
        is_tab = not self._is_wide and self.height() < metrics.height() * _HIGH
        names = self._side.tabBar().sizeHint().width() + self._side.cornerWidget().sizeHint().width()
        self._side.setMinimumWidth(names if self._is_wide else 0)
        self._put_bar(into_corner=is_tab and self.width() >= metrics.averageCharWidth() * _ROOMY)
        if is_tab == (self._side.indexOf(self._left) >= 0):
            return
        if is_tab:
            self._side.insertTab(0, self._left, "Table")
            self._side.setCurrentIndex(0)
        else:
            self._splitter.insertWidget(0, self._left)
            self._splitter.setStretchFactor(0, 3)
            self._left.show()

    def _put_bar(self, *, into_corner: bool) -> None:
        """Put the choice of a leaf above the table, or beside the tabs: there it is seen above the plot, too."""
        if into_corner:
            self._corner.insertWidget(0, self._bar)
        else:
            self._column.insertWidget(0, self._bar)
