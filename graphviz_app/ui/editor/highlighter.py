"""Colours Python with Pygments, a line at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pygments.lexers.python import PythonLexer
from pygments.token import Token
from PySide6.QtGui import QColor, QSyntaxHighlighter, QTextCharFormat

from graphviz_app.ui.editor.strings import STATES, string_after

if TYPE_CHECKING:
    from PySide6.QtGui import QTextDocument

    from graphviz_app.ui.look import Colours, Look

# The first that a token's type is in decides.
_ROLES = (
    (Token.Comment, "comment"),
    (Token.Literal.String.Interpol, "number"),
    (Token.Literal.String, "string"),
    (Token.Literal.Number, "number"),
    (Token.Keyword, "keyword"),
    (Token.Operator.Word, "keyword"),
    (Token.Name.Decorator, "builtin"),
    (Token.Name.Builtin, "builtin"),
    (Token.Name.Exception, "builtin"),
    (Token.Name.Function, "function"),
    (Token.Name.Class, "function"),
)
_LONGEST_LINE = 2000
"""Longer lines are data, not code; they stay plain rather than slow."""


class PythonHighlighter(QSyntaxHighlighter):
    """Keeps a document coloured; a block's state is the position in `STATES` of the string it ends in."""

    def __init__(self, document: QTextDocument, look: Look) -> None:
        super().__init__(document)
        self._lexer = PythonLexer(stripnl=False, ensurenl=True)
        self._formats = _formats(look.colours)

    def set_look(self, look: Look) -> None:
        """Colour everything anew."""
        self._formats = _formats(look.colours)
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        """Colour one line; Qt calls it for each line that changed, and on while the state at its end differs."""
        state = self.previousBlockState()
        before = STATES[state] if 0 < state < len(STATES) else None
        self.setCurrentBlockState(STATES.index(string_after(text, before)))
        if len(text) > _LONGEST_LINE:
            return
        opening = "" if before is None else before.opening
        for start, kind, value in self._lexer.get_tokens_unprocessed(opening + text + "\n"):
            chosen = self._format(kind)
            first = max(start - len(opening), 0)
            length = start + len(value) - len(opening) - first
            if chosen is not None and length > 0:
                # Qt counts UTF-16 units, Python characters.
                units = _units(text[:first])
                self.setFormat(units, _units(text[first : first + length]), chosen)

    def _format(self, kind: Any) -> QTextCharFormat | None:
        for ancestor, role in _ROLES:
            if kind in ancestor:
                return self._formats[role]
        return None


def _formats(colours: Colours) -> dict[str, QTextCharFormat]:
    result: dict[str, QTextCharFormat] = {}
    for role in {role for _, role in _ROLES}:
        chosen = QTextCharFormat()
        chosen.setForeground(QColor(getattr(colours, role)))
        chosen.setFontItalic(role == "comment")
        result[role] = chosen
    return result


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
