"""Putting cards together: from what shall stand on them to where it stands, and how large that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.scene.card import (
    COMPACT_CELLS,
    COMPACT_ROW,
    EDGE,
    GAP,
    HEAT_ROW,
    HEAT_WIDTH,
    PADDING,
    ROW,
    SUBTITLE,
    TITLE,
    VALUE,
    WIDEST_VALUE,
    Card,
    Line,
    Role,
    Row,
    row_label_width,
)
from graphviz_app.scene.measure import shorten, text_width
from graphviz_app.scene.numbers import FEW, norm_text, shape_text, tensor_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz_app.recording import Recording

_DEFAULT_CELLS = 14
_PLAIN_CELLS = 26
"""Room for a shape and a norm."""
_NARROWEST = 132.0
_BUCKET_PADDING = 4.0
_MARK = 18.0


class Wish(NamedTuple):
    """A row before it has a place.

    Attributes:
        role: Which value.
        label: What is written before it.
        values: The values that it is known to show in its chapter.
        number: See `Row`.
        cells: How many characters it takes, where no values tell.
    """

    role: Role
    label: str
    values: tuple[int, ...]
    number: int = 0
    cells: int = 0


class Composer:
    """Puts cards together; remembers how values look, which many rows share.

    Args:
        recording: Where the values are.
        plain: Whether no value is looked at: each gets a line of the same length. Reading the values of ten thousand
            boxes would take seconds, and boxes of equal size make equal blocks, which are laid out once.
    """

    def __init__(self, recording: Recording, *, plain: bool = False) -> None:
        self._recording = recording
        self._plain = plain
        self._looks: dict[int, tuple[bool, int]] = {}

    def card(self, heading: list[str], wishes: list[Wish], bucket: list[Wish] | None = None) -> Card:
        """A card of a heading, rows, and the rows of a leaf's `.grad`."""
        lines: list[Line] = []
        y = EDGE
        for position, text in enumerate(shorten(text, 44) for text in heading if text):
            size = TITLE if position == 0 else SUBTITLE
            y += size * (0.85 if position == 0 else 1.3)
            lines.append(Line(text, size, position == 0, position > 0, y))
        y += EDGE - 2
        label_width = max((text_width(wish.label + " ", SUBTITLE) for wish in (*wishes, *(bucket or []))), default=0.0)
        rows: list[Row] = []
        y = self._place(wishes, y, rows)
        frame = None
        if bucket:
            y += GAP / 4
            end = self._place_bucket(bucket, y + _BUCKET_PADDING, rows) + _BUCKET_PADDING
            frame = (y, end - y)
            y = end
        contents = [row.x + _content_width(row) + row_label_width(row, label_width) for row in rows]
        # The first line leaves room for the tick of a node that has run, or a warning.
        headings = [text_width(line.text, line.size) + (0.0 if line.muted else _MARK) for line in lines]
        width = max([*contents, *headings, _NARROWEST - 2 * PADDING]) + 2 * PADDING
        return Card(width, y + (EDGE if frame is None else GAP / 2 + 1), tuple(lines), tuple(rows), label_width, frame)

    def _place(self, wishes: Iterable[Wish], y: float, rows: list[Row]) -> float:
        for wish in wishes:
            heat, cells = self._look(wish.role, wish.values)
            height = HEAT_ROW if heat else ROW
            rows.append(Row(wish.role, wish.number, wish.label, y, height, heat, wish.cells or cells))
            y += height
        return y

    def _place_bucket(self, bucket: list[Wish], y: float, rows: list[Row]) -> float:
        """Before, contribution and after: numbers one below the other, heat maps side by side."""
        if not any(self._look(wish.role, wish.values)[0] for wish in bucket):
            return self._place(bucket, y, rows)
        x = 0.0
        for wish in bucket:
            label = wish.label.strip()
            rows.append(Row(wish.role, wish.number, label, y, COMPACT_ROW, True, COMPACT_CELLS, x, True))
            x += text_width(label + " ", SUBTITLE) + HEAT_WIDTH + GAP
        return y + COMPACT_ROW

    def _look(self, role: Role, values: tuple[int, ...]) -> tuple[bool, int]:
        """Whether to draw these values as heat maps, and how many characters their texts take."""
        if self._plain:
            return False, _PLAIN_CELLS
        if not values:
            return False, _DEFAULT_CELLS
        looks = [self._look_of(value) for value in values]
        heat = role != "was" and any(heat for heat, _ in looks)
        return heat, min(max(6, *(cells for _, cells in looks)), WIDEST_VALUE)

    def _look_of(self, value: int) -> tuple[bool, int]:
        if value not in self._looks:
            record = self._recording.value(value)
            if record is not None and record.numel > FEW:
                # Beside a heat map shape and norm stand one below the other.
                self._looks[value] = True, max(len(shape_text(record.shape)), len(norm_text(record)))
            else:
                self._looks[value] = False, len(tensor_text(record, WIDEST_VALUE))
        return self._looks[value]


def _content_width(row: Row) -> float:
    if row.compact:
        return HEAT_WIDTH
    text = text_width("0" * row.cells, VALUE if not row.heat else SUBTITLE)
    return text + (HEAT_WIDTH + GAP if row.heat else 0.0)
