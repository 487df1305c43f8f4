"""The rows of the ledger for a table: as many as there are, each read from the recording when it is looked at."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPointF, Qt
from PySide6.QtGui import QFont, QIcon, QPainter, QPalette, QPixmap

from graphviz_app.ui.panels.colours import faint, widget_colours
from graphviz_app.ui.panels.ledger_words import LedgerText, in_words, row_text
from graphviz_app.ui.panels.timeline_marks import Lane
from graphviz_app.ui.panels.timeline_signs import draw_sign, lane_colour

if TYPE_CHECKING:
    import numpy.typing as npt
    from PySide6.QtWidgets import QWidget

    from graphviz_app.timeline import LedgerEntry, Timeline
    from graphviz_app.timeline.ledger import LedgerKind

STEP, LEAF, WHAT, BEFORE, CHANGE, AFTER, LINE = range(7)
TITLES = ("Step", "Leaf", "What", "Before", "Change", "After", "Line")
_ROWS_KEPT = 512
_Index = QModelIndex | QPersistentModelIndex


class Row(NamedTuple):
    """An entry with its cells."""

    entry: LedgerEntry
    text: LedgerText


def lane_of(kind: LedgerKind) -> Lane:
    """The lane of the timeline on which an entry is a mark: it has the same sign here."""
    match kind:
        case "accumulated":
            return Lane.ACCUMULATED
        case "cleared":
            return Lane.CLEARED
        case "written":
            return Lane.WRITTEN
        case "updated":
            return Lane.UPDATED
        case _:
            assert_never(kind)


class LedgerModel(QAbstractTableModel):
    """Entries of one leaf or of all, with what has not happened yet dimmed and the newest entry marked."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._widget = parent
        self._timeline: Timeline | None = None
        self._positions: npt.NDArray[np.int64] | None = None
        self._rows: OrderedDict[int, Row] = OrderedDict()
        self._icons: dict[tuple[Lane, str, int], QIcon] = {}
        self._happened = 0

    # -- data in -----------------------------------------------------------------------------------

    def show_leaf(self, timeline: Timeline | None, leaf: int | None) -> None:
        """Show the entries of one leaf, or of all where `leaf` is None."""
        self.beginResetModel()
        self._timeline = timeline
        self._positions = None if timeline is None or leaf is None else timeline.ledger.positions_of(leaf)
        self._rows.clear()
        self._happened = 0
        self.endResetModel()

    def set_event(self, event_number: int) -> int:
        """Take note of how far the run has come; returns the row that happened last, or -1."""
        happened = 0 if self._timeline is None else self._timeline.ledger.position_at(event_number)
        if self._positions is not None:
            happened = int(np.searchsorted(self._positions, happened))
        if happened != self._happened:
            self._happened = happened
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(TITLES) - 1))
        return happened - 1

    # -- data out ----------------------------------------------------------------------------------

    def row(self, number: int) -> Row:
        """One row; the last few hundred asked for are kept."""
        if self._timeline is None:
            raise IndexError(f"There is no row {number}: nothing is shown.")
        if number in self._rows:
            self._rows.move_to_end(number)
            return self._rows[number]
        position = number if self._positions is None else int(self._positions[number])
        entry = self._timeline.ledger.entry(position)
        row = self._rows[number] = Row(entry, row_text(self._timeline, entry))
        if len(self._rows) > _ROWS_KEPT:
            self._rows.popitem(last=False)
        return row

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """How many entries there are."""
        if self._timeline is None or parent.isValid():
            return 0
        return len(self._timeline.ledger) if self._positions is None else len(self._positions)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        """Seven."""
        return 0 if parent.isValid() else len(TITLES)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | int | None:
        """Titles above, nothing at the side."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(_alignment(section))
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, sign, colours and words of a cell."""
        if not index.isValid() or self._timeline is None:
            return None
        row, column = self.row(index.row()), index.column()
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.text[column]
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return in_words(self._timeline, row.entry)
            case Qt.ItemDataRole.TextAlignmentRole:
                return int(_alignment(column))
            case Qt.ItemDataRole.DecorationRole:
                return self._icon(lane_of(row.entry.kind)) if column == WHAT else None
            case _:
                return self._look(index.row(), column, role)

    def _look(self, row: int, column: int, role: int) -> Any:
        if role == Qt.ItemDataRole.ForegroundRole:
            if row >= self._happened:
                return self._widget.palette().color(QPalette.ColorRole.PlaceholderText)
            if column in (LINE, STEP):
                return self._widget.palette().color(QPalette.ColorRole.Link)
        if role == Qt.ItemDataRole.BackgroundRole and row == self._happened - 1:
            return faint(self._widget.palette().color(QPalette.ColorRole.Highlight).name(), 0.22)
        if role == Qt.ItemDataRole.FontRole and row == self._happened - 1 and column in (WHAT, AFTER):
            font = QFont(self._widget.font())
            font.setWeight(QFont.Weight.DemiBold)
            return font
        return None

    def _icon(self, lane: Lane) -> QIcon:
        colour = lane_colour(lane, widget_colours(self._widget))
        size = self._widget.fontMetrics().height()
        key = (lane, colour, size)
        if key not in self._icons:
            ratio = self._widget.devicePixelRatioF()
            pixmap = QPixmap(round(size * ratio), round(size * ratio))
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_sign(painter, lane, QPointF(size / 2, size / 2), size * 0.6, colour)
            painter.end()
            self._icons[key] = QIcon(pixmap)
        return self._icons[key]


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in (STEP, LINE, BEFORE) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
