"""Any recorded tensor: as numbers, as a heat map, as a histogram, with its figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from graphviz_app.recording.values import sampled_elements
from graphviz_app.ui.panels.array_grid import ArrayGrid
from graphviz_app.ui.panels.fitted_tabs import FittedTabs
from graphviz_app.ui.panels.heat_map import HeatMap
from graphviz_app.ui.panels.histogram import Histogram
from graphviz_app.ui.panels.index_row import IndexRow
from graphviz_app.ui.panels.labels import label
from graphviz_app.ui.panels.tensor_slice import leading_sizes, page, sampling_text
from graphviz_app.ui.panels.tensor_text import (
    as_numpy,
    as_text,
    description,
    figures,
    why_no_elements,
    wrapped_between_parts,
)

if TYPE_CHECKING:
    from graphviz_app.recording import TensorRecord

_FEW = 64
"""Up to so many elements are first shown as numbers, more as a heat map."""
NUMBERS, HEAT_MAP, HISTOGRAM = range(3)


class TensorView(QWidget):
    """Shows one `TensorRecord`, or says why there is nothing to show."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._record: TensorRecord | None = None
        self._stale: set[int] = set()
        self._chosen_tab: int | None = None
        self._description = label(self)
        self._figures = label(self)
        self._hint = label(self)
        self._index = IndexRow(self)
        self._index.changed.connect(self._show_index)
        self._grid, self._heat_map, self._histogram = ArrayGrid(self), HeatMap(self), Histogram(self)
        self._tabs = FittedTabs(self)
        self._tabs.setDocumentMode(True)
        for widget, title in ((self._grid, "Numbers"), (self._heat_map, "Heat map"), (self._histogram, "Histogram")):
            self._tabs.addTab(widget, title)
        self._tabs.currentChanged.connect(self._fill)
        self._tabs.tabBarClicked.connect(self._choose)
        self._lay_out()
        self.set_record(None)

    def set_record(self, record: TensorRecord | None) -> None:
        """Show another tensor; None for an undefined gradient, which is not the same as zeros."""
        self._record = record
        hint = "None: an undefined gradient, not zeros." if record is None else why_no_elements(record)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self._description.setText("" if record is None else description(record))
        self._description.setVisible(record is not None)
        self._figures.setText("" if record is None else wrapped_between_parts(figures(record)))
        self._figures.setVisible(bool(self._figures.text()))
        self._copy.setVisible(record is not None)
        self._index.set_sizes(() if record is None else leading_sizes(record))
        self._tabs.setVisible(record is not None and not hint)
        self.setAccessibleName(f"Tensor {self._description.text() or 'None'}")
        self._show_tabs()
        self._show_index()

    @property
    def record(self) -> TensorRecord | None:
        """What is shown."""
        return self._record

    @property
    def current_tab(self) -> int:
        """`NUMBERS`, `HEAT_MAP` or `HISTOGRAM`."""
        return self._tabs.currentIndex()

    def copy_text(self) -> None:
        """Put the elements on the clipboard, as numpy prints them."""
        if self._record is not None:
            QApplication.clipboard().setText(as_text(self._record))

    def copy_numpy(self) -> None:
        """Put an expression on the clipboard that makes the array in numpy."""
        if self._record is not None:
            QApplication.clipboard().setText(as_numpy(self._record) or as_text(self._record))

    def _lay_out(self) -> None:
        self._copy = QToolButton(self)
        self._copy.setText("Copy")
        self._copy.setAutoRaise(True)
        self._copy.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._copy)
        for text, slot in (("Copy as text", self.copy_text), ("Copy as numpy", self.copy_numpy)):
            action = QAction(text, menu)
            action.triggered.connect(slot)
            menu.addAction(action)
        self._copy.setMenu(menu)
        first = QHBoxLayout()
        first.addWidget(self._description, 1)
        first.addWidget(self._copy, 0, Qt.AlignmentFlag.AlignTop)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addLayout(first)
        rows.addWidget(self._figures)
        rows.addWidget(self._hint)
        rows.addWidget(self._index)
        rows.addWidget(self._tabs, 1)
        rows.addStretch(0)

    def _show_tabs(self) -> None:
        record = self._record
        several = record is not None and record.numel > 1
        self._tabs.setTabVisible(HEAT_MAP, several)
        self._tabs.setTabVisible(HISTOGRAM, several)
        self._tabs.tabBar().setVisible(several)
        if not several or record is None:
            self._tabs.setCurrentIndex(NUMBERS)
        elif self._chosen_tab is not None:
            self._tabs.setCurrentIndex(self._chosen_tab)
        else:
            whole_and_few = record.numel <= _FEW and not sampling_text(record)
            self._tabs.setCurrentIndex(NUMBERS if whole_and_few else HEAT_MAP)

    def _choose(self, tab: int) -> None:
        self._chosen_tab = tab

    def _show_index(self) -> None:
        self._stale = {NUMBERS, HEAT_MAP, HISTOGRAM}
        self._fill(self._tabs.currentIndex())

    def _fill(self, tab: int) -> None:
        """Give the tab that is looked at its content; the others wait until they are."""
        if tab not in self._stale:
            return
        self._stale.discard(tab)
        record = self._record
        if tab == HISTOGRAM:
            self._histogram.set_values(None if record is None else sampled_elements(record))
            return
        shown = None if record is None else page(record, self._index.index())
        (self._grid if tab == NUMBERS else self._heat_map).set_page(shown)
