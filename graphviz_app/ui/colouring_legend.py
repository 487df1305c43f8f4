"""A line under the canvas that says what the colours of the boxes mean."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

if TYPE_CHECKING:
    from graphviz_app.scene.colouring import LegendEntry
    from graphviz_app.scene.picture import Picture
    from graphviz_app.scene.theme import Theme


class ColouringLegend(QLabel):
    """Shown while boxes have colours of a colouring."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setAccessibleName("What the colours mean")
        self.setMargin(4)
        self.hide()

    def show_colouring(self, picture: Picture | None, name: str, theme: Theme) -> None:
        """Explain a colouring of a picture; nothing is shown for none."""
        if picture is None or not name:
            self.hide()
            return
        from graphviz_app.scene.colouring import COLOURINGS, legend

        entries = legend(picture.colouring(name), theme)
        words = [_words(entry) for entry in entries]
        title = f"<span style='font-weight: 600'>{escape(COLOURINGS[name])}:</span>"
        self.setText(f"{title} &nbsp;{' &nbsp; '.join(words) or 'nothing to colour'}")
        self.show()


def _words(entry: LegendEntry) -> str:
    # No line ends within an entry.
    text = escape(entry.text).replace(" ", "&nbsp;")
    return f'<span style="color: {entry.colour}">■</span>&nbsp;{text}'
