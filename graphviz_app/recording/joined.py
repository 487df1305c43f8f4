"""Two files read as one."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from typing_extensions import Buffer


def joined(first: BinaryIO, length: int, second: BinaryIO) -> BinaryIO:
    """A stream of the first `length` bytes of one file, and another file behind them; it owns both."""
    return cast("BinaryIO", io.BufferedReader(_Joined(first, length, second)))


class _Joined(io.RawIOBase):
    def __init__(self, first: BinaryIO, length: int, second: BinaryIO) -> None:
        self._first, self._second = first, second
        self._length = length
        self._total = length + second.seek(0, os.SEEK_END)
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._total}[whence]
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        stream, start, left = self._first, self._position, self._length - self._position
        if left <= 0:
            stream, start, left = self._second, -left, len(view)
        stream.seek(start)
        data = stream.read(min(left, len(view)))
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._first.close()
            self._second.close()
        super().close()
