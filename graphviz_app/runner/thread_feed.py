"""The feed for Windows, where nobody can wait for pipes, sockets and processes at once: a thread for each."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
from typing import IO, TYPE_CHECKING

from graphviz_app.protocol.transport import READ_SIZE
from graphviz_app.runner.feed import DRAIN_SECONDS, Arrival, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.runner.worker import Worker

_PIECES_AHEAD = 64
_POLL_SECONDS = 0.02
_QUIET_SECONDS = 0.05
"""How long nothing has to come before nothing is at hand: the threads that read need a moment to hand over."""


class ThreadFeed:
    """See `graphviz_app.runner.feed.Feed`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        # Bounded, so that a program that writes faster than we do waits for us.
        self._arrivals: queue.Queue[Arrival | None] = queue.Queue(_PIECES_AHEAD)
        self._input: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._open = 0
        self._exited = False
        self._closed = False
        self._deadline = 0.0
        self._read_in_thread("channel", worker.channel.transport.read)
        if worker.process.stdout is not None:
            self._read_in_thread("stdout", _reader(worker.process.stdout))
        if worker.process.stderr is not None:
            self._read_in_thread("stderr", _reader(worker.process.stderr))
        if worker.process.stdin is not None:
            threading.Thread(target=self._write_input, args=(worker.process.stdin,), daemon=True).start()

    @property
    def has_exited(self) -> bool:
        """See `Feed`."""
        return self._exited

    def next(self, timeout: float) -> Arrival:
        """See `Feed`."""
        deadline = time.monotonic() + max(timeout, _QUIET_SECONDS)
        while True:
            left = deadline - time.monotonic()
            with contextlib.suppress(queue.Empty):
                arrival = self._arrivals.get(timeout=max(min(left, _POLL_SECONDS), 0.001))
                if arrival is None:
                    return Arrival("idle")
                self._open -= not arrival.data
                return arrival
            if not self._exited and self._worker.process.poll() is not None:
                self._exited = True
                self._deadline = time.monotonic() + DRAIN_SECONDS
            if self._exited and (not self._open or time.monotonic() > self._deadline):
                return Arrival("exit")
            if left <= 0 and not self._exited:
                return Arrival("idle")

    def wake(self) -> None:
        """See `Feed`."""
        # A full queue wakes the reader anyway.
        with contextlib.suppress(queue.Full):
            self._arrivals.put_nowait(None)

    def write(self, data: bytes) -> None:
        """See `Feed`."""
        self._input.put(data)

    def end_input(self) -> None:
        """See `Feed`."""
        self._input.put(None)

    def close(self) -> None:
        """See `Feed`."""
        self._closed = True
        self._input.put(None)

    def _read_in_thread(self, source: Source, read: Callable[[], bytes]) -> None:
        self._open += 1
        name = f"{source} of a program"
        threading.Thread(target=self._read, args=(source, read), name=name, daemon=True).start()

    def _read(self, source: Source, read: Callable[[], bytes]) -> None:
        data = b"?"
        while data and not self._closed:
            try:
                data = read()
            except (OSError, ValueError):
                data = b""
            self._put(Arrival(source, data))

    def _put(self, arrival: Arrival) -> None:
        while not self._closed:
            with contextlib.suppress(queue.Full):
                self._arrivals.put(arrival, timeout=0.2)
                return

    def _write_input(self, stdin: IO[bytes]) -> None:
        while (data := self._input.get()) is not None:
            try:
                stdin.write(data)
                stdin.flush()
            except (OSError, ValueError):
                # The program has closed its stdin; nobody will read the rest.
                return
        with contextlib.suppress(OSError):
            stdin.close()


def _reader(stream: IO[bytes]) -> Callable[[], bytes]:
    descriptor = stream.fileno()
    return lambda: os.read(descriptor, READ_SIZE)
