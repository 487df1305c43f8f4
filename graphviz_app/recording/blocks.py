"""The file as a row of checked, bounded blocks; nothing here knows what is in them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from graphviz_app.recording.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\x89AGREC\r\n"
_VERSION = struct.Struct("<I")
_FRAME = struct.Struct("<cBIIIII")
LARGEST_BLOCK = 1 << 28
"""Bytes that one block may unpack to: a hostile file can ask for no more memory than this at a time."""
_WORTH_COMPRESSING = 512

HEADER, VALUES, EVENTS, INDEX = b"H", b"V", b"E", b"I"


@dataclass(frozen=True)
class Block:
    """Where a block stands in the file, how its bytes are checked, and which numbers it holds."""

    kind: bytes
    compressed: bool
    length: int
    stored_length: int
    checksum: int
    first: int
    count: int
    offset: int

    @property
    def end(self) -> int:
        """Where the next block stands."""
        return self.offset + _FRAME.size + self.stored_length


def start_file(stream: BinaryIO, version: int) -> None:
    """Write what every file begins with."""
    stream.write(MAGIC + _VERSION.pack(version))


def read_version(stream: BinaryIO) -> int:
    """Read what every file begins with.

    Raises:
        RecordingError: If the stream does not begin so.
    """
    start = stream.read(len(MAGIC) + _VERSION.size)
    if not start:
        raise RecordingError("This file is empty, not a recording.")
    if not start.startswith(MAGIC[: len(start)]):
        raise RecordingError("This file is not a recording of the Autograd Visualizer.")
    if len(start) < len(MAGIC) + _VERSION.size:
        raise RecordingError("This recording ends within its first bytes; there is nothing left to open.")
    return int(_VERSION.unpack(start[len(MAGIC) :])[0])


def write_block(stream: BinaryIO, kind: bytes, content: bytes, *, first: int = 0, count: int = 0) -> int:
    """Append a block that holds `count` things numbered on from `first`, and return its offset.

    Raises:
        ValueError: If the content is larger than a block may be.
    """
    if len(content) > LARGEST_BLOCK:
        raise ValueError(f"A block of {len(content)} bytes is too large.")
    offset = stream.tell()
    stored, compressed = content, False
    # Values are mostly random floats: they hardly shrink, and are read in no order, so unpacking them would cost most.
    if kind != VALUES and len(content) >= _WORTH_COMPRESSING:
        packed = zlib.compress(content, 1)
        if len(packed) < len(content):
            stored, compressed = packed, True
    stream.write(_FRAME.pack(kind, compressed, len(content), len(stored), zlib.crc32(stored), first, count) + stored)
    return offset


def scan(stream: BinaryIO) -> Iterator[Block]:
    """Every whole block from the stream's position on; ends quietly where the file was cut off."""
    end = stream.seek(0, 2)
    stream.seek(len(MAGIC) + _VERSION.size)
    while (offset := stream.tell()) < end:
        frame = stream.read(_FRAME.size)
        if len(frame) < _FRAME.size:
            return
        kind, compressed, length, stored_length, checksum, first, count = _FRAME.unpack(frame)
        block = Block(kind, bool(compressed), length, stored_length, checksum, first, count, offset)
        if block.end > end:
            return
        yield block
        stream.seek(block.end)


def read_block(stream: BinaryIO, block: Block) -> bytes:
    """The content of a block.

    Raises:
        RecordingError: If its bytes are not those that were written.
    """
    stored = read_stored(stream, block)
    if not block.compressed:
        return stored
    if block.length > LARGEST_BLOCK:
        raise RecordingError(f"This recording asks for {block.length} bytes at byte {block.offset}: it is damaged.")
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(stored, block.length)
    except zlib.error as error:
        raise RecordingError(f"This recording is damaged at byte {block.offset}.") from error
    if len(content) != block.length or unpacker.unconsumed_tail:
        raise RecordingError(f"This recording is damaged at byte {block.offset}.")
    return content


def read_stored(stream: BinaryIO, block: Block) -> bytes:
    """The bytes of a block as they lie in the file.

    Raises:
        RecordingError: If they are not those that were written.
    """
    stream.seek(block.offset + _FRAME.size)
    stored = stream.read(block.stored_length)
    if len(stored) != block.stored_length or zlib.crc32(stored) != block.checksum:
        raise RecordingError(f"This recording is damaged at byte {block.offset}.")
    return stored
