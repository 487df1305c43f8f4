"""Writes a recording as it happens: whatever has been flushed can be opened, whoever kills the writer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from graphviz_app.recording import blocks
from graphviz_app.recording import events as ev
from graphviz_app.recording.encodable import encodable
from graphviz_app.recording.index import IndexBuilder
from graphviz_app.recording.migrations import VERSION

if TYPE_CHECKING:
    from graphviz_app.recording.values import TensorRecord

EVENTS_IN_A_BLOCK = 512
"""Blocks are what is decoded at a time: small enough that a seek into one takes under a millisecond."""
VALUE_BYTES_IN_A_BLOCK = 1 << 16


class Header(ev.Struct, frozen=True):
    """The first block of a file; `run` names the run among all others, by which its journal is known."""

    program: ev.Program
    environment: ev.Environment
    run: str = ""


class BlockWriter:
    """Appends batches to a stream, as blocks of values and events.

    Values are written before the events that name them, so a file that was cut off never names a value that it does
    not hold.

    Args:
        stream: A binary stream, seekable; the caller closes it.
        first_event: The number of the first event.
        first_value: The number of the first value.
    """

    def __init__(self, stream: BinaryIO, first_event: int = 0, first_value: int = 0) -> None:
        self._stream = stream
        self._encoder = msgspec.msgpack.Encoder()
        self._events: list[ev.Event] = []
        self._first_event = first_event
        self._values: list[TensorRecord] = []
        self._first_value = first_value
        self._value_bytes = 0

    @property
    def event_count(self) -> int:
        """How many events were appended; the number of the next one."""
        return self._first_event + len(self._events)

    @property
    def value_count(self) -> int:
        """How many values were appended; the number of the next one."""
        return self._first_value + len(self._values)

    def append(self, batch: ev.Batch) -> None:
        """Take a batch; full blocks are written at once, the rest waits for `flush`.

        Raises:
            ValueError: If the batch's values do not follow on those that came before.
        """
        if batch.values and batch.first_value != self.value_count:
            raise ValueError(f"Value {batch.first_value} came where value {self.value_count} was expected.")
        for value in batch.values:
            self._values.append(value)
            self._value_bytes += 64 + _weight(value)
            if self._value_bytes >= VALUE_BYTES_IN_A_BLOCK:
                self._write_values()
        for event in batch.events:
            self._note(event)
            self._events.append(event)
            if len(self._events) >= EVENTS_IN_A_BLOCK:
                self._write_values()
                self._write_events()

    def flush(self) -> None:
        """Put everything appended so far where a reader finds it, also after this process was killed."""
        self._write_values()
        self._write_events()
        self._stream.flush()

    def _encode(self, thing: Any) -> bytes:
        try:
            return self._encoder.encode(thing)
        except UnicodeEncodeError:
            return self._encoder.encode(encodable(thing))

    def _note(self, event: ev.Event) -> None:
        """Called for each event before it is taken."""

    def _write_values(self) -> None:
        if self._values:
            count = len(self._values)
            content = self._encode(self._values)
            blocks.write_block(self._stream, blocks.VALUES, content, first=self._first_value, count=count)
            self._first_value += count
            self._values.clear()
            self._value_bytes = 0

    def _write_events(self) -> None:
        if self._events:
            count = len(self._events)
            content = self._encode(self._events)
            blocks.write_block(self._stream, blocks.EVENTS, content, first=self._first_event, count=count)
            self._first_event += count
            self._events.clear()


class RecordingWriter(BlockWriter):
    """Writes a file from its beginning to its end.

    Args:
        stream: A binary stream, empty, seekable; the caller closes it.
        program: What runs.
        environment: With what.
        run: Names the run, where it keeps a journal.
    """

    def __init__(self, stream: BinaryIO, program: ev.Program, environment: ev.Environment, run: str = "") -> None:
        super().__init__(stream)
        self._index = IndexBuilder()
        self._note = self._index.add
        self._finished = False
        blocks.start_file(stream, VERSION)
        blocks.write_block(stream, blocks.HEADER, self._encode(Header(program, environment, run)))
        stream.flush()

    def finish(self) -> None:
        """Write the index, which spares the reader a scan; appending ends here."""
        if self._finished:
            return
        self._finished = True
        self.flush()
        blocks.write_block(self._stream, blocks.INDEX, self._encode(self._index.finish()))
        self._stream.flush()


def _weight(value: TensorRecord) -> int:
    return len(value.data or b"") + (len(value.sample.data) if value.sample is not None else 0)
