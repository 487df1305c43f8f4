"""Presenting: full screen, bigger type, and only what a class needs to see."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMainWindow, QWidget

    from graphviz_app.ui.view_control import ViewControl


class Presentation:
    """Turns presenting on and off; afterwards the window is as it was.

    Args:
        window: The window.
        view: Holds the zoom.
        hidden: Gives what a class does not need to see.
    """

    def __init__(self, window: QMainWindow, view: ViewControl, hidden: Callable[[], tuple[QWidget, ...]]) -> None:
        self._window = window
        self._view = view
        self._hidden = hidden
        self._were_shown: tuple[QWidget, ...] = ()
        self._was_maximized = False
        self.is_on = False

    def toggle(self) -> None:
        """Start or stop presenting."""
        if self.is_on:
            self.stop()
        else:
            self.start()

    def start(self) -> None:
        """Full screen, bigger, fewer panels."""
        if self.is_on:
            return
        self.is_on = True
        self._was_maximized = self._window.isMaximized()
        self._were_shown = tuple(widget for widget in self._hidden() if not widget.isHidden())
        for widget in self._were_shown:
            widget.hide()
        self._view.set_presenting(True)
        self._window.showFullScreen()

    def stop(self) -> None:
        """As it was before."""
        if not self.is_on:
            return
        self.is_on = False
        if self._was_maximized:
            self._window.showMaximized()
        else:
            self._window.showNormal()
        self._view.set_presenting(False)
        for widget in self._were_shown:
            widget.show()
