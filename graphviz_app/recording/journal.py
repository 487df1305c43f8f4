"""The journal of a run: a copy of what the traced program's process said last, beside the recording.

A recording is written by the app, to which everything goes through a pipe. When the app is killed, what is in the pipe
or in its memory is gone. So the program's process writes the same bytes into this file, before it sends them: a file
that was written to outlives all processes. Who opens a recording that broke off finds in its journal what it lacks.

    magic, the run's token | the mark at which the records begin | the mark that the app has reached | records

A record holds whole messages as they went over the channel, and says where in the whole stream it stands. Once the app
has written down everything that was sent, the records begin anew at the top of the file, over the old ones, whose
places are then wrong. So nothing is ever cut off while somebody reads.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from zlib import crc32

import msgspec

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = ".unsaved"
MAGIC = b"\x89AGJNL\r\n"
TOKEN_LENGTH = 32
LARGEST_JOURNAL = 1 << 28
"""Bytes of a journal: what would make it larger is not written, until the records begin anew."""

UNCOUNTED = (ev.Printed, ev.Notice, ev.Finished)
"""Events that the app adds, joins, shortens or leaves out. All others stand in the recording as they were sent, so that
counting them tells how far it has come."""

_MARK = struct.Struct("<QQQQ")
_CHECKSUM = struct.Struct("<I")
_RECORD = struct.Struct("<QII")
_LENGTH = struct.Struct("<I")
_MARK_SIZE = _MARK.size + _CHECKSUM.size

BEGINNING = len(MAGIC) + TOKEN_LENGTH
"""Where the mark stands at which the records begin."""
REACHED = BEGINNING + _MARK_SIZE
"""Where the mark stands that the app has reached."""
RECORDS = REACHED + _MARK_SIZE
"""Where the records stand."""


class _Recorded(msgspec.Struct, frozen=True, array_like=True, tag="recorded"):
    """As `protocol.messages` has it, which this room does not know."""

    batch: ev.Batch


_decode = msgspec.msgpack.Decoder(_Recorded).decode


class Mark(NamedTuple):
    """A moment of a run, as the recording holds it.

    Attributes:
        place: How many bytes of the process's messages had been written down, from the program's beginning.
        counted: How many events, apart from the `UNCOUNTED`.
        stdout: How many characters of it stood behind the last counted event.
        stderr: Likewise.
    """

    place: int = 0
    counted: int = 0
    stdout: int = 0
    stderr: int = 0


def journal_path(recording: Path) -> Path:
    """Where the journal of a recording lies."""
    return recording.with_name(recording.name + SUFFIX)


def pack_header(token: str) -> bytes:
    """What a journal begins with, as long as nothing was sent."""
    return MAGIC + token.encode("ascii") + pack_mark(Mark()) * 2


def pack_mark(mark: Mark) -> bytes:
    """A mark as it stands in the file."""
    packed = _MARK.pack(*mark)
    return packed + _CHECKSUM.pack(crc32(packed))


def unpack_mark(data: bytes) -> Mark | None:
    """The mark that stands in the file; None where somebody is just writing it."""
    packed, checksum = data[: _MARK.size], data[_MARK.size : _MARK_SIZE]
    if len(checksum) != _CHECKSUM.size or _CHECKSUM.pack(crc32(packed)) != checksum:
        return None
    return Mark(*_MARK.unpack(packed))


def pack_record(place: int, messages: bytes | bytearray) -> bytes:
    """A record of whole messages, the first of which stands at `place` in the stream."""
    return _RECORD.pack(place, len(messages), _checksum(place, messages)) + messages


def read_beginning(stream: BinaryIO, token: str) -> Mark | None:
    """The mark at which the records begin, to which the stream is moved; None if this is no journal of that run."""
    header = stream.read(RECORDS)
    if len(header) != RECORDS or header[:BEGINNING] != MAGIC + token.encode():
        return None
    return unpack_mark(header[BEGINNING:REACHED])


def read_batches(stream: BinaryIO, place: int) -> Iterator[ev.Batch]:
    """What was said from `place` on, whose record comes next in the stream; ends quietly where nothing sound is."""
    while stream.tell() < LARGEST_JOURNAL:
        head = stream.read(_RECORD.size)
        if len(head) < _RECORD.size:
            return
        found, length, checksum = _RECORD.unpack(head)
        if found != place or length > LARGEST_JOURNAL:
            return
        messages = stream.read(length)
        if len(messages) < length or _checksum(place, messages) != checksum:
            return
        try:
            yield from _batches(messages)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # Or that the program has ended, after which nothing follows.
            return
        place += length


def _batches(messages: bytes) -> Iterator[ev.Batch]:
    position = 0
    while position + _LENGTH.size <= len(messages):
        (length,) = _LENGTH.unpack_from(messages, position)
        position += _LENGTH.size
        yield _decode(messages[position : position + length]).batch
        position += length


def _checksum(place: int, messages: bytes | bytearray) -> int:
    return crc32(messages, place & 0xFFFFFFFF)
