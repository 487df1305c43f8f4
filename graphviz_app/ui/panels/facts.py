"""What the inspector shows, as plain data: sections of rows, made without a widget and tested without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from graphviz_app.recording import TensorRecord


@dataclass(frozen=True)
class Fact:
    """A name and a text; a click on the text selects `target`, or goes to `step`."""

    name: str
    text: str
    target: tuple[Any, ...] = ()
    step: int | None = None


@dataclass(frozen=True)
class Value:
    """A tensor under a name; `record` is None for an undefined gradient. `note` says what is special about it."""

    name: str
    record: TensorRecord | None
    note: str = ""
    target: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Paragraph:
    """Prose; `alarm` marks what is wrong or surprising."""

    text: str
    alarm: bool = False


@dataclass(frozen=True)
class Formula:
    """LaTeX, drawn as a formula."""

    latex: str


@dataclass(frozen=True)
class Code:
    """Lines of a source file, numbered from `first_line`."""

    text: str
    first_line: int


Row: TypeAlias = "Fact | Value | Paragraph | Formula | Code"


@dataclass(frozen=True)
class Section:
    """Rows under a title; `open` is how it first appears."""

    title: str
    rows: tuple[Row, ...]
    open: bool = True


@dataclass(frozen=True)
class Page:
    """All about one thing; `title` is the thing, `subtitle` what it is doing now."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]


def section(title: str, rows: list[Row], *, is_open: bool = True) -> tuple[Section, ...]:
    """A section, or none where it would be empty."""
    return (Section(title, tuple(rows), is_open),) if rows else ()
