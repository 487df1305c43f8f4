"""Which shared libraries a Linux shared library asks for, read from the file itself without loading it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_LOAD, _DYNAMIC = 1, 2
_END, _NEEDED, _STRING_TABLE, _STRING_TABLE_SIZE = 0, 1, 5, 10
_LARGEST_TABLE = 1 << 24


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


def needed_libraries(path: Path) -> tuple[str, ...]:
    """The names under "NEEDED" in a shared library, in their order.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it is not a 64-bit little-endian ELF file, which is what wheels for Linux hold.
    """
    with path.open("rb") as stream:
        try:
            return _read(stream)
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} is not a whole shared library.") from error


def _read(stream: BinaryIO) -> tuple[str, ...]:
    start = stream.read(64)
    if start[:6] != b"\x7fELF\x02\x01":
        raise ValueError("This is not a 64-bit little-endian ELF file.")
    segments = _segments(stream, start)
    dynamic = next((segment for segment in segments if segment.kind == _DYNAMIC), None)
    if dynamic is None:
        return ()
    entries = list(struct.iter_unpack("<qQ", _bytes_at(stream, dynamic.offset, dynamic.size // 16 * 16)))
    end = next((position for position, (tag, _) in enumerate(entries) if tag == _END), len(entries))
    values = dict(entries[:end])
    table = _bytes_at(stream, _offset_of(values[_STRING_TABLE], segments), values[_STRING_TABLE_SIZE])
    return tuple(_string(table, value) for tag, value in entries[:end] if tag == _NEEDED)


def _segments(stream: BinaryIO, start: bytes) -> list[_Segment]:
    (table,) = struct.unpack_from("<Q", start, 32)
    size, count = struct.unpack_from("<HH", start, 54)
    headers = _bytes_at(stream, table, size * count)
    found: list[_Segment] = []
    for number in range(count):
        kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", headers, number * size)
        found.append(_Segment(kind, offset, address, length))
    return found


def _offset_of(address: int, segments: list[_Segment]) -> int:
    for segment in segments:
        if segment.kind == _LOAD and segment.address <= address < segment.address + segment.size:
            return address - segment.address + segment.offset
    raise ValueError("The file's string table is nowhere in it.")


def _bytes_at(stream: BinaryIO, offset: int, length: int) -> bytes:
    if length > _LARGEST_TABLE:
        raise ValueError("The file asks for too much memory.")
    stream.seek(offset)
    return stream.read(length)


def _string(table: bytes, start: int) -> str:
    return table[start : table.index(b"\0", start)].decode("ascii")
