"""Where the recordings of runs lie until somebody saves them elsewhere: they survive a crash of the window."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

import platformdirs

from graphviz_app.recording.journal import journal_path

KEPT = 20
"""Recordings of this many earlier runs stay in the cache."""


class RecordingFolder:
    """A folder of recordings, newest last by name.

    Args:
        folder: Where; by default in the user's cache.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(platformdirs.user_cache_dir("graphviz-app", appauthor=False)) / "recordings"
        self._numbers = itertools.count()

    def new_path(self) -> Path:
        """A path for the next recording; old ones beyond `KEPT` are deleted.

        Raises:
            OSError: If the folder cannot be made.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._prune()
        # The process's number keeps two windows apart, the counter two runs.
        return self._folder / f"run-{os.getpid()}-{next(self._numbers)}.agrec"

    def newest(self) -> Path | None:
        """The recording that was written last, or None."""
        found = self._by_age()
        return found[-1] if found else None

    def _prune(self) -> None:
        for path in self._by_age()[:-KEPT]:
            # Windows keeps a file that is open in another window; it is deleted next time.
            with contextlib.suppress(OSError):
                path.unlink()
                journal_path(path).unlink(missing_ok=True)

    def _by_age(self) -> list[Path]:
        with contextlib.suppress(OSError):
            return sorted(self._folder.glob("run-*.agrec"), key=lambda path: path.stat().st_mtime)
        return []
