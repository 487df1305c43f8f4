"""Reading and writing programs as text, with sentences for what can go wrong."""

from __future__ import annotations

import io
import os
import tokenize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 5_000_000
"""Bytes; what is larger is not a program that someone wrote."""


class TextFileError(Exception):
    """A file cannot be read or written as a program; the message is one sentence."""


def read_program(path: Path) -> tuple[str, str]:
    r"""The text of a program with "\n" between lines, and how its lines end in the file.

    Raises:
        TextFileError: If it is missing, unreadable, too large, or not text.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise TextFileError(f"{path.name} is larger than {LARGEST // 1_000_000} MB, too large for a program.")
        content = path.read_bytes()
    except FileNotFoundError:
        raise TextFileError(f"There is no file {path}.") from None
    except OSError as error:
        raise TextFileError(f"{path} cannot be read: {error.strerror}.") from error
    text = _decode(path, content)
    newline = "\r\n" if "\r\n" in text else "\n"
    return text.replace("\r\n", "\n").replace("\r", "\n"), newline


def write_program(path: Path, text: str, newline: str = "\n") -> None:
    """Write a program as UTF-8; the file before is replaced only when the new one is whole.

    Raises:
        TextFileError: If it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        content = text.replace("\n", newline).encode()
        # A link stays a link, and keeps pointing at the file that is written.
        target = path.resolve()
        temporary = target.with_name(temporary.name)
        temporary.write_bytes(content)
        if target.exists():
            temporary.chmod(target.stat().st_mode)
        temporary.replace(target)
    except (OSError, UnicodeEncodeError) as error:
        temporary.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise TextFileError(f"{path} cannot be written: {reason}.") from error


def _decode(path: Path, content: bytes) -> str:
    if b"\0" in content:
        raise TextFileError(f"{path.name} is not a program: it holds bytes that are not text.")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except (SyntaxError, LookupError):
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise TextFileError(
            f"{path.name} is not UTF-8 text: line {line} holds the byte 0x{content[error.start]:02x}. "
            "Save it as UTF-8 and open it again."
        ) from error
