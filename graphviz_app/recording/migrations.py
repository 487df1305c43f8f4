"""From older versions of the file to this one, a numbered step at a time.

The version counts the shape of everything stored in a file: header, batches, index. Whoever changes the
meaning or the order of a recorded field raises `VERSION` and adds, under the old number, the function
that turns a block of the old version, decoded without types, into one of the next. New fields at the end of a struct
with a default need no migration: msgspec fills them in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphviz_app.recording.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Migration = Callable[[str, Any], Any]

VERSION = 1

MIGRATIONS: Mapping[int, Migration] = {}
"""version → function(kind of block, its untyped content) → content as the next version has it."""


def check_version(version: int, *, current: int = VERSION, migrations: Mapping[int, Migration] = MIGRATIONS) -> None:
    """Refuse what cannot be read.

    Raises:
        RecordingError: If the file is newer than this program, or so old that no migration is known.
    """
    if version > current:
        raise RecordingError(
            f"This recording has version {version}; this program reads versions up to {current}. "
            "A newer Autograd Visualizer can open it."
        )
    if version < 1 or any(number not in migrations for number in range(version, current)):
        raise RecordingError(f"This recording has version {version}, which this program cannot read any more.")


def migrate(
    version: int,
    kind: str,
    content: Any,
    *,
    current: int = VERSION,
    migrations: Mapping[int, Migration] = MIGRATIONS,
) -> Any:
    """Bring one block's untyped content from `version` to `current`."""
    for number in range(version, current):
        content = migrations[number](kind, content)
    return content
