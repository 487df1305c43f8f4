"""Labels that fit every width."""

from __future__ import annotations

import html

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
LINKS = Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard


def label(parent: QWidget) -> QLabel:
    """A label whose text wraps, can be selected, and never makes the panel wider."""
    result = QLabel(parent)
    result.setWordWrap(True)
    result.setTextInteractionFlags(SELECTABLE)
    policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    # Fixed would hold it to the height of its size hint, which knows nothing of its width.
    policy.setHeightForWidth(True)
    result.setSizePolicy(policy)
    return result


def dimmed(widget: QWidget, text: str) -> str:
    """Text in the colour of what matters less."""
    colour = widget.palette().color(QPalette.ColorRole.PlaceholderText).name()
    return f'<span style="color:{colour}">{html.escape(text)}</span>' if text else ""
