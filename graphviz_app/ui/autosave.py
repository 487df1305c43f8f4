"""Keeps what is being written safe: a draft of every text that differs from its file, and what was open last.

Each running window has a slot of its own, so that two of them never write on each other's drafts; a window that starts
takes the first slot that no running one holds, and with it what was open there, also after a crash.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from platformdirs import user_state_path
from PySide6.QtCore import QLockFile

from graphviz_app.ui.settings import APP_NAME

if TYPE_CHECKING:
    from pathlib import Path

_SLOTS = 64


@dataclass(frozen=True)
class Draft:
    """A text as it was written last.

    Attributes:
        key: Which document: "lesson:chain_rule", "file:/home/ada/net.py", "untitled".
        text: All of it.
        line: Where the cursor was, from 1.
    """

    key: str
    text: str
    line: int = 1


@dataclass(frozen=True)
class LastOpen:
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
        return _read_draft(self._path(key))

    def save(self, draft: Draft) -> None:
        """Write a draft; the one before is replaced only when this one is whole.

        Raises:
            OSError: If it cannot be written.
        """
        _replace(self._path(draft.key), _encoded(draft))

    def discard(self, key: str) -> None:
        """Forget a draft, because its file holds the same text."""
        self._path(key).unlink(missing_ok=True)

    def keys(self) -> tuple[str, ...]:
        """The documents that have drafts."""
        drafts = (_read_draft(path) for path in self.folder.glob("draft-*.json"))
        return tuple(sorted(draft.key for draft in drafts if draft is not None))

    def last_open(self) -> LastOpen | None:
        """What was open when this slot's last window ended, however it ended."""
        found = _read(self.folder / "last.json")
        match found:
            case {"key": str(key), "line": int(line)}:
                return LastOpen(key, line)
            case _:
                return None

    def set_last_open(self, last: LastOpen) -> None:
        """Remember what is open.

        Raises:
            OSError: If it cannot be written.
        """
        _replace(self.folder / "last.json", _encoded(last))

    def _path(self, key: str) -> Path:
        # Two checksums over different texts: 64 bits, and no library to load before the window is there.
        content = key.encode("utf-8", "surrogatepass")
        return self.folder / f"draft-{crc32(content):08x}{crc32(content[::-1] + b'.'):08x}.json"


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


def _read_draft(path: Path) -> Draft | None:
    match _read(path):
        case {"key": str(key), "text": str(text), "line": int(line)}:
            return Draft(key, text, line)
        case _:
            return None


def _read(path: Path) -> object:
    """What a file holds, or None where there is none that can be read."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _encoded(record: Draft | LastOpen) -> bytes:
    return json.dumps(asdict(record)).encode()


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
