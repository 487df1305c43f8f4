"""What a recording lacks that broke off, from the journal that lies beside it."""

from __future__ import annotations

import tempfile
from collections import Counter
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.recording.errors import RecordingError
from graphviz_app.recording.journal import UNCOUNTED, Mark, journal_path, read_batches, read_beginning
from graphviz_app.recording.limits import IS_FULL, PRINTS_KEPT
from graphviz_app.recording.writer import BlockWriter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from graphviz_app.recording.recording import Recording

_UNCOUNTED_KINDS = [ev.KIND[kind] for kind in UNCOUNTED]


def missing_part(recording: Recording, path: Path) -> BinaryIO | None:
    """The blocks that would follow in the file at `path`; None where nothing is known to be missing.

    Neither the file nor the journal is touched: the program may be running, and both be written, just now.
    """
    try:
        with journal_path(path).open("rb") as journal:
            beginning = read_beginning(journal, recording.run)
            if beginning is None:
                return None
            seam = _Seam(recording, beginning)
            return None if seam.gapes else _blocks(recording, read_batches(journal, beginning.place), seam)
    except (OSError, RecordingError, ValueError, MemoryError):
        # Whatever is wrong with a journal, the recording itself can be opened.
        return None


def _blocks(recording: Recording, batches: Iterable[ev.Batch], seam: _Seam) -> BinaryIO | None:
    stream: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - it goes on to the caller
    try:
        writer = BlockWriter(stream, len(recording), recording.value_count)
        for batch in batches:
            known = writer.value_count - batch.first_value
            if batch.values and known < 0:
                break
            writer.append(ev.Batch(writer.value_count, batch.values[known:], tuple(seam.behind(batch.events))))
        writer.flush()
        if stream.tell():
            return stream
    except BaseException:
        stream.close()
        raise
    stream.close()
    return None


class _Seam:
    """Finds among the events of a journal the first that a recording lacks.

    Counted events tell the place. What the program printed behind the last of them may be in the recording in part, in
    other pieces, and mingled with what came from elsewhere, so it is compared as text.
    """

    def __init__(self, recording: Recording, beginning: Mark) -> None:
        self._recording = recording
        counted = np.flatnonzero(~np.isin(recording.index.events.kind, _UNCOUNTED_KINDS))
        # How many of the counted events that come are in both.
        self._shared = len(counted) - beginning.counted
        self._texts = {"stdout": "", "stderr": ""}
        self._positions = Counter({"stdout": 0, "stderr": 0})
        if self._shared == 0:
            self._positions.update(stdout=beginning.stdout, stderr=beginning.stderr)
        behind = list(recording.events(int(counted[-1]) + 1 if len(counted) else 0))
        for stream in self._texts:
            texts = [event.text for event in behind if isinstance(event, ev.Printed) and event.stream == stream]
            self._texts[stream] = "".join(texts)
        self._notices = {
            event.text for event in recording.events_at(recording.index.notices) if isinstance(event, ev.Notice)
        }
        self._full: dict[str, bool] = {}

    @property
    def gapes(self) -> bool:
        """Whether the journal begins behind the recording's end, or the recording is not to be longer."""
        return self._shared < 0 or IS_FULL in self._notices

    def behind(self, events: Iterable[ev.Event]) -> Iterable[ev.Event]:
        """Of the journal's next events, those that the recording lacks."""
        for event in events:
            if not isinstance(event, UNCOUNTED):
                self._shared -= 1
                if self._shared < 0:
                    yield event
            elif self._shared <= 0 and self._is_new(event):
                yield event

    def _is_new(self, event: ev.Event) -> bool:
        match event:
            case ev.Printed():
                return not self._has_text(event) and not self._is_full(event.stream)
            case ev.Notice():
                return event.text not in self._notices
            case _:
                # How it ended is not known while threads and exit handlers may be at work.
                return False

    def _has_text(self, event: ev.Printed) -> bool:
        if self._shared < 0 or event.stream not in self._texts:
            return False
        text = self._texts[event.stream]
        found = text.find(event.text, self._positions[event.stream])
        if found < 0:
            self._texts[event.stream] = ""
            return False
        self._positions[event.stream] = found + len(event.text)
        return True

    def _is_full(self, stream: str) -> bool:
        """Whether the recording holds as much of a stream as it may."""
        if stream not in self._full:
            kinds = self._recording.index.events.kind
            printed = self._recording.events_at(np.flatnonzero(kinds == ev.KIND[ev.Printed]).tolist())
            length = sum(
                len(event.text) for event in printed if isinstance(event, ev.Printed) and event.stream == stream
            )
            self._full[stream] = length >= PRINTS_KEPT
        return self._full[stream]
