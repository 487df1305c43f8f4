"""How a run ended, as a value: predicates for programs, sentences for people."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, assert_never

if TYPE_CHECKING:
    from pathlib import Path

    from graphviz_app.recording import events as ev

How = Literal["returned", "exited", "stopped", "killed", "failed"]

_SIGNALS = {
    "SIGSEGV": "It crashed with a segmentation fault, which is a bug in compiled code, not in Python.",
    "SIGABRT": "It was aborted by compiled code that found an error it could not live with.",
    "SIGFPE": "It crashed with an arithmetic error in compiled code, such as an integer division by zero.",
    "SIGBUS": "It crashed with a bus error in compiled code.",
    "SIGILL": "It crashed on an instruction that this processor does not have.",
    "SIGKILL": "It was killed from outside, as the system does when memory runs out.",
    "SIGTERM": "It was asked from outside to end (SIGTERM).",
    "SIGINT": "It was interrupted (Ctrl-C).",
    "SIGHUP": "It ended because its terminal was closed.",
    "SIGPIPE": "It ended because nobody reads its output any more.",
}


@dataclass(frozen=True)
class RunOutcome:
    """What became of a run.

    Attributes:
        how: "returned" (fell off the end, or raised), "exited" (`sys.exit`, `os._exit`), "stopped" (by the user),
            "killed" (by a signal or a crash) or "failed" (it never began).
        status: The process's exit status, negative for a signal.
        recording_path: The recording, which can be opened however the run ended; None where there is none.
        error: The exception that ended the program, or None.
        events: How many events were recorded.
        passes: How many backward passes ended.
        elapsed: Seconds.
        problem: One sentence where something of ours failed (the recording could not be written), else "".
        detail: The long text behind `problem`.
    """

    how: How
    status: int = 0
    recording_path: Path | None = None
    error: ev.Raised | None = None
    events: int = 0
    passes: int = 0
    elapsed: float = 0.0
    problem: str = ""
    detail: str = ""

    @property
    def succeeded(self) -> bool:
        """The program ended by itself and without an error."""
        return self.how in ("returned", "exited") and self.status == 0 and self.error is None

    @property
    def raised(self) -> bool:
        """An exception ended the program."""
        return self.error is not None and not self.stopped

    @property
    def exited(self) -> bool:
        """The program ended itself: `sys.exit`, `os._exit`."""
        return self.how == "exited"

    @property
    def stopped(self) -> bool:
        """The user stopped it."""
        return self.how == "stopped"

    @property
    def killed(self) -> bool:
        """A signal or a crash ended it."""
        return self.how == "killed"

    @property
    def failed(self) -> bool:
        """It never began."""
        return self.how == "failed"

    @property
    def error_line(self) -> int | None:
        """The line of the program (not of a file that it imports) in which the exception was raised."""
        if self.error is None or self.error.span is None or self.error.span.file != 0:
            return None
        return self.error.span.line

    def sentence(self) -> str:
        """What became of it, in words."""
        match self.how:
            case "failed":
                return self.problem
            case "stopped":
                return f"You stopped the program after {_seconds(self.elapsed)}."
            case "returned" | "exited" | "killed":
                return self._ended()
            case _:
                assert_never(self.how)

    def _ended(self) -> str:
        if self.error is not None:
            return raised_sentence(self.error, self.error_line)
        if self.killed:
            return f"The program did not reach its end. {signal_sentence(-self.status)}"
        if self.exited:
            return f"The program ended itself with exit status {self.status}."
        if self.status:
            return f"The program ended with exit status {self.status}."
        passes = "no backward pass" if not self.passes else "1 backward pass"
        if self.passes > 1:
            passes = f"{self.passes} backward passes"
        return f"The program ran to its end, with {passes}."


def raised_sentence(error: ev.Raised, line: int | None) -> str:
    """An exception in one sentence, with its line."""
    where = "" if line is None else f"Line {line}: "
    if error.sentence:
        return where + error.sentence
    message = error.message.strip().partition("\n")[0]
    return f"{where}{error.exception}: {message}" if message else f"{where}{error.exception}."


def signal_sentence(number: int) -> str:
    """What a signal that ends a program means."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"It was ended by signal {number}."
    return _SIGNALS.get(name, f"It was ended by a signal ({name}).")


def _seconds(elapsed: float) -> str:
    if elapsed < 60:
        return f"{elapsed:.1f} s"
    return f"{int(elapsed // 60)} min {int(elapsed % 60)} s"
