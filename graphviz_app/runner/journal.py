"""The app's end of a journal: made when a recording begins, told how far the recording has come, deleted at its end."""

from __future__ import annotations

import contextlib
import os
import secrets
from typing import TYPE_CHECKING

from graphviz_app.recording.journal import MAGIC, REACHED, TOKEN_LENGTH, Mark, journal_path, pack_header, pack_mark

if TYPE_CHECKING:
    from pathlib import Path


def new_token() -> str:
    """A name for a run that no other run has."""
    return secrets.token_hex(TOKEN_LENGTH // 2)


class Journal:
    """Makes the journal of a run, unless there can be none: then `path` is "", and nothing else does anything.

    Args:
        recording: The recording beside which it lies.
        token: The run's.
    """

    def __init__(self, recording: Path, token: str) -> None:
        self.path = ""
        path = journal_path(recording).absolute()
        # Windows lacks `pwrite`, and does not let go of a file that the program's process has open.
        if not hasattr(os, "pwrite") or not _make_way(path):
            return
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except OSError:
            return
        self.path = str(path)
        self._try_write(pack_header(token), 0)

    def reach(self, mark: Mark) -> None:
        """Everything up to the mark is in the recording."""
        if self.path:
            self._try_write(pack_mark(mark), REACHED)

    def delete(self) -> None:
        """The recording is complete."""
        if self.path:
            os.close(self._descriptor)
            with contextlib.suppress(OSError):
                os.unlink(self.path)  # noqa: PTH108 - the path as the other process has it
            self.path = ""

    def _try_write(self, data: bytes, offset: int) -> None:
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, data, offset)


def _make_way(path: Path) -> bool:
    """Delete the journal of an earlier run whose recording was written over; False where something else lies there."""
    try:
        with path.open("rb") as stream:
            if stream.read(len(MAGIC)) not in (MAGIC, b""):
                return False
        path.unlink()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
