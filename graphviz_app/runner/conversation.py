"""What a worker says, from its first word to its last, turned into a recording and an outcome; no process here."""

from __future__ import annotations

import codecs
import time
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

import msgspec

from graphviz_app.protocol import ChannelError, Ended, Ready, Recorded, Report, RunProgram, Unready
from graphviz_app.recording import events as ev
from graphviz_app.runner.book import RunBook
from graphviz_app.runner.outcome import How, RunOutcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graphviz_app.protocol import AppChannel
    from graphviz_app.runner.feed import Arrival

NEVER_READY = "Python ended before the program began."
LOST = "The channel to the program was lost: the program closed or overwrote it, and the rest was not recorded."


class Conversation:
    """The app's side of one run.

    Attributes:
        book: The recording being written, from the moment at which the worker was ready.
        is_over: True when nothing more will come.
    """

    def __init__(
        self, channel: AppChannel, program: RunProgram, path: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.book: RunBook | None = None
        self.is_over = False
        self._channel = channel
        self._program = program
        self._path = path
        self._clock = clock
        self._began = clock()
        self._heard_before = 0
        self._ended: Ended | None = None
        self._problem = ""
        self._detail = ""
        self._lost = False
        self._early: list[tuple[str, str]] = []
        decoder = codecs.getincrementaldecoder("utf-8")
        self._decoders = {stream: decoder(errors="replace") for stream in ("stdout", "stderr")}

    @property
    def has_begun(self) -> bool:
        """Whether the program was handed over."""
        return self.book is not None

    @property
    def has_ended(self) -> bool:
        """Whether the program's own code came to its end; threads and exit handlers may still be at work."""
        return self._ended is not None or (self.book is not None and self.book.finished is not None)

    @property
    def is_silent(self) -> bool:
        """Whether the worker has said that it has nothing more to say."""
        return self._ended is not None

    @property
    def elapsed(self) -> float:
        """Seconds since the program was handed over."""
        return self._clock() - self._began

    def arrive(self, arrival: Arrival) -> None:
        """Take what came from the worker."""
        match arrival.source:
            case "channel":
                self._hear(arrival.data)
            case "stdout" | "stderr":
                self._print(arrival.source, self._decoders[arrival.source].decode(arrival.data, not arrival.data))
            case "exit":
                self.is_over = True
            case "idle":
                # In the window nobody waits for a process that has nothing more to say.
                self.is_over = self._ended is not None and self._program.capture
            case _:
                assert_never(arrival.source)
        if self._problem and self.book is None:
            self.is_over = True
        if self.book is not None:
            self.book.pause(self._channel.heard - self._heard_before)

    def finish(self, returncode: int | None, *, stopped: bool) -> RunOutcome:
        """Close the recording.

        Args:
            returncode: The process's, None while it still tidies up.
            stopped: Whether the user asked it to end before it ended by itself.
        """
        elapsed = self.elapsed
        if self.book is None:
            how: How = "stopped" if stopped else "failed"
            detail = self._detail or "".join(text for _, text in self._early)
            return RunOutcome(how, returncode or 0, problem=self._problem or NEVER_READY, detail=detail)
        how, status = self._ending(returncode, stopped=stopped)
        outcome = RunOutcome(how, status, self._path, self.book.error, passes=self.book.passes, elapsed=elapsed)
        self.book.close(ev.Finished(how, status, outcome.sentence()))
        return replace(outcome, events=self.book.events, problem=self.book.problem)

    def _ending(self, returncode: int | None, *, stopped: bool) -> tuple[How, int]:
        if stopped:
            return "stopped", returncode or 0
        said = self._ended or (self.book.finished if self.book is not None else None)
        if returncode is None:
            # Only where the worker said so is the end known before the process is gone.
            return (_how(said.how), said.status) if said is not None else ("exited", 0)
        if returncode < 0:
            return "killed", returncode
        if said is not None and said.status < 0 and returncode == 128 - said.status:
            # The interpreter ends as ever, with all that its objects have to say, and not in the middle of it.
            return "killed", said.status
        if said is None:
            return "exited", returncode
        return (_how(said.how) if said.status == returncode else "exited"), returncode

    def _hear(self, data: bytes) -> None:
        if self._lost:
            return
        try:
            if not data:
                return
            for report in self._channel.feed(data):
                self._take(report)
        except ChannelError:
            self._lost = True
            if self.book is not None:
                self.book.take(ev.Batch(0, (), (ev.Notice(LOST),)))
            else:
                self._problem = LOST

    def _take(self, report: Report) -> None:
        match report:
            case Recorded():
                if self.book is not None:
                    self.book.take(report.batch)
            case Ready():
                self._begin(report)
            case Unready():
                self._problem, self._detail = report.sentence, report.detail
            case Ended():
                self._ended = report
            case _:
                assert_never(report)

    def _begin(self, ready: Ready) -> None:
        run = self._program
        program = ev.Program(run.path, run.source, run.arguments, run.directory, run.module)
        try:
            self.book = RunBook(self._path, program, ready.environment, self._clock)
        except OSError as error:
            self._problem = f"{self._path} cannot be written: {error.strerror}."
            return
        for stream, text in self._early:
            self.book.print(stream, text)
        self._began = self._clock()
        self._heard_before = self._channel.heard
        self._channel.send(msgspec.structs.replace(run, journal=self.book.journal_path))

    def _print(self, stream: str, text: str) -> None:
        if self.book is not None:
            self.book.print(stream, text)
        elif text:
            self._early.append((stream, text))


def _how(said: str) -> How:
    match said:
        case "returned" | "exited" | "stopped" | "killed":
            return said
        case _:
            return "exited"
