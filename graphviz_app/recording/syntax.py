"""A program's text as Python reads it."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from functools import lru_cache
from typing import Any

_LONG = 1024
_NO_BEGINNINGS = bytes(range(0x80, 0xC0))
"""Bytes with which no character begins."""
_QUIETLY: list[Any] = [("ignore", None, Warning, None, 0)]


def tree_of(text: str) -> ast.Module | None:
    """A text's tree, None where it has an error. What Python has to say about the user's escapes it says elsewhere.

    `warnings.catch_warnings` would be noticed by a program in this process: whatever it is warned of only once, it
    would be once more.
    """
    filters = warnings.filters
    warnings.filters = _QUIETLY
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    finally:
        warnings.filters = filters


def decoded(content: bytes) -> str:
    """A program's bytes as text, in the encoding that they name, if any; their ends of lines stay as they are.

    Raises:
        UnicodeDecodeError: If they are not text in that encoding.
        SyntaxError: If there is no such encoding.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    return content.decode(encoding)


def as_read(text: str) -> str:
    """A text as Python reads it from a file: one kind of line ends, whichever it has."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def lines_of(text: str) -> list[str]:
    """The lines of a program's text, as Python counts them: form feeds and the like, unlike `splitlines`, end none."""
    lines = as_read(text).split("\n")
    return lines if lines[-1] else lines[:-1]


def characters(lines: list[str], line: int, column: int) -> int:
    """A column in characters, of one in UTF-8 bytes, as Python counts; what is no column of the text stays as it is.

    Args:
        lines: The text's lines.
        line: Which, from 1.
        column: The column, from 0.
    """
    if column <= 0 or not 0 < line <= len(lines):
        return column
    text = lines[line - 1]
    if text.isascii():
        return column
    if len(text) <= _LONG:
        return len(text.encode()[:column].decode(errors="ignore"))
    encoded, counts = _counted(text)
    if column >= len(encoded):
        return len(text)
    piece = column // _LONG
    found = counts[piece] + _beginnings(encoded[piece * _LONG : column])
    return found - (encoded[column] in _NO_BEGINNINGS)


@lru_cache(maxsize=8)
def _counted(text: str) -> tuple[bytes, tuple[int, ...]]:
    """A long line in bytes, and how many characters begin before each of its pieces.

    A line may hold thousands of words, and where each of them begins is asked for.
    """
    encoded, counts = text.encode(), [0]
    for start in range(0, len(encoded), _LONG):
        counts.append(counts[-1] + _beginnings(encoded[start : start + _LONG]))
    return encoded, tuple(counts)


def _beginnings(piece: bytes) -> int:
    return len(piece.translate(None, _NO_BEGINNINGS))
