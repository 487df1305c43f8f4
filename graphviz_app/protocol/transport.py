"""Ways for bytes to get from one process to the other, and one that never leaves this process."""

from __future__ import annotations

import os
import queue
import select
import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

from graphviz_app.protocol.descriptor import OwnDescriptor

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

READ_SIZE = 1 << 18


class Transport(Protocol):
    """A duplex stream of bytes.

    Attributes:
        write: Sends a beginning of some bytes and returns how many; a callable implemented in C, so that a
            signal's handler that raises cannot come between the sending and the returning.
    """

    write: Callable[[bytes], int]

    def read(self) -> bytes:
        """Some bytes as soon as there are any; empty at the end of the stream."""
        ...

    def has_news(self, timeout: float) -> bool:
        """Whether `read` would return at once; waits up to `timeout` seconds for that to become true."""
        ...

    def is_ours(self) -> bool:
        """False where the descriptor was closed behind our back, and may now be a file of somebody else's."""
        ...

    def close(self) -> None:
        """Close both directions; closing twice is fine."""
        ...


class PipeTransport:
    """A pipe to read from and a pipe to write to, by their descriptors, which belong to this object."""

    def __init__(self, read_descriptor: int, write_descriptor: int) -> None:
        self.read_descriptor = read_descriptor
        self.write_descriptor = write_descriptor
        self.write: Callable[[bytes], int] = partial(os.write, write_descriptor)
        # Kept here because the program may replace it.
        self._select = select.select
        self._own = OwnDescriptor(write_descriptor)
        self._closed = False

    def read(self) -> bytes:
        """See `Transport`."""
        return os.read(self.read_descriptor, READ_SIZE)

    def has_news(self, timeout: float) -> bool:
        """See `Transport`."""
        return bool(self._select([self.read_descriptor], [], [], timeout)[0])

    def is_ours(self) -> bool:
        """See `Transport`."""
        return not self._closed and self._own.is_ours()

    def close(self) -> None:
        """See `Transport`."""
        if self.is_ours():
            self._closed = True
            os.close(self.read_descriptor)
            os.close(self.write_descriptor)


class SocketTransport:
    """A connected stream socket, which belongs to this object."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.write: Callable[[bytes], int] = connection.send

    def read(self) -> bytes:
        """See `Transport`."""
        return self._socket.recv(READ_SIZE)

    def has_news(self, timeout: float) -> bool:
        """See `Transport`."""
        return bool(select.select([self._socket], [], [], timeout)[0])

    def is_ours(self) -> bool:
        """See `Transport`."""
        return self._socket.fileno() >= 0

    def close(self) -> None:
        """See `Transport`."""
        self._socket.close()


class MemoryTransport:
    """One end of a pair within this process, for tests: what one end writes, the other reads.

    At most `piece` bytes go at a time, as with a real pipe, so that nobody relies on whole messages arriving.
    """

    def __init__(self, incoming: queue.SimpleQueue[bytes], outgoing: queue.SimpleQueue[bytes], piece: int) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._piece = piece
        self._open = True
        self.write: Callable[[bytes], int] = self._write

    @classmethod
    def pair(cls, piece: int = 7) -> tuple[MemoryTransport, MemoryTransport]:
        """Two ends, connected."""
        first: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        second: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        return cls(first, second, piece), cls(second, first, piece)

    def read(self) -> bytes:
        """See `Transport`."""
        data = self._incoming.get()
        if not data:
            self._incoming.put(data)
        return data

    def has_news(self, timeout: float) -> bool:
        """See `Transport`."""
        deadline = time.monotonic() + timeout
        while self._incoming.empty() and time.monotonic() < deadline:
            time.sleep(0.001)
        return not self._incoming.empty()

    def is_ours(self) -> bool:
        """See `Transport`."""
        return self._open

    def close(self) -> None:
        """See `Transport`."""
        if self._open:
            self._open = False
            self._outgoing.put(b"")

    def _write(self, data: bytes) -> int:
        part = data[: self._piece]
        self._outgoing.put(part)
        return len(part)
