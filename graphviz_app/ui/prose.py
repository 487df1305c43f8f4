"""Lessons' paragraphs as HTML: code, bold and italics, the Markdown that lessons are written in."""

from __future__ import annotations

import re
from html import escape

_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_ITALIC = re.compile(r"(?<![\w*])\*([^\s*](?:[^*]*[^\s*])?)\*(?![\w*])")
_PLACE = re.compile("\x00(\\d+)\x00")


def inline(markdown: str) -> str:
    """One paragraph's Markdown as HTML."""
    codes: list[str] = []

    def keep(found: re.Match[str]) -> str:
        codes.append(f"<code>{escape(found[1])}</code>")
        return f"\x00{len(codes) - 1}\x00"

    text = escape(_CODE.sub(keep, markdown.replace("\x00", "")), quote=False)
    text = _ITALIC.sub(r"<i>\1</i>", _BOLD.sub(r"<b>\1</b>", text))
    return _PLACE.sub(lambda found: codes[int(found[1])], text)


def paragraphs(markdown: str) -> str:
    """Paragraphs, with empty lines between them, as HTML."""
    return "".join(f"<p>{inline(paragraph)}</p>" for paragraph in markdown.split("\n\n"))
