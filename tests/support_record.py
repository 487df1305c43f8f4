"""Real recordings for tests: runs a small program under the tracer, in a process of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

from graphviz_app.protocol import Ended, Ready, Recorded, RunOptions, RunProgram
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.runner.worker import spawn_worker


class Ran(NamedTuple):
    """What came of a program that was recorded."""

    recording: Recording
    status: int
    ended: Ended | None
    stdout: bytes
    stderr: bytes


def record_source(text: str, **options: object) -> Recording:
    """Run `text` as program.py in an empty folder, and return its recording."""
    return run_source(text, **options).recording


def run_source(
    text: str,
    *,
    arguments: tuple[str, ...] = (),
    directory: str | Path | None = None,
    path: str = "program.py",
    capture: bool = True,
    **options: object,
) -> Ran:
    """Run `text` in a worker; what it prints is in the recording (`capture`) or comes back as bytes."""
    with tempfile.TemporaryDirectory() as fresh:
        folder = Path(directory or fresh)
        (folder / path).write_text(text, "utf-8")
        return run_program(
            RunProgram(path, text, arguments, str(folder), capture, RunOptions(**options))  # type: ignore[arg-type]
        )


def run_program(program: RunProgram, timeout: float = 120) -> Ran:
    """Run a program in a worker to its end."""
    worker = spawn_worker(capture=True)
    batches: list[ev.Batch] = []
    ended: Ended | None = None
    environment: ev.Environment | None = None
    try:
        while (report := worker.channel.receive()) is not None:
            if isinstance(report, Ready):
                environment = report.environment
                worker.channel.send(program)
                worker.process.stdin.close()
                worker.process.stdin = None
            elif isinstance(report, Recorded):
                batches.append(report.batch)
            elif isinstance(report, Ended):
                ended = report
        stdout, stderr = worker.process.communicate(timeout=timeout)
        status = worker.process.returncode
    finally:
        worker.close()
    recording = Recording.of(
        batches, ev.Program(program.path, program.source, program.arguments, program.directory), environment
    )
    return Ran(recording, status, ended, stdout, stderr)


def all_events(recording: Recording) -> list[ev.Event]:
    """Every event of a recording, in order."""
    return [*recording.events()]


__all__ = ["Ran", "all_events", "record_source", "run_program", "run_source"]
