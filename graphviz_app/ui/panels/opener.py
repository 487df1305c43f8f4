"""A button that shows whether what belongs to it is open; its sign is as large as its text."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QIcon, QPalette
from PySide6.QtWidgets import QToolButton, QWidget

from graphviz_app.ui.icons import pixmap


class Opener(QToolButton):
    """Checked where it is open. The style's own arrow would stay small in a window that is enlarged."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setAutoRaise(True)
        self._drawn: tuple[object, ...] = ()
        self.toggled.connect(self._draw)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette and the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._draw()

    def _draw(self) -> None:
        name, colour = "down" if self.isChecked() else "forward", self.palette().color(QPalette.ColorRole.ButtonText)
        extent, ratio = self.fontMetrics().height(), self.devicePixelRatioF()
        drawn = (name, colour.name(), extent, ratio)
        if drawn != self._drawn:
            self._drawn = drawn
            self.setIconSize(QSize(extent, extent))
            self.setIcon(QIcon(pixmap(name, colour.name(), extent, ratio)))
