"""Keeps a process waiting in which torch is imported already, so that Run is instant."""

from __future__ import annotations

import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

from graphviz_app.runner.worker import Worker, spawn_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class WorkerPool:
    """One warmed worker, and the next one after it.

    Args:
        python: The interpreter that has torch.
        spawn: Starts a worker.
    """

    def __init__(self, *, python: str = sys.executable, spawn: Callable[..., Worker] | None = None) -> None:
        self._spawn = spawn or partial(spawn_worker, capture=True, python=python)
        self._waiting: Worker | None = None
        self._timer: threading.Timer | None = None
        self._closed = False
        self._lock = threading.Lock()

    def warm(self, delay: float = 0.0) -> None:
        """See to it that a worker waits; returns at once.

        Args:
            delay: Seconds to wait first: importing torch takes a whole core, which the end of a run needs for the
                layout and the first picture.

        Raises:
            OSError: If no process can be started.
        """
        if delay <= 0:
            with self._lock:
                self._fill()
            return
        with self._lock:
            if self._timer is None and not self._closed:
                self._timer = threading.Timer(delay, self._warm_later)
                self._timer.name = "warm a worker"
                self._timer.daemon = True
                self._timer.start()

    def take(self, changes: Mapping[str, str | None] | None = None) -> Worker:
        """The waiting worker, or a new one that still imports torch; it belongs to the caller.

        Args:
            changes: Variables that torch is to find when it is imported, None for such as it is not to find: the worker
                that waits has imported it.

        Raises:
            OSError: If no process can be started.
            RuntimeError: If the pool is closed.
        """
        if changes and not self._closed:
            return self._spawn(changes=changes)
        with self._lock:
            self._fill()
            worker, self._waiting = self._waiting, None
        if worker is None:
            raise RuntimeError("The pool of workers is closed.")
        return worker

    def close(self) -> None:
        """End the waiting worker; workers that were taken are not touched."""
        with self._lock:
            self._closed = True
            timer, self._timer = self._timer, None
            worker, self._waiting = self._waiting, None
        if timer is not None:
            timer.cancel()
            timer.join()
        if worker is not None:
            worker.close()

    def _fill(self) -> None:
        if self._waiting is not None and not self._waiting.is_alive:
            self._waiting.close()
            self._waiting = None
        if self._waiting is None and not self._closed:
            self._waiting = self._spawn()

    def _warm_later(self) -> None:
        with self._lock:
            self._timer = None
            # If no process can be started now, the next Run says so.
            try:
                self._fill()
            except OSError:
                return
