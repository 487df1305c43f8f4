"""Walking through the panels by keyboard: Tab belongs to the editor and to the canvas, so F6 leaves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QTabWidget

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget


class PaneWalk:
    """Knows the panels in their order."""

    def __init__(self, panes: Callable[[], tuple[QWidget, ...]]) -> None:
        self._panes = panes

    def go(self, direction: int) -> None:
        """Give the keyboard to the next (+1) or previous (-1) panel that is seen."""
        seen = [pane for pane in self._panes() if pane.isVisible()]
        if not seen:
            return
        focus = QApplication.focusWidget()
        current = next(
            (i for i, pane in enumerate(seen) if focus is not None and (pane is focus or pane.isAncestorOf(focus))),
            None,
        )
        if current is None:
            target = seen[0] if direction > 0 else seen[-1]
        else:
            target = seen[(current + direction) % len(seen)]
        _focus(target)


def _focus(pane: QWidget) -> None:
    if isinstance(pane, QTabWidget):
        pane = pane.currentWidget() or pane
    reason = Qt.FocusReason.ShortcutFocusReason
    if pane.focusProxy() is not None or pane.focusPolicy() != Qt.FocusPolicy.NoFocus:
        pane.setFocus(reason)
        return
    child = pane.nextInFocusChain()
    while child is not None and child is not pane:
        if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisible():
            child.setFocus(reason)
            return
        child = child.nextInFocusChain()
