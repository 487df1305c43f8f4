"""A recording as everybody else sees it: immutable, on disk or in memory, decoded a block at a time."""

from __future__ import annotations

import io
import threading
import weakref
from bisect import bisect_right
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import msgspec

from graphviz_app.recording import blocks
from graphviz_app.recording import events as ev
from graphviz_app.recording.errors import RecordingError
from graphviz_app.recording.index import Index, IndexBuilder, StoredIndex
from graphviz_app.recording.joined import joined
from graphviz_app.recording.migrations import VERSION, check_version, migrate
from graphviz_app.recording.recovery import missing_part
from graphviz_app.recording.values import TensorRecord
from graphviz_app.recording.writer import Header, RecordingWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graphviz_app.recording.index import LeafSummary, PassSummary, SourceFile

_T = TypeVar("_T")
_BLOCKS_KEPT = 128
_CHECKED = 256 << 20
"""Bytes that are checked in a third of a second; in larger files the rest is checked as it is read."""
_HEADER = msgspec.msgpack.Decoder(Header)
_INDEX = msgspec.msgpack.Decoder(StoredIndex)
_EVENTS = msgspec.msgpack.Decoder(tuple[ev.Event, ...])
_VALUES = msgspec.msgpack.Decoder(tuple[TensorRecord, ...])

ENDS_EARLY = (
    "This recording ends early: the program or its recorder was cut off, and what had been written until then is shown."
)


class Recording:
    """What happened in a run.

    Open one with `Recording.open(path)`, or build one with `Recording.of(...)`. Nothing of it changes afterwards.

    Attributes:
        program: What was run.
        environment: With what.
        run: The run's name, by which its journal is known, or "".
        index: Columns over all events, nodes and edges.
        warning: A sentence where the file ended early, else "".
    """

    def __init__(self, stream: BinaryIO, *, path: Path | None = None) -> None:
        """Read a recording from a seekable binary stream, which from now on belongs to it.

        Raises:
            RecordingError: If it is not one, is newer, or is damaged.
        """
        self.path = path
        self._stream = stream
        # Not __del__: in a cycle, the collector may finalise the stream itself first, and warn.
        self._closer = weakref.finalize(self, stream.close)
        self._version = blocks.read_version(stream)
        check_version(self._version)
        self._event_blocks: list[blocks.Block] = []
        self._value_blocks: list[blocks.Block] = []
        self._end = 0
        self._cache: OrderedDict[int, Any] = OrderedDict()
        # Tiles are painted in a thread, which may ask for a value while the window asks for another.
        self._lock = threading.Lock()
        header, stored_index = self._read_frames()
        self.program = header.program
        self.environment = header.environment
        self.run = header.run
        self.warning = "" if stored_index is not None else ENDS_EARLY
        self._first_events = [block.first for block in self._event_blocks]
        self._first_values = [block.first for block in self._value_blocks]
        self._value_count = _total(self._value_blocks)
        self.index = self._read_index(stored_index)

    @classmethod
    def open(cls, path: str | Path) -> Recording:
        """Open a file; runs nothing that is in it.

        What a file that ends early lacks is taken from the journal beside it, where there is one. Neither is written
        to: the program may still be running.

        Raises:
            RecordingError: If it cannot be read or is not a recording; the message is a sentence.
        """
        path = Path(path)
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            raise RecordingError(f"There is no file {path}.") from None
        except OSError as error:
            raise RecordingError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            return cls._completed(cls(stream, path=path), path)
        except OSError as error:
            stream.close()
            raise RecordingError(f"{path} cannot be read: {error.strerror}.") from error
        except RecordingError:
            stream.close()
            raise

    @classmethod
    def of(
        cls,
        batches: Iterable[ev.Batch],
        program: ev.Program | None = None,
        environment: ev.Environment | None = None,
    ) -> Recording:
        """A recording in memory, of the given batches."""
        stream = io.BytesIO()
        writer = RecordingWriter(
            stream,
            program or ev.Program("program.py", ""),
            environment or ev.Environment("3", "2", "0"),
        )
        for batch in batches:
            writer.append(batch)
        writer.finish()
        stream.seek(0)
        return cls(stream)

    def close(self) -> None:
        """Let go of the file; values and events cannot be read afterwards."""
        self._closer()

    def save(self, path: str | Path) -> None:
        """Write the whole recording to a file.

        Raises:
            RecordingError: If the file cannot be written.
        """
        target = Path(path)
        try:
            # What is being read is not written over: its own file is replaced as a whole.
            is_own = self.path is not None and _is_same_file(target, self.path)
            written = target.resolve().with_suffix(".saving") if is_own else target
            with self._lock, written.open("wb") as stream:
                self._stream.seek(0)
                while chunk := self._stream.read(1 << 20):
                    stream.write(chunk)
            if is_own:
                written.replace(target.resolve())
        except OSError as error:
            raise RecordingError(f"{path} cannot be written: {error.strerror}.") from error

    def check(self, most: int = _CHECKED) -> None:
        """Look for damage, in the first `most` bytes: better told when a file is opened than met half-way through it.

        Raises:
            RecordingError: If there is some.
        """
        with self._lock:
            for block in (*self._event_blocks, *self._value_blocks):
                if block.offset + block.stored_length <= most:
                    blocks.read_stored(self._stream, block)

    def __len__(self) -> int:
        return len(self.index.events)

    @property
    def value_count(self) -> int:
        """How many values it holds."""
        return self._value_count

    @property
    def passes(self) -> tuple[PassSummary, ...]:
        """All backward passes in the order in which they started."""
        return self.index.passes

    def pass_summary(self, pass_id: int) -> PassSummary | None:
        """What is known of a pass, None where there is none of that number."""
        passes = self.passes
        # A pass's number is its place in time, unless passes of several threads arrived out of order.
        if 0 <= pass_id < len(passes) and passes[pass_id].pass_id == pass_id:
            return passes[pass_id]
        return next((summary for summary in passes if summary.pass_id == pass_id), None)

    @property
    def leaves(self) -> tuple[LeafSummary, ...]:
        """All leaves in the order in which they were met."""
        return self.index.leaves

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        """All files of the user's that ran, by file number; the program itself is number 0."""
        return self.index.sources

    def event(self, number: int) -> ev.Event:
        """The event of that number.

        Raises:
            IndexError: If there is none.
            RecordingError: If the file was damaged since it was opened.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"There is no event {number}; the recording has {len(self)}.")
        position = bisect_right(self._first_events, number) - 1
        return self._events_at(position)[number - self._first_events[position]]

    def events(self, start: int = 0, stop: int | None = None) -> Iterator[ev.Event]:
        """The events from `start` up to but not including `stop`, in order."""
        stop = len(self) if stop is None else min(stop, len(self))
        while start < stop:
            position = bisect_right(self._first_events, start) - 1
            first = self._first_events[position]
            block = self._events_at(position)
            yield from block[start - first : stop - first]
            start = first + len(block)

    def events_at(self, numbers: Iterable[int]) -> Iterator[ev.Event]:
        """The events of those numbers; neighbours are found in the same block, so ascending numbers are fast.

        Raises:
            IndexError: If there is no event of a number.
            RecordingError: If the file was damaged since it was opened.
        """
        first, block = 0, tuple[ev.Event, ...]()
        for number in numbers:
            if not first <= number < first + len(block):
                if not 0 <= number < len(self):
                    raise IndexError(f"There is no event {number}; the recording has {len(self)}.")
                position = bisect_right(self._first_events, number) - 1
                first, block = self._first_events[position], self._events_at(position)
            yield block[number - first]

    def value(self, number: int) -> TensorRecord | None:
        """The tensor record of that number; None for NONE.

        Raises:
            IndexError: If there is no such value.
        """
        if number == ev.NONE:
            return None
        if not 0 <= number < self._value_count:
            raise IndexError(f"There is no value {number}; the recording has {self._value_count}.")
        position = bisect_right(self._first_values, number) - 1
        block = self._value_blocks[position]
        return self._cached(block, "values", _VALUES)[number - block.first]

    def operation(self, number: int) -> ev.OperationRan | None:
        """The operation of that number, or None where it is not (or not yet) recorded."""
        if not 0 <= number < len(self.index.operation_events):
            return None
        where = int(self.index.operation_events[number])
        if where == ev.NONE:
            return None
        event = self.event(where)
        return event if isinstance(event, ev.OperationRan) else None

    def _completed(self, path: Path) -> Recording:
        """This recording, or the same with what it lacks; this one is not used any more then."""
        missing = missing_part(self, path) if self.warning else None
        if missing is None:
            return self
        self._closer.detach()
        both = joined(self._stream, self._end, missing)
        try:
            return type(self)(both, path=path)
        except RecordingError:
            both.close()
            return type(self)(path.open("rb"), path=path)

    def _events_at(self, position: int) -> tuple[ev.Event, ...]:
        return self._cached(self._event_blocks[position], "events", _EVENTS)

    def _cached(
        self, block: blocks.Block, kind: str, decoder: msgspec.msgpack.Decoder[tuple[_T, ...]]
    ) -> tuple[_T, ...]:
        with self._lock:
            if block.offset in self._cache:
                self._cache.move_to_end(block.offset)
                return self._cache[block.offset]
            content = self._decode(block, kind, decoder)
            if len(content) != block.count:
                raise RecordingError(f"This recording is damaged at byte {block.offset}.")
            self._cache[block.offset] = content
            if len(self._cache) > _BLOCKS_KEPT:
                self._cache.popitem(last=False)
            return content

    def _decode(self, block: blocks.Block, kind: str, decoder: msgspec.msgpack.Decoder[_T]) -> _T:
        content = blocks.read_block(self._stream, block)
        try:
            if self._version == VERSION:
                return decoder.decode(content)
            untyped = migrate(self._version, kind, msgspec.msgpack.decode(content))
            return msgspec.convert(untyped, decoder.type)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise RecordingError(f"This recording is damaged at byte {block.offset}.") from error

    def _read_frames(self) -> tuple[Header, StoredIndex | None]:
        header: Header | None = None
        stored_index: StoredIndex | None = None
        for block in blocks.scan(self._stream):
            if block.kind == blocks.HEADER and header is None:
                header = self._decode(block, "header", _HEADER)
            elif block.kind == blocks.EVENTS:
                self._event_blocks.append(block)
            elif block.kind == blocks.VALUES:
                self._value_blocks.append(block)
            elif block.kind == blocks.INDEX:
                stored_index = self._decode(block, "index", _INDEX)
            else:
                raise RecordingError(f"This recording is damaged at byte {block.offset}.")
            self._end = block.end
        if header is None:
            raise RecordingError("This recording ends within its first bytes; there is nothing left to open.")
        return header, stored_index

    def _read_index(self, stored: StoredIndex | None) -> Index:
        try:
            index = Index(stored if stored is not None else self._rebuild_index())
            index.check()
        except (ValueError, KeyError, OverflowError) as error:
            raise RecordingError("This recording is damaged: its index does not fit its events.") from error
        if len(index.events) != _total(self._event_blocks):
            raise RecordingError("This recording is damaged: its index does not fit its events.")
        return index

    def _rebuild_index(self) -> StoredIndex:
        builder = IndexBuilder()
        for block in self._event_blocks:
            for event in self._decode(block, "events", _EVENTS):
                builder.add(event)
        return builder.finish()


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _total(numbered: list[blocks.Block]) -> int:
    """How many things the blocks hold, which must be numbered without gaps."""
    count = 0
    for block in numbered:
        if block.first != count:
            raise RecordingError(f"This recording is damaged at byte {block.offset}.")
        count += block.count
    return count
