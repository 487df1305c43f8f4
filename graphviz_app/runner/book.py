"""Keeps the book of a run: batches and console text go in as they come, a recording that opens comes out."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from graphviz_app.recording import events as ev
from graphviz_app.recording.journal import Mark
from graphviz_app.recording.limits import IS_FULL, LARGEST_COUNT, LARGEST_FILE
from graphviz_app.recording.writer import RecordingWriter
from graphviz_app.runner.console import LiveConsole, StreamBudget
from graphviz_app.runner.journal import Journal, new_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

FLUSH_SECONDS = 0.05
_PRINTS_KEPT_APART = 10_000
_MARK_BYTES = 1 << 16


class RunBook:
    """Writes one run's recording, and keeps its journal.

    Args:
        path: Where; what was there is overwritten.
        program: What runs.
        environment: With what.
        clock: Seconds, growing.

    Raises:
        OSError: If the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        program: ev.Program,
        environment: ev.Environment,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self.live = LiveConsole()
        self.passes = 0
        self.error: ev.Raised | None = None
        self.finished: ev.Finished | None = None
        self.problem = ""
        self._clock = clock
        self._stream = path.open("wb")
        token = new_token()
        try:
            self._writer = RecordingWriter(self._stream, program, environment, token)
        except OSError:
            # Of a stream that is dropped with what it could not write, Python tells on the terminal.
            with suppress(OSError):
                self._stream.close()
            raise
        self._journal = Journal(path, token)
        self._counted = self._marked = 0
        self._printed: dict[str, int] = {}
        self._budgets = {stream: StreamBudget(stream) for stream in ("stdout", "stderr")}
        self._prints = 0
        self._flushed_at = clock()
        self._pass_ended = False
        self._full = False

    @property
    def events(self) -> int:
        """How many events are recorded."""
        return self._writer.event_count

    @property
    def journal_path(self) -> str:
        """Where the program's process keeps what it sends; "" where it cannot."""
        return self._journal.path

    def take(self, batch: ev.Batch) -> None:
        """Append what the tracer saw."""
        events = [kept for event in batch.events if (kept := self._admit(event)) is not None]
        if self._prints > _PRINTS_KEPT_APART:
            events = _join_prints(events)
        if not self._full:
            self._append(msgspec.structs.replace(batch, events=tuple(events)))
        elif self.error is not None and self.error in events:
            # Why it ended is told in any case.
            self._try(partial(self._writer.append, ev.Batch(0, (), (self.error,))))

    def print(self, stream: str, text: str) -> None:
        """Append what came over a descriptor: from C code, or from a child of the program's."""
        if text:
            self.take(ev.Batch(0, (), (ev.Printed(stream, text),)))

    def pause(self, heard: int) -> None:
        """Called when nothing more is at hand just now: flush if a pass ended, or if it is time.

        Args:
            heard: How many bytes of the process's messages were taken since the program began.
        """
        is_time = self._clock() - self._flushed_at >= FLUSH_SECONDS
        if is_time or self._pass_ended:
            self._try(self._writer.flush)
            self._flushed_at = self._clock()
            self._pass_ended = False
            # Two processes that write one file get in each other's way: not at each of many short passes.
            if is_time or heard - self._marked >= _MARK_BYTES:
                self._mark(heard)

    def close(self, finished: ev.Finished) -> None:
        """Append how it ended, and close the file."""
        ending: list[ev.Event] = [event for budget in self._budgets.values() for event in budget.finish()]
        self._try(partial(self._writer.append, ev.Batch(0, (), (*ending, finished))))
        self._try(self._writer.finish)
        try:
            self._stream.close()
        except OSError as error:
            self._note(error)
        self._journal.delete()

    def _mark(self, heard: int) -> None:
        printed = self._printed
        self._journal.reach(Mark(heard, self._counted, printed.get("stdout", 0), printed.get("stderr", 0)))
        self._marked = heard

    def _admit(self, event: ev.Event) -> ev.Event | None:
        # The most frequent events fall through all of it, so the tests are few and cheap.
        kind = type(event)
        if kind is ev.Printed:
            return self._admit_print(event)  # pyright: ignore[reportArgumentType]
        if kind is ev.BackwardFinished:
            self.passes += 1
            self._pass_ended = True
        elif kind is ev.Raised:
            self.error = event  # pyright: ignore[reportAttributeAccessIssue]
        elif kind is ev.Finished:
            # Exit handlers and threads may still speak, and the status may yet change: it is written last.
            self.finished = event  # pyright: ignore[reportAttributeAccessIssue]
            return None
        elif kind is ev.Notice:
            return event
        self._counted += 1
        if self._printed:
            self._printed.clear()
        return event

    def _admit_print(self, event: ev.Printed) -> ev.Event | None:
        self._prints += 1
        self.live.add(event.stream, event.text)
        budget = self._budgets.get(event.stream)
        text = event.text if budget is None else budget.admit(event.text)
        self._printed[event.stream] = self._printed.get(event.stream, 0) + len(text)
        return None if not text else event if text is event.text else ev.Printed(event.stream, text)

    def _append(self, batch: ev.Batch) -> None:
        self._try(partial(self._writer.append, batch))
        if self._writer.event_count >= LARGEST_COUNT or self._stream.tell() >= LARGEST_FILE:
            self._full = True
            self._try(partial(self._writer.append, ev.Batch(0, (), (ev.Notice(IS_FULL),))))

    def _try(self, write: Callable[[], None]) -> None:
        # The program must not end because the disk is full.
        if self.problem:
            return
        try:
            write()
        except OSError as error:
            self._note(error)
        except (ValueError, OverflowError) as error:
            self.problem = f"The recording is incomplete, because what came from the program does not fit: {error}"

    def _note(self, error: OSError) -> None:
        if not self.problem:
            self.problem = f"The recording could not be written to {self.path}: {error.strerror}."


def _join_prints(events: Iterable[ev.Event]) -> list[ev.Event]:
    joined: list[ev.Event] = []
    for event in events:
        last = joined[-1] if joined else None
        if isinstance(event, ev.Printed) and isinstance(last, ev.Printed) and last.stream == event.stream:
            joined[-1] = ev.Printed(last.stream, last.text + event.text)
        else:
            joined.append(event)
    return joined
