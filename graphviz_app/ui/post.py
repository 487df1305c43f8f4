"""Runs callables on the window's thread, from whatever thread they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

if TYPE_CHECKING:
    from collections.abc import Callable


class Post(QObject):
    """Call it with a callable; it runs in order, later, on the thread that made this object."""

    _arrived = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._open = True
        self._arrived.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def __call__(self, work: Callable[[], None]) -> None:
        """Run `work` soon; after `close` it is dropped."""
        if self._open:
            self._arrived.emit(work)

    def close(self) -> None:
        """Run nothing any more."""
        self._open = False

    def _run(self, work: Callable[[], None]) -> None:
        if self._open:
            work()
