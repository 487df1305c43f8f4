"""The widget beneath the canvas that gives every event to its hand."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip, QWidget

from graphviz_app.scene.measure import wrap

if TYPE_CHECKING:
    from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QWheelEvent

    from graphviz_app.ui.canvas.hand import Hand

TOOLTIP_COLUMNS = 72


class HandledWidget(QWidget):
    """Turns Qt's events into calls of a `Hand`."""

    def __init__(self, parent: QWidget | None, hand: Hand) -> None:
        super().__init__(parent)
        self.hand = hand

    @abstractmethod
    def hover(self, item: None) -> None:
        """Points at nothing."""

    @abstractmethod
    def walk(self, *, forward: bool) -> bool:
        """Goes to the next or previous box; False past the end."""

    @abstractmethod
    def text_at(self, x: float, y: float) -> str:
        """What there is to say of the place at a pixel."""

    def event(self, event: QEvent) -> bool:
        """Tooltips and pinching, which Qt has no methods for."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            text = self.text_at(event.pos().x(), event.pos().y())
            lines = [line for part in text.splitlines() for line in wrap(part, TOOLTIP_COLUMNS)]
            QToolTip.showText(event.globalPos(), "\n".join(lines), self)
            return True
        return self.hand.gesture(event) or super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """See `Hand.press`."""
        self.hand.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """See `Hand.move`."""
        self.hand.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """See `Hand.release`."""
        self.hand.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """See `Hand.double_click`."""
        self.hand.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """See `Hand.wheel`."""
        self.hand.wheel(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """See `Hand.context_menu`."""
        self.hand.context_menu(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See `Hand.key`."""
        if not self.hand.key(event):
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        self.hover(None)
        super().leaveEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab walks the boxes first, and leaves the canvas after the last."""
        return self.walk(forward=next) or super().focusNextPrevChild(next)
