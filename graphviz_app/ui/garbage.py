"""Collects Python's cyclic garbage in the window's thread only.

Python collects in whatever thread happens to allocate. A widget that is part of a cycle would then be destroyed by the
thread that paints tiles or lays out, which Qt answers with a crash.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL_MS = 500
_FULL_EVERY = 20
"""Of so many collections one looks at everything; the others only at what is young, which takes a millisecond."""


class GarbageCollector(QObject):
    """Switches automatic collection off, and collects by a timer instead, until it is closed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._turns = 0
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def close(self) -> None:
        """Collect once more, and leave collecting to Python again."""
        self._timer.stop()
        gc.collect()
        if self._was_enabled:
            gc.enable()

    def _collect(self) -> None:
        self._turns += 1
        thresholds, counts = gc.get_threshold(), gc.get_count()
        if self._turns % _FULL_EVERY == 0:
            gc.collect()
        elif counts[0] > thresholds[0]:
            gc.collect(1)
