"""Text that came from somebody's program, made safe for the formats that it goes into."""

from __future__ import annotations

import re

# What XML 1.0 forbids even when escaped (control characters, surrogates, the two non-characters), and what makes text
# read in another order than it is written in.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def visible_text(text: str) -> str:
    """Replace what no text format may hold by U+FFFD, and line breaks and tabs by spaces."""
    return re.sub(r"[\t\n\r\x85\u2028\u2029]", " ", _FORBIDDEN.sub("\ufffd", text))


def xml_text(text: str) -> str:
    """Escape text for XML and HTML, for content and for attributes in double quotes."""
    text = visible_text(text)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(character, entity)
    return text


def cell_text(text: str) -> str:
    """Text for a cell of a table, which a spreadsheet must not take for a formula."""
    text = _FORBIDDEN.sub("\ufffd", text)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
