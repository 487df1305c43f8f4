"""The shapes of a box: its card as tiles hold it, and on top of it the values of the step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.scene.card import GAP, HEAT_HEIGHT, HEAT_WIDTH, PADDING, SUBTITLE, VALUE, row_label_width
from graphviz_app.scene.heatmap import heat_pixels
from graphviz_app.scene.measure import ASCENT, text_width
from graphviz_app.scene.numbers import FEW, brief_text, shape_text, tensor_text
from graphviz_app.scene.numbers import norm_text as norm_of
from graphviz_app.scene.shapes import HeatMap, Polygon, Rectangle, Text
from graphviz_app.scene.states import LOOK_MASK, BoxFlag, Look

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from graphviz_app.graph.visible import BoxKind
    from graphviz_app.recording.values import TensorRecord
    from graphviz_app.scene.card import Card, Row
    from graphviz_app.scene.content import Content
    from graphviz_app.scene.shapes import Shape
    from graphviz_app.scene.theme import Theme

HEAT_ROWS, HEAT_COLUMNS = 20, 38
BUCKET = ("before", "added", "bucket")
"""The rows within the frame around a leaf's `.grad`."""
_CORNER = 8.0
_BACKWARD = re.compile(r"(?<=.)Backward\d*$")
_LARGEST_TITLE, _SMALLEST_TITLE = 36.0, 26.0
"""Font sizes at 100 % of titles that are read from afar, from a quarter of that on."""


class Ink(NamedTuple):
    """The colours of one box in one state."""

    fill: str
    border: str
    border_width: float
    title: str
    muted: str
    dashed: bool = False
    plain: bool = False
    """Whether values, too, are in the title's colour: theirs could not be read on this fill."""


def ink(kind: BoxKind, state: int, theme: Theme, tint: str | None = None) -> Ink:
    """Fill, border and text colours of a box; `tint` is the fill that a colouring gives it."""
    colours = _ink(kind, state, theme)
    if tint is None or colours.fill == theme.root_card:
        return colours
    return colours._replace(fill=tint, title=theme.text, muted=theme.text, plain=True)


def _ink(kind: BoxKind, state: int, theme: Theme) -> Ink:
    look = Look(state & LOOK_MASK)
    if kind in ("operation", "tensor"):
        border = theme.made if look == Look.MADE else theme.grey
        return Ink(theme.grey_card, border, 1.2, theme.grey_text, theme.grey_text, dashed=True)
    if look == Look.UNBORN:
        return Ink(theme.background, theme.unborn, 1.0, theme.unborn_text, theme.unborn_text, dashed=True)
    if look == Look.RUNNING:
        return Ink(theme.running_card, theme.running, 3.0, theme.text, theme.muted)
    if look == Look.MADE:
        return Ink(theme.made_card, theme.made, 3.0, theme.text, theme.muted)
    if kind == "root":
        return Ink(theme.root_card, theme.root_card, 1.0, theme.root_text, theme.root_text, plain=True)
    fill, border = _resting(kind, theme)
    if look == Look.DONE and kind in ("node", "group"):
        return Ink(theme.done_card, theme.done, 1.2, theme.text, theme.muted)
    if look == Look.RECEIVING:
        return Ink(fill, theme.running, 2.0, theme.text, theme.muted)
    return Ink(fill, border, 1.2, theme.text, theme.muted)


def _resting(kind: BoxKind, theme: Theme) -> tuple[str, str]:
    if kind in ("leaf", "reference"):
        return theme.leaf_card, theme.leaf_border
    if kind == "group":
        return theme.group_card, theme.group_border
    return theme.card, theme.card_border


def box_shapes(
    kind: BoxKind,
    card: Card,
    place: tuple[float, float],
    state: int,
    detail: int,
    theme: Theme,
    tint: str | None = None,
) -> Iterator[Shape]:
    """The card of a box with its top left corner at `place`.

    `detail` 0 is a plain block, 1 has a border, 2 a title that fills the card, 3 all texts.
    """
    x, y = place
    colours = ink(kind, state, theme, tint)
    if detail == 0:
        strong = state & LOOK_MASK in (Look.RUNNING, Look.MADE, Look.DONE) or kind in ("leaf", "root")
        plain = tint or (colours.border if strong else theme.card_border)
        yield Rectangle(x, y, card.width, card.height, 0.0, plain)
        return
    if kind == "group" and detail > 1:
        # A second edge behind it says: there is more inside.
        yield Rectangle(x + 4, y + 4, card.width, card.height, _CORNER, colours.fill, colours.border, 1.0)
    radius = _radius(kind, card)
    yield Rectangle(
        x, y, card.width, card.height, radius, colours.fill, colours.border, colours.border_width, colours.dashed
    )
    if detail == 1:
        return
    if detail == 2:
        yield from _large_title(card, place, colours)
        return
    for line in card.lines:
        colour = colours.muted if line.muted else colours.title
        yield Text(x + PADDING, y + line.y, line.text, line.size, colour, line.bold)
    yield from _marks(kind, card, place, state, theme)


def _large_title(card: Card, place: tuple[float, float], colours: Ink) -> Iterator[Shape]:
    """What can be read from afar: the card's title, or its telling part, as large as the card has room for."""
    room = card.width - PADDING
    for text in _telling_parts(card.lines[0].text if card.lines else ""):
        size = min(_LARGEST_TITLE, room / text_width(text, 1.0), 0.6 * card.height)
        if size >= _SMALLEST_TITLE:
            x, y = place[0] + card.width / 2, place[1] + card.height / 2 + ASCENT * size / 2
            yield Text(x, y, text, size, colours.title, bold=True, anchor="middle")
            return


def _telling_parts(title: str) -> list[str]:
    """Shorter and shorter forms of a title: without "Backward0", without the beginning of a dotted name."""
    short = _BACKWARD.sub("", title)
    parts = short.split(".")
    return [
        text for text in dict.fromkeys((short, *(".".join(parts[start:]) for start in range(1, len(parts))))) if text
    ]


def _radius(kind: BoxKind, card: Card) -> float:
    if kind == "leaf":
        return 14.0
    # Only references are as low as this.
    return card.height / 2 if card.height < 40 else _CORNER


def _marks(kind: BoxKind, card: Card, place: tuple[float, float], state: int, theme: Theme) -> Iterator[Shape]:
    x, y = place
    if state & BoxFlag.ODD:
        right, top = x + card.width - 10, y + 8
        yield Polygon(((right - 7, top - 1), (right + 1, top + 13), (right - 15, top + 13)), theme.nan)
        yield Text(right - 7, top + 11, "!", 11.0, theme.background, bold=True, anchor="middle")
    elif state & LOOK_MASK == Look.DONE and kind == "node":
        yield Text(x + card.width - 10, y + 20, "✓", VALUE, theme.gradient, bold=True, anchor="end")


def rows_shapes(
    card: Card, contents: Sequence[Content | None], place: tuple[float, float], colours: Ink, theme: Theme
) -> Iterator[Shape]:
    """The rows of a card with what stands in them at a step, and the frame around a leaf's `.grad`."""
    x, y = place
    bucket = [content for row, content in zip(card.rows, contents, strict=True) if row.role in BUCKET and content]
    at_rest = len(bucket) == 1
    if card.bucket is not None and bucket:
        top, height = card.bucket
        is_empty = bucket[-1].record is None
        border = theme.grey if is_empty else theme.leaf_border
        fill = None if is_empty else theme.bucket
        yield Rectangle(x + GAP / 2, y + top, card.width - GAP, height, 6.0, fill, border, 1.2, is_empty)
    for row, content in zip(card.rows, contents, strict=True):
        shift = 0.0
        if at_rest and row.role == "before" and card.bucket is not None and not row.compact:
            # What is alone in the frame stands in its middle.
            shift = card.bucket[0] + card.bucket[1] / 2 - (row.y + row.height / 2)
        yield from _row_shapes(row, content, card, (x, y + shift), colours, theme, is_alone=at_rest)


def _row_shapes(
    row: Row,
    content: Content | None,
    card: Card,
    place: tuple[float, float],
    colours: Ink,
    theme: Theme,
    *,
    is_alone: bool,
) -> Iterator[Shape]:
    x, y = place
    left = x + PADDING + row.x
    middle = y + row.y + (HEAT_HEIGHT if row.compact else row.height) / 2
    baseline = middle + ASCENT * VALUE / 2
    label = row.label if content is None or content.label is None else content.label
    hidden_without_value = row.role in ("added", "bucket", "was", "arrival", "total", "hook")
    if content is None and hidden_without_value:
        return
    if label:
        yield Text(left, baseline, label, SUBTITLE, colours.muted)
    if content is None:
        return
    inner = left + row_label_width(row, card.label_width)
    meanings = {"value": theme.value, "gradient": theme.gradient, "odd": theme.warning}
    colour = meanings.get(content.kind, colours.muted)
    if colours.plain:
        colour = colours.title
    if content.record is None:
        yield Text(inner, baseline, content.text, VALUE, colour)
    else:
        # What stands side by side with others has its own column only.
        room = x + card.width - PADDING - inner if is_alone or not row.compact else HEAT_WIDTH
        yield from _tensor(row, content.record, (inner, room), (y + row.y, baseline), colour, theme)


def _tensor(
    row: Row,
    record: TensorRecord,
    across: tuple[float, float],
    heights: tuple[float, float],
    colour: str,
    theme: Theme,
) -> Iterator[Shape]:
    (x, room), (top, baseline) = across, heights
    if not row.heat or record.numel <= FEW:
        yield Text(x, baseline, tensor_text(record, row.cells), VALUE, colour)
        return
    heat_top = top if row.compact else top + (row.height - HEAT_HEIGHT) / 2
    pixels = heat_pixels(record, theme, HEAT_ROWS, HEAT_COLUMNS)
    if row.compact:
        if pixels is not None:
            yield from _framed(_fitted(pixels, x, heat_top), theme)
        text = norm_of(record)
        text = text if text_width(text, SUBTITLE) <= room else brief_text(record)
        yield Text(x, heat_top + HEAT_HEIGHT + 15, text, SUBTITLE, colour)
        return
    if pixels is not None:
        image = _fitted(pixels, x, heat_top)
        yield from _framed(image, theme)
        x += image.width + GAP
    yield Text(x, heat_top + 16, shape_text(record.shape), SUBTITLE, colour)
    yield Text(x, heat_top + 33, norm_of(record), SUBTITLE, colour)


def _framed(image: HeatMap, theme: Theme) -> Iterator[Shape]:
    """A heat map with a thin frame: one of zeros would be hard to see without."""
    yield image
    yield Rectangle(image.x, image.y, image.width, image.height, 0.0, None, theme.card_border, 0.6)


def _fitted(image: npt.NDArray[np.uint8], x: float, y: float) -> HeatMap:
    """The heat map in its place with square cells, so that a vector does not look like a matrix."""
    rows, columns = image.shape[:2]
    cell = min(HEAT_WIDTH / columns, HEAT_HEIGHT / rows)
    width, height = cell * columns, cell * rows
    # A long thin tensor would be a hair: give it a third of the place at least.
    width, height = max(width, HEAT_WIDTH / 3), max(height, HEAT_HEIGHT / 3)
    return HeatMap(x, y + (HEAT_HEIGHT - height) / 2, width, height, image)


def measure_tag(text: str, size: float) -> tuple[float, float]:
    """Width and height of a rounded tag around a text."""
    return text_width(text, size) + 12.0, size + 9.0
