"""What Enter, Tab, Shift+Tab and the comment key do to lines of Python: pure functions on text."""

from __future__ import annotations

import re

INDENT = "    "
_LEADING = re.compile(r"[ \t]*")
_ENDS_BLOCK = re.compile(r"\s*(return|pass|break|continue|raise)\b")


def leading_space(line: str) -> str:
    """The spaces and tabs that a line starts with."""
    found = _LEADING.match(line)
    return found.group() if found is not None else ""


def indent_after(line_before_cursor: str) -> str:
    """How the new line starts when Enter is pressed after this part of a line."""
    indent = leading_space(line_before_cursor)
    code = _without_comment(line_before_cursor).rstrip()
    if code.endswith((":", "(", "[", "{")):
        return indent + INDENT
    if _ENDS_BLOCK.match(code):
        return indent[: -len(INDENT)] if indent.endswith(INDENT) else ""
    return indent


def indent_lines(lines: list[str]) -> list[str]:
    """Each line one step to the right; empty lines stay empty."""
    return [INDENT + line if line.strip() else line for line in lines]


def dedent_lines(lines: list[str]) -> list[str]:
    """Each line up to one step to the left."""
    return [_dedent(line) for line in lines]


def toggle_comment(lines: list[str]) -> list[str]:
    """Comment all lines out, or, where all of them are comments already, in again."""
    written = [line for line in lines if line.strip()]
    if not written:
        return lines
    if all(line.lstrip().startswith("#") for line in written):
        return [re.sub(r"# ?", "", line, count=1) if line.strip() else line for line in lines]
    column = min(len(leading_space(line)) for line in written)
    return [line[:column] + "# " + line[column:] if line.strip() else line for line in lines]


def spaces_to_tab_stop(column: int) -> int:
    """How many spaces Tab puts in at a column."""
    return len(INDENT) - column % len(INDENT)


def spaces_before_tab_stop(line_before_cursor: str) -> int:
    """How many characters Backspace takes: back to the tab stop within the indentation, else 1."""
    if not line_before_cursor or line_before_cursor.strip(" "):
        return 1
    return (len(line_before_cursor) - 1) % len(INDENT) + 1


def _dedent(line: str) -> str:
    if line.startswith("\t"):
        return line[1:]
    return line[min(len(leading_space(line)), len(INDENT)) :] if line.startswith(" ") else line


def _without_comment(line: str) -> str:
    quote = ""
    for position, character in enumerate(line):
        if quote:
            if character == quote and line[position - 1] != "\\":
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "#":
            return line[:position]
    return line
