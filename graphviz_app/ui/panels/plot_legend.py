"""What the curves of a plot mean: beside the plot or above it, never more than there is room for."""

from __future__ import annotations

import html
import math
from typing import NamedTuple

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

_ROOMY = 8
"""Heights of a line of text, from which on a legend above the plot may take two."""
_SHARE = 0.35
"""Of the width, for a legend beside the plot."""
_SIGN = "━ "
_GAP = "  "


class PlotEntry(NamedTuple):
    """A curve or a kind of mark: its sign, the sign's colour and what it means."""

    sign: str
    colour: str
    text: str

    def html(self, text: str = "") -> str:
        """The entry as rich text, with its own words or shorter ones."""
        words = html.escape(text or self.text)
        return f'<span style="color:{self.colour}; font-weight:bold">{self.sign}</span>&nbsp;{words}'


class PlotLegend(QLabel):
    """A legend; what finds no room, or is cut short, is there for who points at it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setAccessibleName("Legend")
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._entries: list[PlotEntry] = []
        self._beside = True
        self._room = QSize()

    def set_entries(self, entries: list[PlotEntry]) -> None:
        """What there is to say."""
        self._entries = entries
        self._write()

    def set_place(self, *, beside: bool, room: QSize) -> None:
        """Where it stands, and how much room the plot and it have together."""
        self._beside, self._room = beside, room
        self.setMaximumWidth(round(room.width() * _SHARE) if beside else 16_777_215)
        # Beside the plot it takes the height that there is, and asks for none.
        vertical = QSizePolicy.Policy.Ignored if beside else QSizePolicy.Policy.Preferred
        self.setSizePolicy(QSizePolicy.Policy.Preferred, vertical)
        self._write()

    def changeEvent(self, event: QEvent) -> None:
        """Other letters need another height."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._write()

    def _write(self) -> None:
        shown = self._beside_it() if self._beside else self._above_it()
        # A label that wraps asks for the height that it had in a narrower place, or with larger letters.
        self.setMaximumHeight(16_777_215 if self._beside else self._height_of(shown))
        left = len(self._entries) - len(shown)
        texts = [entry.html(text) for entry, text in zip(self._entries, shown, strict=False)]
        self.setText(("<br>" if self._beside else " &nbsp; ").join([*texts, _more(left)] if left else texts))
        whole = [entry.text for entry in self._entries]
        self.setToolTip("" if shown == whole else "<br>".join(entry.html() for entry in self._entries))
        self.setVisible(bool(texts))

    def _height_of(self, texts: list[str]) -> int:
        """The height of so many entries above the plot."""
        metrics = QFontMetricsF(self.font())
        used = sum(metrics.horizontalAdvance(_SIGN + text + _GAP) for text in texts)
        used += metrics.horizontalAdvance(_more(99)) if len(texts) < len(self._entries) else 0.0
        lines = max(1, math.ceil(used / max(self._room.width(), 1)))
        return math.ceil(lines * metrics.lineSpacing()) + 2

    def _beside_it(self) -> list[str]:
        """The texts of those that fit one below the other, each cut short to one line; names differ in their ends."""
        metrics = QFontMetricsF(self.font())
        lines = max(2, int(self._room.height() / metrics.lineSpacing()))
        count = len(self._entries) if len(self._entries) <= lines else lines - 1
        width = self._room.width() * _SHARE - metrics.horizontalAdvance(_SIGN + _GAP)
        return [metrics.elidedText(entry.text, Qt.TextElideMode.ElideLeft, width) for entry in self._entries[:count]]

    def _above_it(self) -> list[str]:
        """The texts of those that leave room for the plot below them."""
        metrics = QFontMetricsF(self.font())
        lines = 2 if self._room.height() > metrics.height() * _ROOMY else 1
        room = lines * (self._room.width() - metrics.horizontalAdvance(_more(99)))
        shown: list[str] = []
        for entry in self._entries:
            room -= metrics.horizontalAdvance(_SIGN + entry.text + _GAP)
            if room < 0 and shown:
                break
            shown.append(entry.text)
        return shown


def _more(count: int) -> str:
    return f"and {count} more"
