"""The session's side of running programs: one at a time, a warm worker waiting, callbacks on one thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.runner.outcome import RunOutcome
    from graphviz_app.runner.pool import WorkerPool
    from graphviz_app.runner.run import Run, RunProgress
    from graphviz_app.session.picture import Post
    from graphviz_app.session.recordings import RecordingFolder

WARM_AGAIN_AFTER = 0.5
"""Seconds after a run's end until the next worker imports torch, which takes a core that the first picture needs."""


class Runs:
    """Starts and stops programs.

    Args:
        post: Runs a callable on the session's thread.
        folder: Where recordings go.
        on_progress: Called on the session's thread while a program runs.
        on_end: Called there when it has ended; never for a run that another one replaced.
    """

    def __init__(
        self,
        post: Post,
        folder: RecordingFolder,
        on_progress: Callable[[RunProgress], None],
        on_end: Callable[[RunOutcome], None],
    ) -> None:
        self._post = post
        self._folder = folder
        self._on_progress = on_progress
        self._on_end = on_end
        self._pool: WorkerPool | None = None
        self._run: Run | None = None
        self._replaced: list[Run] = []

    @property
    def is_running(self) -> bool:
        """Whether a program runs."""
        return self._run is not None

    def warm(self) -> None:
        """Let a worker import torch."""
        self._workers().warm()

    def start(self, path: str, source: str, arguments: tuple[str, ...], directory: str, module: str = "") -> None:
        """Run a program; the one that runs is stopped and forgotten.

        Raises:
            OSError: If the folder of recordings cannot be made.
        """
        from graphviz_app.protocol import RunProgram
        from graphviz_app.runner.run import Run

        if self._run is not None:
            self._run.stop()
            self._replaced.append(self._run)

        def on_progress(progress: RunProgress) -> None:
            self._post(lambda: self._progress(run, progress))

        def on_end(outcome: RunOutcome) -> None:
            self._post(lambda: self._end(run, outcome))

        program = RunProgram(path, source, arguments, directory or str(Path(path).resolve().parent), module=module)
        run = Run(
            self._workers().take,
            program,
            self._folder.new_path(),
            on_progress=on_progress,
            on_end=on_end,
        )
        self._run = run
        run.start()

    def stop(self) -> None:
        """End the running program."""
        if self._run is not None:
            self._run.stop()

    def send_input(self, text: str) -> None:
        """Type into the running program."""
        if self._run is not None:
            self._run.send_input(text)

    def close_input(self) -> None:
        """End the running program's input."""
        if self._run is not None:
            self._run.close_input()

    def close(self) -> None:
        """End the running program and the waiting worker, and wait until they are gone."""
        runs = [*self._replaced, *([self._run] if self._run is not None else [])]
        self._run = None
        for run in runs:
            run.stop()
        for run in runs:
            run.join(5)
        if self._pool is not None:
            self._pool.close()

    def _workers(self) -> WorkerPool:
        if self._pool is None:
            from graphviz_app.runner.pool import WorkerPool

            self._pool = WorkerPool()
        return self._pool

    def _progress(self, run: Run, progress: RunProgress) -> None:
        if run is self._run:
            self._on_progress(progress)

    def _end(self, run: Run, outcome: RunOutcome) -> None:
        if run is not self._run:
            self._replaced = [other for other in self._replaced if other is not run]
            return
        self._run = None
        self._on_end(outcome)
        self._workers().warm(WARM_AGAIN_AFTER)
