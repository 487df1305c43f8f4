"""`graphviz-app ledger`: what became of every leaf's `.grad` and value, as a table."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

from graphviz_app.commands.screen import say, tables
from graphviz_app.commands.source import open_source
from graphviz_app.export.text import visible_text
from graphviz_app.recording.passes import pass_name
from graphviz_app.recording.values import elements, statistics
from graphviz_app.scene.words import short_place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graphviz_app.commands.target import Target
    from graphviz_app.recording import Recording, TensorRecord
    from graphviz_app.timeline import Timeline
    from graphviz_app.timeline.ledger import LedgerEntry

_ELEMENTS_SHOWN = 6
_PAGE = 500
"""Entries that are laid out together; of more no table is drawn, which takes far longer than all else."""
_NAMES = ("pass", "line", "leaf", "event", "before", "contribution", "after")
_RIGHT = 2
"""How many of the columns hold numbers, which end below each other."""


def ledger(target: Target, arguments: Sequence[str]) -> int:
    """Print the ledger of a program or a recording.

    Returns:
        0, or 1 where the program did not end well.

    Raises:
        CommandError: If it cannot be read or run.
    """
    with open_source(target, arguments) as (recording, outcome):
        print_ledger(recording)
        if recording.warning:
            say(recording.warning)
    if outcome is not None and not outcome.succeeded:
        say(outcome.sentence())
        return 1
    return 0


def print_ledger(recording: Recording) -> None:
    """Print the ledger of a recording: a table of few entries, of many a plain line for each."""
    from graphviz_app.timeline import Timeline

    timeline = Timeline(recording)
    if not len(timeline.ledger):
        tables().print("Nothing was written to any leaf's .grad, and no leaf changed its value.")
    elif len(timeline.ledger) <= _PAGE:
        tables().print(_table([_cells(entry, timeline) for entry in _entries(timeline)]))
    else:
        for text in _lines(timeline):
            sys.stdout.write(text)


def _entries(timeline: Timeline) -> Iterator[LedgerEntry]:
    for start in range(0, len(timeline.ledger), _PAGE):
        yield from timeline.ledger.entries(start, start + _PAGE)


def _lines(timeline: Timeline) -> Iterator[str]:
    """The entries in columns, some hundred lines at a time; a column grows where something wider comes."""
    widths = [len(name) for name in _NAMES]
    entries = _entries(timeline)
    rows = [_NAMES]
    while page := list(islice(entries, _PAGE)):
        rows += [_cells(entry, timeline) for entry in page]
        widths = [max(width, *map(len, column)) for width, column in zip(widths, zip(*rows, strict=True), strict=True)]
        yield "".join(_line(row, widths) for row in rows)
        rows = []


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    numbers = map(str.rjust, row[:_RIGHT], widths[:_RIGHT])
    words = map(str.ljust, row[_RIGHT:], widths[_RIGHT:])
    return "  ".join([*numbers, *words]).rstrip() + "\n"


def _table(rows: Sequence[Sequence[str]]) -> object:
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for column, name in enumerate(_NAMES):
        table.add_column(name, justify="right" if column < _RIGHT else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _cells(entry: LedgerEntry, timeline: Timeline) -> tuple[str, ...]:
    # Names are the program's: none may be taken for a command to the terminal.
    return tuple(map(visible_text, _row(entry, timeline)))


def _row(entry: LedgerEntry, timeline: Timeline) -> tuple[str, ...]:
    recording = timeline.recording
    added = entry.kind == "accumulated"
    return (
        pass_name(recording, entry.pass_id),
        short_place(recording, entry.file, entry.line),
        timeline.leaf_name(entry.leaf) + ("" if entry.kind == "updated" else ".grad"),
        f"{entry.kind} by {entry.how}" if entry.how else entry.kind,
        value_in_words(recording.value(entry.before)),
        value_in_words(recording.value(entry.contribution)) if added else "",
        value_in_words(recording.value(entry.after)),
    )


def value_in_words(record: TensorRecord | None) -> str:
    """A value in a cell: its elements while they are few, else its shape and norm."""
    if record is None:
        return "None"
    values = elements(record)
    if values is not None and values.size <= _ELEMENTS_SHOWN:
        return _nested(values.tolist())
    figures = statistics(record)
    shape = "×".join(map(str, record.shape))
    if figures is None:
        return f"{shape} {record.dtype}" + (f" ({record.note})" if record.note else "")
    return (
        f"{shape} {record.dtype}, norm {figures.norm:.6g}"
        + _strange(figures.nans, "NaN")
        + _strange(figures.positive_infinities + figures.negative_infinities, "Inf")
    )


def _strange(count: int, name: str) -> str:
    return f", {count} {name}" if count else ""


def _nested(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_nested(part) for part in value) + "]"
    return f"{value:.6g}" if isinstance(value, float | complex) else str(value)
