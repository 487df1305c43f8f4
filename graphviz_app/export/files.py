"""Writing a file so that, whatever goes wrong, what was there before is still there."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from graphviz_app.export.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable


def write_chunks(path: Path, chunks: Iterable[bytes]) -> None:
    """Write chunks to a file beside `path` and rename it when all are there.

    Raises:
        ExportError: If the file cannot be written; the message is a sentence.
    """
    try:
        with _replacing(path) as stream:
            for chunk in chunks:
                stream.write(chunk)
    except OSError as error:
        raise ExportError(_sentence(path, error)) from error


def check_writable(path: Path) -> None:
    """Find out before the work whether a file could be written.

    Raises:
        ExportError: If not; the message is a sentence.
    """
    folder = path.parent
    if path.is_dir():
        raise ExportError(f"{path} is a folder: give the name of a file.")
    if not folder.exists():
        raise ExportError(f"{path} cannot be written: there is no folder {folder}.")
    if not folder.is_dir():
        raise ExportError(f"{path} cannot be written: {folder} is not a folder.")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise ExportError(f"{path} cannot be written: you may not write there.")


@contextlib.contextmanager
def _replacing(path: Path) -> Generator[BinaryIO, None, None]:
    # A link stays a link, and a device or pipe is written to, not replaced.
    target = path.resolve() if path.is_symlink() else path
    if target.exists() and not target.is_file():
        with target.open("wb") as stream:
            yield stream
        return
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        temporary.chmod(_mode(target))
        temporary.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _mode(target: Path) -> int:
    """The mode that the file has, or that a new file would get: `mkstemp` makes files that only the owner may read."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sentence(path: Path, error: OSError) -> str:
    return f"{path} cannot be written: {(error.strerror or str(error)).rstrip('.')}."
