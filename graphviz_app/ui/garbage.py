"""Collects Python's cyclic garbage in the window's thread only, and not while somebody steps.

Python collects in whatever thread happens to allocate. A widget that is part of a cycle would then be destroyed by the
thread that paints tiles or lays out, which Qt answers with a crash.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.session.session import Session

_INTERVAL_MS = 500
_FULL_EVERY = 20
"""Of so many collections one looks at everything; the others only at what is young, which takes a millisecond."""
_REST = 1.5
"""Seconds without a step after which a full collection, which takes many milliseconds, disturbs nobody."""
_LONGEST_WAIT = 120
"""Collections after which a full one is made all the same."""
_SHARE = 0.01
"""Part of the time that full collections may take: of a graph of 100,000 nodes one takes more than a second."""


class GarbageCollector(QObject):
    """Switches automatic collection off, and collects by a timer instead, until it is closed."""

    def __init__(self, parent: QObject | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._turns = 0
        # Not asked of Python, some releases of which begin with things of their own put aside.
        self._is_aside = False
        self._last_step = float("-inf")
        self._took = 0.0
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()

    def follow(self, session: Session) -> None:
        """Know when somebody steps or waits; put aside, at the first run, what lives as long as the app."""

        def put_aside() -> None:
            # Modules, classes and widgets are most of what a full collection would look at.
            if session.recording is None and not self._is_aside:
                self._is_aside = True
                gc.freeze()

        session.run_started.connect(put_aside)
        session.step_changed.connect(lambda _state: self._postpone())
        session.picture_busy.connect(lambda _busy, _text: self._postpone())

    def close(self) -> None:
        """Collect once more, and leave collecting to Python again."""
        self._timer.stop()
        gc.unfreeze()
        self._is_aside = False
        gc.collect()
        if self._was_enabled:
            gc.enable()

    def collect(self) -> None:
        """Collect what is due."""
        self._turns += 1
        thresholds, counts = gc.get_threshold(), gc.get_count()
        resting = self._clock() - self._last_step > _REST
        waited = self._turns * _INTERVAL_MS / 1000 >= self._took / _SHARE
        if waited and (self._turns >= _LONGEST_WAIT or (self._turns >= _FULL_EVERY and resting)):
            self._turns = 0
            start = self._clock()
            gc.collect()
            self._took = self._clock() - start
        elif counts[0] > thresholds[0]:
            gc.collect(1)

    def _postpone(self) -> None:
        self._last_step = self._clock()
