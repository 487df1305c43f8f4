"""The options of Python's own with which the app was started: a program that is recorded runs with the same."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WITH_ARGUMENT = "WX"
_NOT_OURS = "ivxhV?"
"""What asks the interpreter something, waits at its end, or reads another file: not for a program that runs once."""


def options(argv: Sequence[str] = tuple(sys.orig_argv)) -> tuple[str, ...]:
    """The options before `-m graphviz_app`: `python -W error -O -m graphviz_app` gives ("-W", "error", "-O").

    A command that was installed beside Python has none: what stands in its first line is the installer's affair.

    Args:
        argv: The interpreter's own arguments, its name first.
    """
    found: list[str] = []
    rest = list(argv[1:])
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word.startswith("--"):
            # A script, or an option for the import system's own makers.
            return ()
        kept = ""
        for position, letter in enumerate(word[1:], 1):
            argument = word[position + 1 :]
            if letter in "mc":
                module = argument or (rest or [""])[0]
                return tuple(found) if letter == "m" and module.partition(".")[0] == "graphviz_app" else ()
            if letter in _WITH_ARGUMENT:
                found += [f"-{letter}", argument or (rest.pop(0) if rest else "")]
                break
            if letter not in _NOT_OURS:
                kept += letter
        if kept:
            found.append(f"-{kept}")
    return ()
