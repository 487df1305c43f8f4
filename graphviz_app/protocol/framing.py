"""Where one message ends and the next begins: a length of four bytes, then so many bytes of content.

Nothing here knows what a message is, or where the bytes come from.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_FRAME = 1 << 28
"""Bytes of content in a frame: a process gone mad can make the other side hold no more than this."""

_LENGTH = struct.Struct("<I")


class FramingError(Exception):
    """The bytes are not frames; nothing that follows can be trusted."""


def frame(content: bytes) -> bytes:
    """Make a frame of `content`.

    Raises:
        FramingError: If it is larger than a frame may be.
    """
    if len(content) > LARGEST_FRAME:
        raise FramingError(f"A message of {len(content)} bytes is too large to send.")
    return _LENGTH.pack(len(content)) + content


class Deframer:
    """Takes bytes as they come, in pieces of any size, and gives back whole contents.

    Attributes:
        taken: How many bytes of whole frames were given back so far.
    """

    def __init__(self, largest: int = LARGEST_FRAME) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self.taken = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take the next piece, and yield the contents that are whole by now.

        The piece is taken when the first content is asked for; exhaust the iterator before feeding again.

        Raises:
            FramingError: If a length is larger than a frame may be.
        """
        self._buffer += data
        start, end = 0, len(self._buffer)
        try:
            while end - start >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(self._buffer, start)
                if length > self._largest:
                    raise FramingError(f"A message of {length} bytes was announced: these are not messages.")
                if end - start - _LENGTH.size < length:
                    return
                content = bytes(self._buffer[start + _LENGTH.size : start + _LENGTH.size + length])
                start += _LENGTH.size + length
                yield content
        finally:
            del self._buffer[:start]
            self.taken += start

    @property
    def is_whole(self) -> bool:
        """True where the stream may end: no frame has begun that is not complete."""
        return not self._buffer
