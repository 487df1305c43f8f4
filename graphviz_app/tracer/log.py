"""Events on their way out: numbered values, gathered into batches."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.recording.values import TensorRecord

EVENTS_IN_A_BATCH = 128
BYTES_IN_A_BATCH = 1 << 20
_LONG_LINE = 4096
_ROOM = 40
"""Calls that a sink makes at most."""
_LOST = "Something of the recording was lost: {} could not be described ({}). The program is not affected."
_DEEP = (
    "Where the program's calls lie nearly as deep as Python lets them, there is no room to look: not all is recorded."
)
_LOGS: weakref.WeakSet[EventLog] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """A forked child has no other threads, one of which may have held the lock."""
    for log in _LOGS:
        log.lock._at_fork_reinit()  # noqa: SLF001 - as `threading` does with its own


def _is_room(calls: int) -> bool:
    """Whether Python lets anybody call so much deeper. A sink that is called without may have written half of it."""
    try:
        return calls == 0 or _is_room(calls - 1)
    except RecursionError:
        return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)


class EventLog:
    """Gathers events and values, and hands them to a sink in batches, in order.

    Nothing here raises into the program: when the sink fails (the other side is gone), the log goes silent.

    Attributes:
        lock: Whoever records holds it: what several threads do is told in one order, each thing whole. Reentrant,
            because a signal's handler or a finalizer may run the program's code within ours.
        muted: Whether nothing is handed over any more.
    """

    def __init__(self, sink: Callable[[ev.Batch], None]) -> None:
        self._sink = sink
        self._events: list[ev.Event] = []
        self._values: list[TensorRecord] = []
        self._first_value = self._next_value = 0
        self._bytes = 0
        self._noticed: set[str] = set()
        self.lock: Any = threading.RLock()
        _LOGS.add(self)
        self.muted = False
        # Set while the interpreter writes a traceback, which is handed over when it is complete.
        self.joins_lines = False

    def value(self, record: TensorRecord, weight: int = 64) -> int:
        """Number a value; `weight` is how many bytes it takes, about. For who holds the lock."""
        number = self._next_value
        self._next_value = number + 1
        self._values.append(record)
        self._bytes += weight
        return number

    def add(self, event: ev.Event) -> None:
        """Append an event. For who holds the lock."""
        self._events.append(event)
        if len(self._events) >= EVENTS_IN_A_BATCH or self._bytes >= BYTES_IN_A_BATCH:
            self.flush()

    def printed(self, stream: str, text: str) -> None:
        """Append what the program wrote; the pieces of one line are one event, or some, where it is very long.

        So are the lines of a traceback, which are nothing to step through one by one.
        """
        with self.lock:
            self._bytes += len(text)
            last = self._events[-1] if self._events else None
            if (
                type(last) is ev.Printed
                and last.stream == stream
                and (self.joins_lines or last.text[-1] != "\n")
                and len(last.text) < _LONG_LINE
            ):
                self._events[-1] = ev.Printed(stream, last.text + text)
            else:
                self.add(ev.Printed(stream, text))

    def notice(self, text: str) -> None:
        """Say, once, what could not be recorded and why."""
        with self.lock:
            if text not in self._noticed:
                self._noticed.add(text)
                self.add(ev.Notice(text))

    def lost(self, what: str, error: Exception) -> None:
        """Say that a fault of ours kept something from being recorded, or only that there was no room to look."""
        why = f"{type(error).__name__}: {error}"
        # What ctypes converts for us raises errors of its own, which tell of that one.
        self.notice(_DEEP if "RecursionError" in why else _LOST.format(what, why))

    def flush(self) -> None:
        """Hand over what has been gathered, unless the program's calls leave no room for that: then later."""
        with self.lock:
            if self.joins_lines or not (self._events or self._values) or not _is_room(_ROOM):
                return
            batch = ev.Batch(self._first_value, tuple(self._values), tuple(self._events))
            self._first_value = self._next_value
            self._values, self._events, self._bytes = [], [], 0
            if self.muted:
                return
            try:
                self._sink(batch)
            except Exception:  # noqa: BLE001 - whatever is wrong with the other side, the program goes on
                self.muted = True
