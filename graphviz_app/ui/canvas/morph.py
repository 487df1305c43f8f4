"""The way from one picture to another: boxes that both have wander, new ones grow out of what was opened.

What is gone from the new picture shrinks into the group that was closed over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from graphviz_app.scene.shapes import Rectangle
from graphviz_app.ui.canvas.items import Chosen, ItemPainter, chosen_in, detail_of, overlapping
from graphviz_app.ui.canvas.view import scale_of
from graphviz_app.ui.painting import brush, pen

if TYPE_CHECKING:
    from graphviz_app.ui.canvas.frame import FrameLike
    from graphviz_app.ui.canvas.live import LiveLayer
    from graphviz_app.ui.canvas.tiles import Lens
    from graphviz_app.ui.canvas.view import View

MORPH_MILLISECONDS: Final = 220
MOST: Final = 3_000  # boxes that are moved; of more, those nearest to the front of the list
CARDS: Final = 200  # up to so many boxes move with all that stands on them, more of them as plain blocks
STRETCH: Final = 1.5  # how much larger than itself a card may be shown
LINKS_FROM: Final = 0.6  # part of the way from which links appear

Place = tuple[float, float, float, float]


class Tools(NamedTuple):
    """What a moving box is painted with."""

    items: ItemPainter
    live: LiveLayer


def places_by_key(frame: FrameLike) -> dict[object, Place]:
    """x, y, width, height of every box by its key, and of every open group by its path."""
    picture = frame.picture
    places: dict[object, Place] = {
        (group.path): (group.x, group.y, group.width, group.height) for group in picture.layout.groups
    }
    for box, bounds in zip(picture.graph.boxes, picture.box_bounds.tolist(), strict=True):
        places[getattr(box, "path", ()) or box.key] = tuple(bounds)
        places[box.key] = tuple(bounds)
    return places


def anchored(
    view: View, old: FrameLike, new: FrameLike, anchor: object | None, pointer: tuple[float, float]
) -> View | None:
    """The view on the new picture in which the anchor stays where it is on the screen; None if nothing is shared.

    Args:
        view: On the old picture.
        old: The old picture's frame.
        new: The new picture's.
        anchor: A box's key or a group's path; by default the shared box nearest to the pointer.
        pointer: Pixel of the window that should not move.
    """
    before, after = places_by_key(old), places_by_key(new)
    if anchor is None or anchor not in before or anchor not in after:
        anchor = _nearest_shared(before, after, view.to_picture(*pointer))
    if anchor is None:
        return None
    old_x, old_y = _hold(before[anchor])
    new_x, new_y = _hold(after[anchor])
    return view._replace(x=view.x + new_x - old_x, y=view.y + new_y - old_y)


def _hold(place: Place) -> tuple[float, float]:
    """The point of a box by which it is held: the middle of its top, where a group's title is, open or closed."""
    return place[0] + place[2] / 2, place[1]


def _nearest_shared(
    before: dict[object, Place],
    after: dict[object, Place],
    point: tuple[float, float],
) -> object | None:
    shared = [key for key in before if key in after]
    if not shared:
        return None
    places = np.array([before[key] for key in shared])
    middle = places[:, :2] + places[:, 2:] / 2 - point
    # Distance to the box, not to its middle: the pointer is often inside a wide one.
    away = np.maximum(np.abs(middle) - places[:, 2:] / 2, 0.0)
    return shared[int(np.argmin(np.hypot(*away.T) + 1e-6 * np.hypot(*middle.T)))]


class _Way(NamedTuple):
    """One thing on its way, in device pixels: x, y, width, height at the start and at the end."""

    number: int
    start: Place
    end: Place
    new: bool


class Morph:
    """Boxes and frames on their way from the old picture's places to the new one's."""

    def __init__(self, old: FrameLike, old_lens: Lens, new: FrameLike, new_lens: Lens, opened: object | None) -> None:
        self._new = new
        self._lens = new_lens
        before = {key: _in_window(place, old_lens) for key, place in places_by_key(old).items()}
        source = before.get(opened)
        boxes = new.picture.graph.boxes
        places = new.picture.box_bounds.tolist()
        self._boxes = [
            _way(index, before.get(boxes[index].key), source, _in_window(tuple(places[index]), new_lens))
            for index in _in_sight(new, new_lens, before)
        ]
        self._groups = [
            _way(
                index,
                before.get(group.path),
                source,
                _in_window((group.x, group.y, group.width, group.height), new_lens),
            )
            for index, group in enumerate(new.picture.layout.groups)
        ]
        self._left_over = _left_over(old, old_lens, new, new_lens, before)
        self._looks = {way.number: _look(new, way.number) for way in self._boxes}

    def draw(self, painter: QPainter, part: float, tools: Tools) -> None:
        """Paints everything after `part` (0 to 1) of its way, on a painter in device pixels."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_groups(painter, part)
        if len(self._boxes) > CARDS or detail_of(scale_of(self._lens.level)) < 2:
            self._draw_plainly(painter, part)
            return
        self._draw_left_over(painter, part)
        self._draw_links(painter, part, tools)
        for way in self._boxes:
            self._draw_card(painter, way, part, tools)
        painter.setOpacity(1.0)

    def _draw_groups(self, painter: QPainter, part: float) -> None:
        radius = 10.0 * self._lens.scale
        for way in self._groups:
            place = QRectF(*_between(way, part))
            if not place.intersects(QRectF(0, 0, self._lens.width, self._lens.height)):
                continue
            fill, stroke = _group_look(self._new, way.number)
            painter.setOpacity(part if way.new else 1.0)
            painter.setPen(pen(stroke, self._lens.scale))
            painter.setBrush(brush(fill))
            painter.drawRoundedRect(place, radius, radius)
        painter.setOpacity(1.0)

    def _draw_plainly(self, painter: QPainter, part: float) -> None:
        by_look: dict[tuple[str | None, str | None], list[QRectF]] = {}
        for way in self._boxes:
            by_look.setdefault(self._looks[way.number], []).append(QRectF(*_between(way, part)))
        for (fill, stroke), boxes in by_look.items():
            painter.setPen(pen(stroke, self._lens.ratio))
            painter.setBrush(brush(fill))
            painter.drawRects(boxes)

    def _draw_left_over(self, painter: QPainter, part: float) -> None:
        """Boxes that were closed away shrink into the group that closed over them."""
        theme = self._new.theme
        painter.setOpacity(1.0 - part)
        painter.setPen(pen(theme.card_border, self._lens.ratio))
        painter.setBrush(brush(theme.card))
        painter.drawRects([QRectF(*_between(way, part)) for way in self._left_over])
        painter.setOpacity(1.0)

    def _draw_links(self, painter: QPainter, part: float, tools: Tools) -> None:
        """Links appear when their boxes have nearly arrived."""
        opacity = (part - LINKS_FROM) / (1.0 - LINKS_FROM)
        chosen = chosen_in(self._new, self._lens.visible)
        if opacity <= 0 or len(chosen.links) > CARDS:
            return
        painter.save()
        painter.setOpacity(opacity)
        painter.translate(self._lens.origin_x, self._lens.origin_y)
        painter.scale(self._lens.scale, self._lens.scale)
        links = Chosen(np.empty(0, np.intp), chosen.links)
        tools.items.paint_chosen(painter, self._new, links, detail_of(scale_of(self._lens.level)))
        painter.restore()

    def _draw_block(self, painter: QPainter, place: Place) -> None:
        theme = self._new.theme
        painter.setPen(pen(theme.group_border, self._lens.scale))
        painter.setBrush(brush(theme.group_card))
        radius = 10.0 * self._lens.scale
        painter.drawRoundedRect(QRectF(*place), radius, radius)

    def _draw_card(self, painter: QPainter, way: _Way, part: float, tools: Tools) -> None:
        x, y, width, height = place = _between(way, part)
        end, lens = way.end, self._lens
        if width > STRETCH * end[2] or height > STRETCH * end[3]:
            # A frame that closes: its texts would be stretched, so the card appears in it at its own size.
            self._draw_block(painter, place)
            x, width, height = x + (width - end[2]) / 2, end[2], end[3]
            way = way._replace(new=True)
        painter.save()
        painter.setOpacity(part if way.new else 1.0)
        # What the card's own place is mapped to, as it grows or moves.
        painter.translate(x, y)
        painter.scale(width / max(end[2], 1e-3), height / max(end[3], 1e-3))
        painter.translate(-end[0], -end[1])
        painter.save()
        painter.translate(lens.origin_x, lens.origin_y)
        painter.scale(lens.scale, lens.scale)
        card = Chosen(np.array([way.number], np.intp), np.empty(0, np.intp))
        tools.items.paint_chosen(painter, self._new, card, detail_of(scale_of(lens.level)))
        painter.restore()
        tools.live.draw_values(painter, lens, way.number)
        painter.restore()


def _way(index: int, known: Place | None, source: Place | None, end: Place) -> _Way:
    """From the old place, or for something new out of what was opened."""
    return _Way(index, known or source or end, end, new=known is None)


def _between(way: _Way, part: float) -> Place:
    x, y, width, height = (one + (other - one) * part for one, other in zip(way.start, way.end, strict=True))
    return x, y, width, height


def _in_sight(new: FrameLike, lens: Lens, before: dict[object, Place]) -> list[int]:
    """Boxes that are in sight at either end of the way."""
    seen = overlapping(new.picture.box_bounds, lens.visible, 0.0)
    for index, box in enumerate(new.picture.graph.boxes):
        if not seen[index] and (start := before.get(box.key)) is not None:
            seen[index] = _is_seen(start, lens)
    return np.flatnonzero(seen).tolist()[:MOST]


def _left_over(
    old: FrameLike, old_lens: Lens, new: FrameLike, new_lens: Lens, before: dict[object, Place]
) -> list[_Way]:
    """Boxes in sight that the new picture has only as part of a closed group."""
    boxes = new.picture.graph.boxes
    kept = {box.key for box in boxes}
    closed = {tuple(box.path): index for index, box in enumerate(boxes) if getattr(box, "path", ())}
    ways: list[_Way] = []
    for box in old.picture.graph.boxes:
        group = tuple(getattr(box, "group", ()))
        over = next((closed[group[:depth]] for depth in range(1, len(group) + 1) if group[:depth] in closed), None)
        if over is not None and box.key not in kept and _is_seen(before[box.key], old_lens):
            end = _in_window(tuple(new.picture.box_bounds[over].tolist()), new_lens)
            ways.append(_Way(over, before[box.key], end, new=False))
    return ways[:MOST]


def _is_seen(place: Place, lens: Lens) -> bool:
    x, y, width, height = place
    return x < lens.width and x + width > 0 and y < lens.height and y + height > 0


def _in_window(place: Place, lens: Lens) -> Place:
    x, y, width, height = place
    scale = lens.scale
    return x * scale + lens.origin_x, y * scale + lens.origin_y, width * scale, height * scale


def _look(frame: FrameLike, index: int) -> tuple[str | None, str | None]:
    for shape in frame.box_shapes(index, 0):
        if isinstance(shape, Rectangle):
            return shape.fill, shape.stroke
    return frame.theme.card, frame.theme.card_border


def _group_look(frame: FrameLike, index: int) -> tuple[str | None, str | None]:
    for shape in frame.group_shapes(index, 0):
        if isinstance(shape, Rectangle):
            return shape.fill, shape.stroke
    return frame.theme.group_fill, frame.theme.group_border
