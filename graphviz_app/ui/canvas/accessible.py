"""The canvas for screen readers: the step in words, said when it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def announce_step(widget: QWidget, caption: str) -> None:
    """Puts the step in words where screen readers find it, and says it if one listens."""
    if caption == widget.accessibleDescription():
        return
    widget.setAccessibleDescription(caption)
    if caption and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, caption))
