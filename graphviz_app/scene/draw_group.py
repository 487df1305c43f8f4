"""The frame around an open group, with its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.scene.measure import shorten, text_width
from graphviz_app.scene.shapes import Rectangle, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphviz_app.graph.grouping import Group
    from graphviz_app.layout.model import GroupPlace
    from graphviz_app.scene.shapes import Shape
    from graphviz_app.scene.theme import Theme

TITLE = 12.5
"""Font size of a frame's title, in pixels at 100 %."""
_LEFT, _BASELINE = 12.0, 18.0
_LARGE = 22.0
"""The same, read from afar: as large as the room above the boxes."""
_LONGEST = 40


def group_title(group: Group) -> str:
    """What is written on a group's frame: "blocks.3 · Block"."""
    return " · ".join(shorten(part, _LONGEST) for part in (group.title, group.subtitle) if part)


def title_size(title: str) -> tuple[float, float]:
    """Room for a title within its frame: width and height."""
    return text_width(title, TITLE) + 2 * _LEFT, _BASELINE + 6.0


def group_shapes(place: GroupPlace, group: Group | None, detail: int, theme: Theme) -> Iterator[Shape]:
    """The frame of an open group; with its title at `detail` 2 (large, to be read from afar) and more."""
    fill = theme.group_fill if len(place.path) % 2 else theme.group_fill_inner
    yield Rectangle(place.x, place.y, place.width, place.height, 10.0, fill, theme.group_border, 1.0)
    if detail < 2:
        return
    title, _, rest = (place.path[-1] if group is None else group_title(group)).partition(" · ")
    x, y = place.x + _LEFT, place.y + _BASELINE
    if detail == 2:
        size = min(_LARGE, TITLE * (place.width - 2 * _LEFT) / max(text_width(title, TITLE), 1.0))
        yield Text(x, place.y + _LARGE, title, size, theme.text, bold=True)
        return
    yield Text(x, y, title, TITLE, theme.text, bold=True)
    if rest:
        yield Text(x + text_width(title + " ", TITLE), y, rest, TITLE, theme.muted)
