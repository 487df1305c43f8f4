"""One layout process as its parent sees it: start, ask, kill."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from graphviz_app.layout.wire import Answer, Job, read_answer, write

if TYPE_CHECKING:
    from collections.abc import Sequence


class Gone(Exception):
    """The process ended without an answer: it crashed, or was killed."""


class TooSlow(Exception):
    """No answer came in time."""


def worker_command() -> list[str]:
    """Return the command that starts a layout process with this process's import path, and nothing of its directory."""
    path = [entry for entry in sys.path if entry]
    start = f"import sys; sys.path[:] = {path!r}; from graphviz_app.layout.worker import main; main()"
    return [sys.executable, "-c", start]


class Child:
    """A running layout process. `ask` is called from one thread, `kill` from any."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start it; it warms up by itself."""
        flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=flags,
        )
        self._answers: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="layout answers", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def ask(self, job: Job, seconds: float | None) -> Answer:
        """Send a job and wait for its answer.

        Raises:
            Gone: The process ended.
            TooSlow: Nothing came within `seconds`.
        """
        assert self._process.stdin is not None
        try:
            write(self._process.stdin, job)
        except OSError as error:
            raise Gone from error
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty as error:
            raise TooSlow from error
        if answer is None:
            raise Gone
        return answer

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()

    def close(self) -> None:
        """End it and wait until everything of it is gone."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # what was still to be sent has nowhere to go
                    continue

    def _read(self) -> None:
        assert self._process.stdout is not None
        while (answer := read_answer(self._process.stdout)) is not None:
            self._answers.put(answer)
        self._answers.put(None)
