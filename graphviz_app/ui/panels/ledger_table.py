"""The ledger as a table: before + contribution = after, one row per change of a leaf."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from graphviz_app.ui.panels.ledger_model import AFTER, BEFORE, CHANGE, LEAF, LINE, STEP, WHAT, LedgerModel

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from graphviz_app.timeline import LedgerEntry, StepState, Timeline

_VALUES = (BEFORE, CHANGE, AFTER)
_SAMPLE_ROWS = 64
_GOLDEN = 0.6180339887


class LedgerTable(QTableView):
    """Rows in the order in which things happened.

    Signals:
        step_requested(int): A row was clicked: go to where it has just happened.
        selection_requested(object): ("line", file, line) or ("leaf", leaf), where such a cell was clicked.
        entry_changed(object): Another row is current; its `LedgerEntry`, or None.
        expand_requested(): The values of the current row should be seen whole.
    """

    step_requested = Signal(int)
    selection_requested = Signal(object)
    entry_changed = Signal(object)
    expand_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = LedgerModel(self)
        self._one_leaf = False
        self.setModel(self._model)
        self.setAccessibleName("Ledger")
        self.setAccessibleDescription("Every change of every leaf: before, contribution, after.")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setMinimumSectionSize(1)
        self.clicked.connect(self._click)
        self.doubleClicked.connect(self._expand)
        self.selectionModel().currentRowChanged.connect(self._change_current)

    # -- data in -----------------------------------------------------------------------------------

    def show_leaf(self, timeline: Timeline | None, leaf: int | None) -> None:
        """Show the entries of one leaf, or of all where `leaf` is None."""
        self._model.show_leaf(timeline, leaf)
        self._one_leaf = leaf is not None
        self.setColumnHidden(LEAF, self._one_leaf)
        self._fit()
        self.entry_changed.emit(None)

    def set_state(self, state: StepState | None) -> None:
        """Dim what has not happened yet and bring what happened last into view."""
        row = self._model.set_event(-1 if state is None else state.event_number)
        # A table that has just been filled does not know yet how far it can be scrolled.
        self.executeDelayedItemsLayout()
        if row >= 0:
            self.scrollTo(self._model.index(row, self._first_column()), QAbstractItemView.ScrollHint.EnsureVisible)
        else:
            self.scrollToTop()

    def current_entry(self) -> LedgerEntry | None:
        """The entry of the current row."""
        index = self.currentIndex()
        return self._model.row(index.row()).entry if index.isValid() else None

    # -- room --------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """A few rows."""
        metrics = QFontMetricsF(self.font())
        return QSize(round(metrics.averageCharWidth() * 60), round(metrics.height() * 10))

    def minimumSizeHint(self) -> QSize:
        """The header and two rows, in a narrow panel."""
        metrics = QFontMetricsF(self.font())
        return QSize(round(metrics.averageCharWidth() * 24), round(metrics.height() * 5))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share out the new width."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Narrow columns as wide as their text; the values share the rest by how much they need."""
        metrics = QFontMetricsF(self.font())
        self.verticalHeader().setDefaultSectionSize(round(metrics.height() * 1.5))
        extent = self.fontMetrics().height()  # as the model draws the signs
        self.setIconSize(QSize(extent, extent))
        room = self.viewport().width()
        least = metrics.averageCharWidth() * 6
        needed = {column: self._needed(column, metrics) for column in (STEP, LEAF, WHAT, LINE, *_VALUES)}
        needed[LEAF] = 0.0 if self._one_leaf else min(needed[LEAF], room * 0.25)
        left = room - sum(needed[column] for column in (STEP, LEAF, WHAT, LINE))
        for column in (STEP, LINE):
            # In a narrow panel the step goes first, a click on the row leads there all the same; then the line.
            narrow = left < 3 * least
            self.setColumnHidden(column, narrow)
            left += needed[column] if narrow else 0.0
        wanted = sum(needed[column] for column in _VALUES)
        for column in _VALUES:
            # More than there is room for: each gives in proportion. Less: the last one takes what is left over.
            needed[column] = max(needed[column] * min(left / wanted, 1.0), least)
        needed[AFTER] = max(left - needed[BEFORE] - needed[CHANGE], least)
        for column, width in needed.items():
            self.setColumnWidth(column, int(width))

    def _needed(self, column: int, metrics: QFontMetricsF) -> float:
        """The width of the widest text among the title, the first and last rows and some in between.

        These lie in no order in which a loop's kinds of rows could: "pass 2000" is wider than "pass 1".
        """
        rows = self._model.rowCount()
        between = (int(rows * (number * _GOLDEN % 1.0)) for number in range(_SAMPLE_ROWS))
        some = {*range(min(rows, _SAMPLE_ROWS)), *range(max(rows - 2, 0), rows), *(between if rows else ())}
        texts = [self._model.row(row).text[column] for row in some]
        texts.append(str(self._model.headerData(column, Qt.Orientation.Horizontal)))
        icon = metrics.height() * 1.4 if column == WHAT else 0.0
        return max(metrics.horizontalAdvance(text) for text in texts) * 1.04 + icon + metrics.averageCharWidth() * 2

    def _first_column(self) -> int:
        return max(self.columnAt(0), 0)

    # -- what the user wants ------------------------------------------------------------------------

    def _click(self, index: QModelIndex) -> None:
        entry = self._model.row(index.row()).entry
        if index.column() == LINE and entry.line > 0:
            self.selection_requested.emit(("line", entry.file, entry.line))
        elif index.column() == LEAF:
            self.selection_requested.emit(("leaf", entry.leaf))
        else:
            self.step_requested.emit(entry.step)

    def _expand(self) -> None:
        self.expand_requested.emit()

    def _change_current(self, current: QModelIndex) -> None:
        self.entry_changed.emit(self._model.row(current.row()).entry if current.isValid() else None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes to the current row's step, Space shows its values."""
        entry = self.current_entry()
        if entry is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.step_requested.emit(entry.step)
        elif entry is not None and event.key() == Qt.Key.Key_Space:
            self.expand_requested.emit()
        else:
            super().keyPressEvent(event)
