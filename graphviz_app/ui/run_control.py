"""Running the program: what is handed over, what is said while it runs, and what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from graphviz_app.recording.events import NONE

if TYPE_CHECKING:
    from graphviz_app.runner.outcome import RunOutcome
    from graphviz_app.runner.run import RunProgress
    from graphviz_app.session.problem import Problem
    from graphviz_app.session.session import Session
    from graphviz_app.ui.documents import Documents
    from graphviz_app.ui.parts import Parts

_QUIET_SECONDS = 0.4


class RunControl(QObject):
    """Runs what is in the editor.

    Signals:
        running_changed: Whether a program runs now.
        waiting_changed: Whether it waits for what the user types.
        failed_line_changed: (line of the program or None, words for it).
    """

    running_changed = Signal(bool)
    waiting_changed = Signal(bool)
    failed_line_changed = Signal(object, str)

    def __init__(self, session: Session, documents: Documents, parts: Parts) -> None:
        super().__init__(parts.console)
        self._session = session
        self._documents = documents
        self._parts = parts
        self._source = ""
        self._is_watched = False
        self._is_waiting = False
        self._last_news = (0, 0.0)

    def run(self) -> None:
        """Run the editor's text, saved or not."""
        self._documents.keep()
        self._source = self._parts.editor.text()
        self._is_watched = True
        self._last_news = (0, 0.0)
        self._parts.console.clear()
        self._parts.console.set_notices(())
        self._parts.message.clear()
        self.failed_line_changed.emit(None, "")
        current = self._documents.current
        program = current.program
        if program is not None and Path(program.directory).is_dir():
            # What a recording is of runs as it did.
            self._session.run(current.path, self._source, program.arguments, program.directory, program.module)
            return
        directory = str(Path.cwd()) if current.file is None else ""
        self._session.run(current.path, self._source, (), directory)

    def stop(self) -> None:
        """End the program at once."""
        self._session.stop()

    # ------------------------------------------------------------------ what the session says

    def on_started(self) -> None:
        """A program was handed over."""
        self._parts.status.set_work("Running …")
        self.running_changed.emit(True)

    def on_progress(self, progress: RunProgress) -> None:
        """Show what it prints as it prints it, and how far it is."""
        self._parts.console.append(progress.console)
        self._parts.status.set_work(_progress_words(progress))
        self._set_waiting(waiting=self._waits(progress))

    def on_ended(self, _outcome: RunOutcome) -> None:
        """It is over; the recording follows."""
        self._set_waiting(waiting=False)
        self._parts.status.set_work("")
        self.running_changed.emit(False)

    def on_edited(self) -> None:
        """The user writes on while the program runs."""
        self._is_watched = False

    def wants_keyboard(self) -> bool:
        """Whether the steps should get the keyboard from the editor: who pressed Run, and only waits, wants to step."""
        wanted, self._is_watched = self._is_watched, False
        return wanted

    def on_problem(self, problem: Problem | None) -> None:
        """Say what went wrong, in one sentence and in PyTorch's own words, and mark the line."""
        if problem is None:
            self._parts.message.clear()
            self.failed_line_changed.emit(None, "")
            return
        outcome = self._session.outcome
        if outcome is not None and outcome.stopped:
            # What the interruption raised is the user's own doing, and nothing to mark in red.
            self._parts.message.show_message(outcome.sentence(), kind="information")
            return
        has_line = problem.line != NONE
        place = (problem.path, problem.line) if has_line else None
        self._parts.message.show_message(problem.sentence, problem.detail, place=place)
        if has_line and self.is_program(problem.path):
            self.failed_line_changed.emit(problem.line, problem.sentence)

    def on_input(self, text: str) -> None:
        """Hand a typed line to the program."""
        self._parts.console.append([("input", text)])
        self._session.send_input(text)

    def is_program(self, path: str) -> bool:
        """Whether a path is that of the text in the editor."""
        return path in ("", self._documents.current.path)

    def _set_waiting(self, *, waiting: bool) -> None:
        self._parts.console.set_waiting(waiting=waiting)
        if waiting != self._is_waiting:
            self._is_waiting = waiting
            self.waiting_changed.emit(waiting)

    def _waits(self, progress: RunProgress) -> bool:
        """Whether it waits for input: as the system tells, else as it seems from its silence."""
        events, since = self._last_news
        if progress.events != events or progress.console or progress.phase == "starting":
            self._last_news = (progress.events, progress.elapsed)
            return False
        if progress.waits_for_input is not None:
            return progress.waits_for_input
        if self._is_waiting:
            return True
        return self._reads_input and progress.elapsed - since > _QUIET_SECONDS

    @property
    def _reads_input(self) -> bool:
        return "input(" in self._source or "stdin" in self._source


def _progress_words(progress: RunProgress) -> str:
    if progress.phase == "starting":
        return "Starting PyTorch …"
    passes = "1 backward pass" if progress.passes == 1 else f"{progress.passes:,} backward passes"
    return f"Running {progress.elapsed:.0f} s, {progress.events:,} events, {passes}"
