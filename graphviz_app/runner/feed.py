"""Everything that comes from a worker, as one stream of arrivals: messages' bytes, console bytes, its end."""

from __future__ import annotations

import contextlib
import os
import selectors
import sys
import time
from collections import deque
from typing import IO, TYPE_CHECKING, Literal, NamedTuple, Protocol

from graphviz_app.protocol.transport import READ_SIZE, PipeTransport

if TYPE_CHECKING:
    from graphviz_app.runner.worker import Worker

Source = Literal["channel", "stdout", "stderr", "exit", "idle"]

_POLL_SECONDS = 0.02
DRAIN_SECONDS = 0.5
"""How long what a process has left in its pipes is read, when children of it still hold them."""


class Arrival(NamedTuple):
    """Bytes from one source; no bytes at its end. "idle": nothing is at hand. "exit": the process is over."""

    source: Source
    data: bytes = b""


class Feed(Protocol):
    """What a run needs of a worker's pipes. `next` is for one thread, `wake`, `write` and `end_input` are for any."""

    @property
    def has_exited(self) -> bool:
        """Whether the process is over. It is not reaped yet."""
        ...

    def next(self, timeout: float) -> Arrival:
        """What comes next; "idle" when nothing came for `timeout` seconds, or somebody woke us.

        After the process's end, what it had written is still given, then "exit" for ever.
        """
        ...

    def wake(self) -> None:
        """Make `next` return at once."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes to the program's stdin, when it reads them."""
        ...

    def end_input(self) -> None:
        """After what was written, the program's stdin ends."""
        ...

    def close(self) -> None:
        """Watch no more."""
        ...


def open_feed(worker: Worker) -> Feed:
    """Watch a worker in the way that its channel allows."""
    if isinstance(worker.channel.transport, PipeTransport):
        return SelectorFeed(worker, worker.channel.transport)
    from graphviz_app.runner.thread_feed import ThreadFeed

    return ThreadFeed(worker)


class SelectorFeed:
    """Watches a worker's descriptors, and its life, in one thread: see `Feed`."""

    def __init__(self, worker: Worker, transport: PipeTransport) -> None:
        self._worker = worker
        self._selector = selectors.DefaultSelector()
        self._sources: dict[int, Source] = {}
        self._ready: deque[int] = deque()
        self._input: deque[bytes] = deque()
        self._input_ends = False
        self._exited = False
        self._deadline = 0.0
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._pidfd = _pidfd(worker.process.pid)
        if self._pidfd is not None:
            self._selector.register(self._pidfd, selectors.EVENT_READ)
        self._watch(transport.read_descriptor, "channel")
        if worker.process.stdout is not None:
            self._watch(worker.process.stdout.fileno(), "stdout")
        if worker.process.stderr is not None:
            self._watch(worker.process.stderr.fileno(), "stderr")
        if worker.process.stdin is not None:
            os.set_blocking(worker.process.stdin.fileno(), False)

    @property
    def has_exited(self) -> bool:
        """See `Feed`."""
        return self._exited

    def next(self, timeout: float) -> Arrival:
        """See `Feed`."""
        if not self._ready and not self._wait(timeout):
            return Arrival("exit" if self._exited else "idle")
        descriptor = self._ready.popleft()
        source = self._sources[descriptor]
        data = b""
        with contextlib.suppress(OSError):
            data = os.read(descriptor, READ_SIZE)
        if not data:
            self._selector.unregister(descriptor)
            del self._sources[descriptor]
        return Arrival(source, data)

    def wake(self) -> None:
        """See `Feed`."""
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"!")

    def write(self, data: bytes) -> None:
        """See `Feed`."""
        self._input.append(data)
        self.wake()

    def end_input(self) -> None:
        """See `Feed`."""
        self._input_ends = True
        self.wake()

    def close(self) -> None:
        """See `Feed`."""
        self._selector.close()
        os.close(self._wake_read)
        wake_write, self._wake_write = self._wake_write, -1
        os.close(wake_write)
        if self._pidfd is not None:
            os.close(self._pidfd)

    def _watch(self, descriptor: int, source: Source) -> None:
        self._sources[descriptor] = source
        self._selector.register(descriptor, selectors.EVENT_READ)

    def _wait(self, timeout: float) -> bool:
        """Wait until something is ready; False where nothing is."""
        stdin = self._offer_input()
        if self._exited:
            timeout = 0.0
        elif self._pidfd is None:
            timeout = min(timeout, _POLL_SECONDS)
        for key, _ in self._selector.select(timeout):
            if key.fd in self._sources:
                self._ready.append(key.fd)
            elif key.fd == self._wake_read:
                os.read(self._wake_read, 4096)
            elif key.fd == stdin:
                self._feed_input(key.fd)
        if not self._exited and _is_over(self._worker.process.pid):
            self._exited = True
            # Children that live on may hold the pipes and write for ever.
            self._deadline = time.monotonic() + DRAIN_SECONDS
            return bool(self._ready) or self._wait(0.0)
        if self._exited and time.monotonic() > self._deadline:
            # Children do not write to the channel: what is in it is the program's, however long we take to read it.
            self._ready = deque(descriptor for descriptor in self._ready if self._sources[descriptor] == "channel")
        return bool(self._ready)

    def _offer_input(self) -> int | None:
        stdin = self._worker.process.stdin
        if stdin is None or stdin.closed:
            return None
        registered = stdin.fileno() in self._selector.get_map()
        if self._input and not registered:
            self._selector.register(stdin.fileno(), selectors.EVENT_WRITE)
        elif not self._input and registered:
            self._selector.unregister(stdin.fileno())
        if not self._input and self._input_ends:
            self._close_input(stdin)
            return None
        return stdin.fileno()

    def _feed_input(self, descriptor: int) -> None:
        data = self._input.popleft()
        try:
            written = os.write(descriptor, data)
        except BlockingIOError:
            written = 0
        except OSError:
            # The program has closed its stdin; nobody will read the rest.
            self._input.clear()
            return
        if written < len(data):
            self._input.appendleft(data[written:])

    def _close_input(self, stdin: IO[bytes]) -> None:
        with contextlib.suppress(OSError):
            stdin.close()


def _pidfd(process: int) -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(process)
    except OSError:
        return None


def _is_over(process: int) -> bool:
    """Whether the child has ended; it is not reaped, so that its group can still be killed."""
    if not hasattr(os, "waitid"):
        return _is_zombie(process)
    try:
        return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _is_zombie(process: int) -> bool:
    """The same for macOS, whose Pythons before 3.13 have no `waitid`."""
    import psutil

    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
