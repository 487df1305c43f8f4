"""Marks on lines: running now, failed, lit for the selection, and what each line did in the recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QTextCursor, QTextFormat
from PySide6.QtWidgets import QTextEdit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QTextDocument

    from graphviz_app.ui.look import Colours


class LineRole(Enum):
    """What a line did in the recorded run; drawn in the gutter."""

    RECORDED = "made nodes of the graph"
    BACKWARD = "started a backward pass"
    UNSEEN = "ran where autograd does not look"


@dataclass(frozen=True)
class LineMarks:
    """All marks, by line number from 1.

    Attributes:
        running: The line that the current step belongs to.
        failed: The line that raised.
        failure: What it raised, for the tooltip.
        lit: Lines of what is selected.
        roles: What lines did in the recorded run.
    """

    running: int | None = None
    failed: int | None = None
    failure: str = ""
    lit: frozenset[int] = frozenset()
    roles: Mapping[int, LineRole] = field(default_factory=dict[int, LineRole])


def selections(document: QTextDocument, marks: LineMarks, colours: Colours) -> list[QTextEdit.ExtraSelection]:
    """The marks as Qt draws them behind the text, strongest last."""
    painted: list[tuple[int, str]] = [(line, colours.lit_line) for line in sorted(marks.lit)]
    if marks.running is not None:
        painted.append((marks.running, colours.running_line))
    if marks.failed is not None:
        painted.append((marks.failed, colours.error_line))
    return [line_selection(document, line, colour) for line, colour in painted if line <= document.blockCount()]


def line_selection(document: QTextDocument, line: int, colour: str) -> QTextEdit.ExtraSelection:
    """A whole line on a ground of that colour."""
    selection = QTextEdit.ExtraSelection()
    selection.format.setBackground(QColor(colour))  # type: ignore[attr-defined]
    selection.format.setProperty(QTextFormat.Property.FullWidthSelection, True)  # type: ignore[attr-defined]
    selection.cursor = QTextCursor(document.findBlockByNumber(line - 1))  # type: ignore[attr-defined]
    return selection
