"""The three values of one entry of the ledger, each seen whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from graphviz_app.ui.panels.ledger_words import call_text, in_words
from graphviz_app.ui.panels.tensor_view import TensorView

if TYPE_CHECKING:
    from graphviz_app.timeline import LedgerEntry, Timeline

_HINT = "Choose a row of the ledger to see its values whole."


class LedgerValues(QScrollArea):
    """Before, what came, after."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Values of a row of the ledger")
        content = QWidget(self)
        rows = QVBoxLayout(content)
        self._title = QLabel(_HINT, content)
        self._title.setWordWrap(True)
        rows.addWidget(self._title)
        self._parts = [(QLabel(content), TensorView(content)) for _ in range(3)]
        for label, view in self._parts:
            rows.addWidget(label)
            rows.addWidget(view)
        rows.addStretch(1)
        self.setWidget(content)
        self.set_entry(None, None)

    def set_entry(self, timeline: Timeline | None, entry: LedgerEntry | None) -> None:
        """Show the values of an entry."""
        shown: list[tuple[str, int] | None] = [None, None, None]
        if timeline is None or entry is None:
            self._title.setText(_HINT)
        else:
            self._title.setText(in_words(timeline, entry))
            added = entry.kind == "accumulated"
            change = ("+ contribution", entry.contribution) if added else None
            after = "= after" if added else f"→ after {call_text(entry.how, entry.kind)}"
            shown = [("Before", entry.before), change, (after, entry.after)]
        for (label, view), part in zip(self._parts, shown, strict=True):
            label.setVisible(part is not None)
            view.setVisible(part is not None)
            if part is not None and timeline is not None:
                label.setText(f"<b>{part[0]}</b>")
                view.set_record(timeline.recording.value(part[1]))
