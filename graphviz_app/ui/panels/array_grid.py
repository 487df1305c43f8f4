"""Numbers in a grid, with their indices around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeySequence, QPalette
from PySide6.QtWidgets import QApplication, QHeaderView, QSizePolicy, QTableView, QWidget

from graphviz_app.scene.numbers import number
from graphviz_app.ui.panels.colours import widget_theme

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from graphviz_app.ui.panels.tensor_slice import Page

_DIGITS = 4
_ROWS_SHOWN = 8
_Index = QModelIndex | QPersistentModelIndex


class ArrayModel(QAbstractTableModel):
    """A page of a tensor; cells are made when they are looked at."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._widget = parent
        self._page: Page | None = None

    def set_page(self, page: Page | None) -> None:
        """Show another page."""
        self.beginResetModel()
        self._page = page
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Rows of the page."""
        return 0 if self._page is None or parent.isValid() else self._page.values.shape[0]

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Columns of the page."""
        return 0 if self._page is None or parent.isValid() else self._page.values.shape[1]

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The number, right-aligned; the exact one as tooltip; what is odd in its own colour."""
        if self._page is None or not index.isValid():
            return None
        value = self._page.values[index.row(), index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return number(value, _DIGITS)
            case Qt.ItemDataRole.ToolTipRole:
                return f"{self._place(index)} = {exact(value)}"
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{self._place(index)}: {number(value, _DIGITS)}"
            case Qt.ItemDataRole.TextAlignmentRole:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            case Qt.ItemDataRole.ForegroundRole:
                return self._colour(value)
            case _:
                return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> int | str | None:
        """Indices in the tensor itself, also where the page is a downsample."""
        if self._page is None or role != Qt.ItemDataRole.DisplayRole:
            return None
        if orientation == Qt.Orientation.Horizontal:
            return section * self._page.column_stride
        return "" if self._page.one_row else section * self._page.row_stride

    def _place(self, index: _Index) -> str:
        if self._page is None:
            return ""
        column = index.column() * self._page.column_stride
        return f"[{column}]" if self._page.one_row else f"[…, {index.row() * self._page.row_stride}, {column}]"

    def _colour(self, value: Any) -> QColor | None:
        if not bool(np.isfinite(np.complex128(value))):
            return QColor(widget_theme(self._widget).warning)
        if value == 0:
            return self._widget.palette().color(QPalette.ColorRole.PlaceholderText)
        return None


class ArrayGrid(QTableView):
    """Shows a page; as high as its rows, up to eight of them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ArrayModel(self)
        self.setModel(self._model)
        self.setAccessibleName("Elements")
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setMinimumSectionSize(1)
            header.setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def set_page(self, page: Page | None) -> None:
        """Show another page."""
        self._model.set_page(page)
        self.verticalHeader().setVisible(page is not None and not page.one_row)
        self.fit()

    def fit(self) -> None:
        """Columns as wide as their widest number, all of them alike."""
        metrics = QFontMetricsF(self.font())
        self.verticalHeader().setDefaultSectionSize(round(metrics.height() * 1.35))
        rows, columns = self._model.rowCount(), self._model.columnCount()
        # Numbers all have about four digits: a few hundred of them tell how wide the widest is.
        texts = [
            str(self._model.data(self._model.index(row, column)))
            for row in range(min(rows, 16))
            for column in range(min(columns, 32))
        ]
        texts.append(str(self._model.headerData(max(columns - 1, 0), Qt.Orientation.Horizontal)))
        widest = max(metrics.horizontalAdvance(text) for text in texts)
        self.horizontalHeader().setDefaultSectionSize(round(widest + metrics.averageCharWidth() * 2))
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """High enough for the rows, without leaving room for what is not there."""
        row = self.verticalHeader().defaultSectionSize()
        header = self.horizontalHeader().sizeHint().height()
        bar = self.horizontalScrollBar().sizeHint().height()
        rows = min(self._model.rowCount(), _ROWS_SHOWN)
        return QSize(row * 8, header + rows * row + bar + 2 * self.frameWidth())

    def minimumSizeHint(self) -> QSize:
        """One row less than its rows at most, and never wider than a narrow panel."""
        return QSize(self.verticalHeader().defaultSectionSize() * 3, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the selected cells with the usual key."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QApplication.clipboard().setText(self.selected_text())
            return
        super().keyPressEvent(event)

    def selected_text(self) -> str:
        """The selected cells, tab-separated, as a spreadsheet takes them."""
        rows: dict[int, list[str]] = {}
        for index in sorted(self.selectedIndexes()):
            rows.setdefault(index.row(), []).append(str(self._model.data(index)))
        return "\n".join("\t".join(cells) for cells in rows.values())


def exact(value: Any) -> str:
    """A number with all the digits that tell it from its neighbours in its own dtype."""
    if isinstance(value, np.floating):
        value = cast("np.floating[Any]", value)
        return np.format_float_positional(value) if 1e-4 <= abs(value) < 1e7 else repr(value.item())
    return str(value)
