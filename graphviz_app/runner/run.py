"""One run of one program: handed over, watched, written down, and ended when asked."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from graphviz_app.runner.conversation import Conversation
from graphviz_app.runner.early import changes_before_torch
from graphviz_app.runner.feed import Feed, open_feed
from graphviz_app.runner.outcome import RunOutcome
from graphviz_app.runner.waiting import waits_for_input

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from graphviz_app.protocol import RunProgram
    from graphviz_app.runner.worker import Worker

STOP_GRACE = 0.25
"""Seconds between asking a program to end and killing it."""
_AFTERMATH_SECONDS = 2.0
_PROGRESS_SECONDS = 0.05


@dataclass(frozen=True)
class RunProgress:
    """What a run has come to.

    Attributes:
        phase: "starting" while Python and torch are, "running" from then on.
        events: How many events are recorded so far.
        passes: How many backward passes have ended so far.
        elapsed: Seconds since the program began.
        console: What it wrote since the last report, as (stream, text); very much text is cut, and says so.
        waits_for_input: Whether it is reading its stdin just now; None where that is not known.
    """

    phase: Literal["starting", "running"]
    events: int = 0
    passes: int = 0
    elapsed: float = 0.0
    console: tuple[tuple[str, str], ...] = ()
    waits_for_input: bool | None = None


def _ignore(_: object) -> None:
    """Nobody listens."""


class Run:
    """Runs one program in a worker and writes its recording.

    `stop`, `send_input`, `close_input` and `wait` may be called from any thread; the callbacks come from the run's.

    Args:
        take_worker: Gives the worker, which from then on belongs to the run; called with `changes` of its environment
            where the program makes some before it imports torch.
        program: What to run.
        recording_path: Where the recording goes.
        before: The texts of what runs before the program's own: of the packages that its module is in.
        on_progress: Told about twenty times a second what the run has come to.
        on_end: Told once how it ended; the recording is complete by then.
    """

    def __init__(
        self,
        take_worker: Callable[..., Worker],
        program: RunProgram,
        recording_path: Path,
        *,
        before: tuple[str, ...] = (),
        on_progress: Callable[[RunProgress], None] = _ignore,
        on_end: Callable[[RunOutcome], None] = _ignore,
    ) -> None:
        self.program = program
        self.recording_path = recording_path
        self._before = before
        self._take_worker = take_worker
        self._on_progress = on_progress
        self._on_end = on_end
        self._outcome: RunOutcome | None = None
        self._ended = threading.Event()
        # Reentrant: a signal's handler may call `signal` while its own thread is within another method.
        self._lock = threading.RLock()
        self._feed: Feed | None = None
        self._worker: Worker | None = None
        self._early_signals: list[int] = []
        self._stop_asked = False
        self._kill_at: float | None = None
        self._reported_at = 0.0
        self._early_input: list[bytes] = []
        self._input_ended = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run in a thread of its own; returns at once."""
        self._thread = threading.Thread(target=self.run, name="run of a program", daemon=True)
        self._thread.start()

    def run(self) -> RunOutcome:
        """Run in this thread, and return when the process is gone."""
        try:
            worker = self._begin()
        except OSError as error:
            return self._end(RunOutcome("failed", problem=f"Python could not be started: {error.strerror or error}."))
        try:
            feed = open_feed(worker)
            try:
                self._connect(worker, feed)
                return self._watch(worker, feed)
            finally:
                self._connect(None, None)
                feed.close()
        finally:
            worker.close()

    def _begin(self) -> Worker:
        early = changes_before_torch((*self._before, self.program.source), os.environ)
        before = tuple((name, os.environ.get(name)) for name in early.changes)
        self.program = replace(self.program, environment=before, early=early.unknown)
        return self._take_worker(changes=early.changes) if early.changes else self._take_worker()

    def wait(self, timeout: float | None = None) -> RunOutcome | None:
        """How it ended, or None if it still runs after `timeout` seconds."""
        self._ended.wait(timeout)
        return self._outcome

    def join(self, timeout: float | None = None) -> None:
        """Wait until the process is gone too, which may be a moment after the outcome."""
        if self._thread is not None:
            self._thread.join(timeout)

    def stop(self) -> None:
        """End the program, whatever it is doing; returns at once."""
        with self._lock:
            self._stop_asked = True
            if self._feed is not None:
                self._feed.wake()

    def signal(self, number: int) -> None:
        """Pass a signal on to the program's process."""
        with self._lock:
            if self._worker is not None:
                self._worker.send_signal(number)
            else:
                self._early_signals.append(number)

    def send_input(self, text: str) -> None:
        """Type into the program's stdin."""
        with self._lock:
            if self._feed is not None:
                self._feed.write(text.encode())
            else:
                self._early_input.append(text.encode())

    def close_input(self) -> None:
        """End the program's stdin: what reads on gets EOF."""
        with self._lock:
            self._input_ended = True
            if self._feed is not None:
                self._feed.end_input()

    def _connect(self, worker: Worker | None, feed: Feed | None) -> None:
        with self._lock:
            self._worker = worker
            self._feed = feed
            if worker is None or feed is None:
                return
            for data in self._early_input:
                feed.write(data)
            if self._input_ended:
                feed.end_input()
            for number in self._early_signals:
                worker.send_signal(number)

    def _watch(self, worker: Worker, feed: Feed) -> RunOutcome:
        conversation = Conversation(worker.channel, self.program, self.recording_path)
        stopped = False
        while not conversation.is_over:
            conversation.arrive(feed.next(self._timeout(conversation)))
            stopped = self._enforce_stop(worker, conversation) or stopped
            self._report(worker, conversation)
        gone = self._settle(worker, feed, stopped=stopped)
        outcome = conversation.finish(gone, stopped=stopped)
        self._report(worker, conversation, at_once=True)
        self._end(outcome)
        self._see_off(feed)
        return outcome

    def _timeout(self, conversation: Conversation) -> float:
        if conversation.is_silent and self.program.capture:
            return 0.0
        if self._kill_at is not None:
            return max(0.0, min(_PROGRESS_SECONDS, self._kill_at - time.monotonic()))
        return _PROGRESS_SECONDS

    def _enforce_stop(self, worker: Worker, conversation: Conversation) -> bool:
        """Interrupt, then kill; True where this is what ends the program, and not its own end."""
        if not self._stop_asked or conversation.is_over:
            return False
        now = time.monotonic()
        if self._kill_at is None:
            self._kill_at = now + STOP_GRACE if conversation.has_begun else now
            if conversation.has_begun:
                worker.interrupt()
        if now >= self._kill_at:
            worker.kill()
        return not conversation.has_ended

    def _report(self, worker: Worker, conversation: Conversation, *, at_once: bool = False) -> None:
        now = time.monotonic()
        book = conversation.book
        if not at_once and now - self._reported_at < _PROGRESS_SECONDS:
            return
        self._reported_at = now
        if book is None:
            self._on_progress(RunProgress("starting"))
        else:
            waits = not conversation.is_over and waits_for_input(worker.process.pid) if self.program.capture else None
            console = book.live.take()
            self._on_progress(RunProgress("running", book.events, book.passes, conversation.elapsed, console, waits))

    def _settle(self, worker: Worker, feed: Feed, *, stopped: bool) -> int | None:
        """The exit status, None where the process has said everything but still tidies up."""
        if not feed.has_exited:
            return None
        if stopped:
            # What the program started may have survived it; the group is there until its leader is reaped.
            worker.kill()
        return worker.process.wait()

    def _end(self, outcome: RunOutcome) -> RunOutcome:
        self._outcome = outcome
        self._ended.set()
        self._on_end(outcome)
        return outcome

    def _see_off(self, feed: Feed) -> None:
        """Give the process a moment to tidy up; the caller kills it then."""
        deadline = time.monotonic() + _AFTERMATH_SECONDS
        while not feed.has_exited and (left := deadline - time.monotonic()) > 0 and not self._stop_asked:
            feed.next(left)
