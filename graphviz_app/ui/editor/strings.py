"""Which string a line of Python starts and ends in: what lets a highlighter work on one line at a time."""

from __future__ import annotations

import re
from typing import NamedTuple

_PREFIX = re.compile(r"[rRbBuUfFtT]{0,2}$")


class OpenString(NamedTuple):
    """A triple-quoted string that goes on over the end of a line."""

    quotes: str
    raw: bool = False
    formatted: bool = False

    @property
    def opening(self) -> str:
        """What a string of this kind starts with."""
        return ("r" if self.raw else "") + ("f" if self.formatted else "") + self.quotes


STATES: tuple[OpenString | None, ...] = (
    None,
    *(
        OpenString(quotes, raw, formatted)
        for quotes in ('"""', "'''")
        for raw in (False, True)
        for formatted in (False, True)
    ),
)
"""All states a line can end in; their positions are what Qt keeps with each block."""


def string_after(line: str, before: OpenString | None) -> OpenString | None:
    """The triple-quoted string that is open at the end of `line`, if it was `before` at its start."""
    position, opened = 0, before
    while position < len(line):
        if opened is not None:
            position, closed = _close(line, position, opened.quotes)
            if not closed:
                return opened
            opened = None
            continue
        character = line[position]
        if character == "#":
            return None
        if character not in "\"'":
            position += 1
            continue
        triple = line[position : position + 3] == character * 3
        if triple:
            opened = _opened(line, position)
            position += 3
        else:
            position, _ = _close(line, position + 1, character)
    return opened


def _opened(line: str, position: int) -> OpenString:
    found = _PREFIX.search(line[:position])
    prefix = found.group().lower() if found is not None else ""
    return OpenString(line[position : position + 3], "r" in prefix, "f" in prefix or "t" in prefix)


def _close(line: str, position: int, quotes: str) -> tuple[int, bool]:
    """Where the string ends: the position after its closing quotes, and whether they were found."""
    while position < len(line):
        if line[position] == "\\":
            position += 2
        elif line.startswith(quotes, position):
            return position + len(quotes), True
        else:
            position += 1
    return len(line), False
