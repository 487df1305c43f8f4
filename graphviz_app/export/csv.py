"""The ledger as a table: one line for everything that happened to a leaf, for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from graphviz_app.export.json_values import JsonNumber, json_numbers
from graphviz_app.export.text import cell_text
from graphviz_app.recording.passes import pass_name
from graphviz_app.recording.values import elements, statistics
from graphviz_app.scene.words import short_place
from graphviz_app.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphviz_app.recording import Recording
    from graphviz_app.recording.values import TensorRecord

COLUMNS = ("step", "leaf", "event", "pass", "line", "how", "before", "contribution", "after")


def csv_chunks(recording: Recording, timeline: Timeline | None = None) -> Iterator[str]:
    """The text of the CSV file, line by line; passes are counted from 1, as in the window.

    A line of another file than the program's own has that file's name before it ("model.py:13").
    """
    timeline = timeline or Timeline(recording)
    yield _line(COLUMNS)
    for position in range(len(timeline.ledger)):
        entry = timeline.ledger.entry(position)
        values = (tensor_cell(recording.value(number)) for number in (entry.before, entry.contribution, entry.after))
        yield _line(
            (
                str(entry.step),
                cell_text(timeline.leaf_name(entry.leaf)),
                entry.kind,
                pass_name(recording, entry.pass_id),
                cell_text(short_place(recording, entry.file, entry.line)),
                cell_text(entry.how),
                *values,
            )
        )


def tensor_cell(record: TensorRecord | None) -> str:
    """A tensor in a cell: a number, a list of lists of numbers, or a summary of what is too large; "" for None."""
    if record is None:
        return ""
    values = elements(record)
    if values is None:
        figures = statistics(record)
        return f"{record.dtype} {list(record.shape)}" + (f" norm {figures.norm!r}" if figures is not None else "")
    flat = json_numbers(values)
    return str(flat[0]) if values.ndim == 0 else _nested(flat, record.shape)


def _nested(flat: list[JsonNumber], shape: tuple[int, ...]) -> str:
    if len(shape) <= 1:
        return json.dumps(flat)
    length = len(flat) // shape[0] if shape[0] else 0
    rows = (_nested(flat[row * length : (row + 1) * length], shape[1:]) for row in range(shape[0]))
    return f"[{', '.join(rows)}]"


def _line(cells: tuple[str, ...]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerow(cells)
    return stream.getvalue()
