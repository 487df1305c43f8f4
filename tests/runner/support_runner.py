"""Runs of programs without torch, for tests of the runner."""

from __future__ import annotations

import sys
from pathlib import Path

from graphviz_app.protocol import RunProgram
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.runner import Run
from graphviz_app.runner.worker import spawn_calling_back, spawn_worker

PLAIN = (str(Path(__file__).with_name("plain_worker.py")),)
PATIENCE = 30


def spawn_plain(*, capture=True):
    return spawn_worker(capture=capture, entry=PLAIN)


def spawn_plain_as_on_windows(*, capture=True):
    return spawn_calling_back(capture=capture, python=sys.executable, entry=PLAIN)


class Trial:
    """A run of a text, and what came of it."""

    def __init__(self, folder, spawn):
        self._folder = folder
        self._spawn = spawn
        self.progress = []
        self.run = None

    def start(self, source, *, arguments=(), on_progress=None, on_end=print):
        program = RunProgram("program.py", source, arguments, str(self._folder))
        self.run = Run(
            self._spawn,
            program,
            self._folder / "run.agrec",
            on_progress=on_progress or self.progress.append,
            on_end=on_end,
        )
        self.run.start()
        return self.run

    def finish(self):
        outcome = self.run.wait(PATIENCE)
        self.run.join(PATIENCE)
        assert outcome is not None, "The run did not end."
        return outcome

    def __call__(self, source, **options):
        self.start(source, **options)
        return self.finish()

    def events(self):
        recording = Recording.open(self._folder / "run.agrec")
        try:
            assert recording.warning == ""
            return list(recording.events())
        finally:
            recording.close()

    def printed(self, stream="stdout"):
        return "".join(
            event.text for event in self.events() if isinstance(event, ev.Printed) and event.stream == stream
        )

    @property
    def console(self):
        return "".join(text for progress in self.progress for _, text in progress.console)
