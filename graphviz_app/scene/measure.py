"""How wide a text is in the font that ships with the program, without any toolkit.

JetBrains Mono is a monospace: every one of its glyphs is 600 units wide of 1,000 (a test reads the font and checks).
Characters that it lacks are taken from another font by whoever draws; wide ones (Chinese, emoji) count twice.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

ADVANCE = 0.6
"""Width of a character, as a part of the font size."""
ASCENT = 0.73
"""Height of a capital above the baseline, as a part of the font size."""
LINE = 1.45
"""Distance of two baselines, as a part of the font size."""


def text_width(text: str, size: float) -> float:
    """Width of `text` in pixels at font size `size`."""
    return ADVANCE * size * columns(text)


@lru_cache(maxsize=8192)
def columns(text: str) -> int:
    """How many character cells `text` takes."""
    # Below U+0300 nothing combines and nothing is wide.
    if text.isascii() or max(text) < "\u0300":
        return len(text)
    return sum(_cells(character) for character in text)


def shorten(text: str, cells: int) -> str:
    """`text`, with its middle replaced by an ellipsis where it takes more than `cells` character cells.

    The ends of a name tell it apart: `model.blocks[3]…qkv.weight`.
    """
    if len(text) <= cells and text.isascii():
        return text
    if columns(text) <= cells:
        return text
    if cells < 2:
        return "…"[:cells]
    tail = (cells - 1) // 2
    head = cells - 1 - tail
    return _leading(text, head) + "…" + _leading(text[::-1], tail)[::-1]


def wrap(text: str, cells: int) -> list[str]:
    """`text` in lines of at most `cells` character cells, broken at spaces where there are any."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        while columns(word) > cells:
            if line:
                lines.append(line)
                line = ""
            # At least one character, or a wrap into a width of one would never end.
            lines.append(_leading(word, cells) or word[0])
            word = word[len(lines[-1]) :]
        candidate = f"{line} {word}" if line else word
        if columns(candidate) <= cells:
            line = candidate
        else:
            lines.append(line)
            line = word
    return [*lines, line] if line or not lines else lines


def _leading(text: str, cells: int) -> str:
    if text.isascii():
        return text[:cells]
    taken = 0
    for position, character in enumerate(text):
        taken += _cells(character)
        if taken > cells:
            return text[:position]
    return text


@lru_cache(maxsize=4096)
def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
