"""The widgets that rows of facts are shown with; each is used again for the next row of its kind."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from graphviz_app.recording.syntax import lines_of
from graphviz_app.scene.numbers import tensor_text
from graphviz_app.ui.panels.colours import widget_theme
from graphviz_app.ui.panels.facts import Code, Fact, Formula, Paragraph, Row, Value
from graphviz_app.ui.panels.formula_view import FormulaView
from graphviz_app.ui.panels.labels import LINKS, SELECTABLE, dimmed, label
from graphviz_app.ui.panels.opener import Opener
from graphviz_app.ui.panels.tensor_text import is_odd
from graphviz_app.ui.panels.tensor_view import TensorView

if TYPE_CHECKING:
    from graphviz_app.ui.panels.formula_press import FormulaPress

_BREAKS = re.compile(r"[.,=(\[](?=\w)")
"""Where a long word may be broken."""


class RowWidget(QWidget):
    """Base of all rows.

    Signals:
        followed(object): The row, a `Fact` or `Value`, whose link was clicked.
        toggled(str, bool): A value's name, and whether it is now seen whole.
    """

    followed = Signal(object)
    toggled = Signal(str, bool)

    def show_row(self, row: Any, *, is_open: bool | None) -> None:
        """Show another row; `is_open` is the user's wish for this value, or None where there is none."""
        raise NotImplementedError


class FactRow(RowWidget):
    """The name, dimmed, and the text."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._row: Fact | None = None
        self._text = label(self)
        self._text.setTextInteractionFlags(SELECTABLE | LINKS)
        self._text.linkActivated.connect(self._follow)
        stack(self, self._text)

    def _follow(self) -> None:
        self.followed.emit(self._row)

    def show_row(self, row: Fact, *, is_open: bool | None) -> None:  # noqa: ARG002 - only values open
        """Show another fact."""
        self._row = row
        is_link = bool(row.target) or row.step is not None
        # A piece of source may be one long word, which would be cut off at the panel's edge.
        text = html.escape(_BREAKS.sub("\\g<0>\u200b", row.text) if is_link else row.text)
        name = dimmed(self, row.name) + "&nbsp; " if row.name else ""
        self._text.setText(name + (f'<a href="go">{text}</a>' if is_link else f"<span>{text}</span>"))
        self.setAccessibleName(f"{row.name}: {row.text}")


class ValueRow(RowWidget):
    """The value in one line; a click on its arrow shows it whole."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._row: Value | None = None
        self._view: TensorView | None = None
        self._arrow = Opener(self)
        self._text = label(self)
        self._text.setTextInteractionFlags(SELECTABLE | LINKS)
        self._text.linkActivated.connect(self._follow)
        self._arrow.clicked.connect(self._toggle)
        first = QHBoxLayout()
        first.setContentsMargins(0, 0, 0, 0)
        first.addWidget(self._arrow, 0, Qt.AlignmentFlag.AlignTop)
        first.addWidget(self._text, 1)
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.addLayout(first)

    def _follow(self) -> None:
        self.followed.emit(self._row)

    def show_row(self, row: Value, *, is_open: bool | None) -> None:
        """Show another value."""
        self._row = row
        name = f'<a href="go">{html.escape(row.name)}</a>' if row.target else dimmed(self, row.name)
        text = tensor_text(row.record)
        note = f" &nbsp;{dimmed(self, row.note)}" if row.note else ""
        odd = f' style="color:{widget_theme(self).warning}"' if is_odd(row.record) else ""
        self._text.setText(f"{name}<br><b{odd}>{html.escape(text)}</b>{note}")
        self._arrow.setAccessibleName(f"Show {row.name} whole")
        self._arrow.setVisible(row.record is not None)
        self.setAccessibleName(f"{row.name}: {text}")
        self._open(bool(is_open) and row.record is not None)

    def _toggle(self, checked: bool) -> None:
        self._open(checked)
        if self._row is not None:
            self.toggled.emit(self._row.name, checked)

    def _open(self, is_open: bool) -> None:
        self._arrow.setChecked(is_open)
        if is_open and self._view is None:
            self._view = TensorView(self)
            self._rows.addWidget(self._view)
        if self._view is not None:
            if is_open and self._row is not None:
                self._view.set_record(self._row.record)
            self._view.setVisible(is_open)


class ParagraphRow(RowWidget):
    """Prose."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = label(self)
        stack(self, self._text)

    def show_row(self, row: Paragraph, *, is_open: bool | None) -> None:  # noqa: ARG002 - only values open
        """Show another paragraph."""
        text = html.escape(row.text).replace("\n", "<br>")
        colour = f' style="color:{widget_theme(self).warning}"' if row.alarm else ""
        self._text.setText(f"<span{colour}>{text}</span>")
        self.setAccessibleName(row.text)


class FormulaRow(RowWidget):
    """A formula."""

    def __init__(self, parent: QWidget, press: FormulaPress) -> None:
        super().__init__(parent)
        self.view = FormulaView(press, self)
        stack(self, self.view)

    def show_row(self, row: Formula, *, is_open: bool | None) -> None:  # noqa: ARG002 - only values open
        """Show another formula."""
        self.view.set_latex(row.latex)


class CodeRow(RowWidget):
    """Source lines with their numbers."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = label(self)
        stack(self, self._text)

    def show_row(self, row: Code, *, is_open: bool | None) -> None:  # noqa: ARG002 - only values open
        """Show other lines."""
        lines = lines_of(row.text)
        digits = len(str(row.first_line + len(lines)))
        numbered = [f"{row.first_line + place:>{digits}}  {line}" for place, line in enumerate(lines)]
        family = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
        style = f"white-space:pre-wrap; font-family:'JetBrains Mono','{family}'"
        self._text.setText(f'<div style="{style}">{html.escape(chr(10).join(numbered))}</div>')


def widget_for(row: Row, parent: QWidget, press: FormulaPress) -> RowWidget:
    """A widget for the kind of a row."""
    match row:
        case Fact():
            return FactRow(parent)
        case Value():
            return ValueRow(parent)
        case Paragraph():
            return ParagraphRow(parent)
        case Formula():
            return FormulaRow(parent, press)
        case Code():
            return CodeRow(parent)


def stack(parent: QWidget, *children: QWidget) -> None:
    """Children below each other without space."""
    rows = QVBoxLayout(parent)
    rows.setContentsMargins(0, 0, 0, 0)
    rows.setSpacing(0)
    for child in children:
        rows.addWidget(child)
