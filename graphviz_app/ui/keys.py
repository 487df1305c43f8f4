"""Which widgets keep which plain keys, although the window has a use for them too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QSlider, QTabBar

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget

_K = Qt.Key
_ACROSS = frozenset({_K.Key_Left, _K.Key_Right})
_ALONG = _ACROSS | {_K.Key_Home, _K.Key_End, _K.Key_PageUp, _K.Key_PageDown}
_KEPT: tuple[tuple[type[QWidget], frozenset[Qt.Key]], ...] = (
    (QAbstractButton, frozenset({_K.Key_Space})),
    (QSlider, _ALONG),
    (QTabBar, _ACROSS),
    (QComboBox, frozenset({_K.Key_Space, _K.Key_Home, _K.Key_End, _K.Key_PageUp, _K.Key_PageDown})),
    (QAbstractItemView, _ALONG),
)


def keeps_key(widget: QWidget, event: QKeyEvent) -> bool:
    """Whether the widget with the keyboard needs this key itself."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if modifiers:
        return False
    return any(isinstance(widget, kind) and event.key() in keys for kind, keys in _KEPT)
