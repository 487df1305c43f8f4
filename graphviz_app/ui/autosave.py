"""Keeps what is being written safe: a draft of every text that differs from its file, and what was open last.

Each running window has a slot of its own, so that two of them never write on each other's drafts; a window that starts
takes the first slot that no running one holds, and with it what was open there, also after a crash.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import msgspec
from platformdirs import user_state_path
from PySide6.QtCore import QLockFile

from graphviz_app.ui.settings import APP_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SLOTS = 64


class Draft(msgspec.Struct, frozen=True):
    """A text as it was written last.

    Attributes:
        key: Which document: "lesson:chain_rule", "file:/home/ada/net.py", "untitled".
        text: All of it.
        line: Where the cursor was, from 1.
    """

    key: str
    text: str
    line: int = 1


class LastOpen(msgspec.Struct, frozen=True):
    """What was open last, and a recording that was shown beside it."""

    key: str
    line: int = 1


class DraftStore:
    """The drafts of one window, in a folder of its own.

    Args:
        root: Where all windows keep theirs; by default the platform's place for such state.
    """

    def __init__(self, root: Path | None = None) -> None:
        root = root or user_state_path(APP_NAME, appauthor=False) / "drafts"
        self.folder, self._lock = _take_slot(root)

    def close(self) -> None:
        """Leave the slot to the next window."""
        if self._lock is not None:
            self._lock.unlock()

    def load(self, key: str) -> Draft | None:
        """The draft of a document, or None where there is none that can be read."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=Draft)
        except (OSError, msgspec.MsgspecError):
            return None

    def save(self, draft: Draft) -> None:
        """Write a draft; the one before is replaced only when this one is whole.

        Raises:
            OSError: If it cannot be written.
        """
        _replace(self._path(draft.key), msgspec.json.encode(draft))

    def discard(self, key: str) -> None:
        """Forget a draft, because its file holds the same text."""
        self._path(key).unlink(missing_ok=True)

    def keys(self) -> tuple[str, ...]:
        """The documents that have drafts."""
        return tuple(sorted(draft.key for draft in self._drafts()))

    def last_open(self) -> LastOpen | None:
        """What was open when this slot's last window ended, however it ended."""
        try:
            return msgspec.json.decode((self.folder / "last.json").read_bytes(), type=LastOpen)
        except (OSError, msgspec.MsgspecError):
            return None

    def set_last_open(self, last: LastOpen) -> None:
        """Remember what is open.

        Raises:
            OSError: If it cannot be written.
        """
        _replace(self.folder / "last.json", msgspec.json.encode(last))

    def _drafts(self) -> Iterator[Draft]:
        for path in self.folder.glob("draft-*.json"):
            try:
                yield msgspec.json.decode(path.read_bytes(), type=Draft)
            except (OSError, msgspec.MsgspecError):
                continue

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        return self.folder / f"draft-{name}.json"


def _take_slot(root: Path) -> tuple[Path, QLockFile | None]:
    for number in range(_SLOTS):
        folder = root / str(number)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            break
        lock = QLockFile(str(folder / "lock"))
        # Held as long as its process lives, however old the file is.
        lock.setStaleLockTime(0)
        if lock.tryLock(0):
            return folder, lock
    # Nothing can be locked (a read-only home): drafts that cannot be written are said so when they are.
    return root / f"process-{os.getpid()}", None


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
