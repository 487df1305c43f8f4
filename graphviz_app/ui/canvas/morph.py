"""The way from one picture to another: boxes that both have wander, new ones grow out of what was opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from graphviz_app.scene.shapes import Rectangle
from graphviz_app.ui.painting import brush, pen

if TYPE_CHECKING:
    from graphviz_app.ui.canvas.frame import FrameLike
    from graphviz_app.ui.canvas.view import View

MORPH_MILLISECONDS: Final = 200
MOST: Final = 3_000  # boxes that are moved; of more, those nearest to the front of the list


def places_by_key(frame: FrameLike) -> dict[object, tuple[float, float, float, float]]:
    """x, y, width, height of every box by its key, and of every open group by its path."""
    picture = frame.picture
    places: dict[object, tuple[float, float, float, float]] = {
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


def _hold(place: tuple[float, float, float, float]) -> tuple[float, float]:
    """The point of a box by which it is held: the middle of its top, where a group's title is, open or closed."""
    return place[0] + place[2] / 2, place[1]


def _nearest_shared(
    before: dict[object, tuple[float, float, float, float]],
    after: dict[object, tuple[float, float, float, float]],
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


class Morph:
    """Boxes on their way, in pixels of the window."""

    def __init__(self, old: FrameLike, old_view: View, new: FrameLike, new_view: View, opened: object | None) -> None:
        self._background = new.theme.background
        before = {key: _on_screen(place, old_view) for key, place in places_by_key(old).items()}
        source = before.get(opened)
        starts: list[tuple[float, float, float, float]] = []
        ends: list[tuple[float, float, float, float]] = []
        self._looks: list[tuple[str | None, str | None]] = []
        for index in _in_sight(new, new_view, before, old_view):
            box = new.picture.graph.boxes[index]
            end = _on_screen(tuple(new.picture.box_bounds[index].tolist()), new_view)
            start = before.get(box.key, source or end)
            starts.append(start)
            ends.append(end)
            self._looks.append(_look(new, index))
        self._starts = np.array(starts, np.float64).reshape(len(starts), 4)
        self._ends = np.array(ends, np.float64).reshape(len(ends), 4)

    def draw(self, painter: QPainter, part: float, ratio: float) -> None:
        """Paints the boxes after `part` (0 to 1) of their way, on a painter in device pixels."""
        places = (self._starts + (self._ends - self._starts) * part) * ratio
        by_look: dict[tuple[str | None, str | None], list[QRectF]] = {}
        for look, place in zip(self._looks, places.tolist(), strict=True):
            by_look.setdefault(look, []).append(QRectF(*place))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for (fill, stroke), boxes in by_look.items():
            painter.setPen(pen(stroke, ratio))
            painter.setBrush(brush(fill))
            painter.drawRects(boxes)


def _in_sight(
    new: FrameLike, view: View, before: dict[object, tuple[float, float, float, float]], old_view: View
) -> list[int]:
    """Boxes that are in sight at either end of the way."""
    x, y, width, height = new.picture.box_bounds.T
    left, top, across, down = view.visible
    seen = (x < left + across) & (x + width > left) & (y < top + down) & (y + height > top)
    for index, box in enumerate(new.picture.graph.boxes):
        if not seen[index] and (start := before.get(box.key)) is not None:
            seen[index] = (
                start[0] < old_view.width
                and start[0] + start[2] > 0
                and start[1] < old_view.height
                and start[1] + start[3] > 0
            )
    return np.flatnonzero(seen).tolist()[:MOST]


def _on_screen(place: tuple[float, ...], view: View) -> tuple[float, float, float, float]:
    x, y = view.to_screen(place[0], place[1])
    return x, y, place[2] * view.scale, place[3] * view.scale


def _look(frame: FrameLike, index: int) -> tuple[str | None, str | None]:
    for shape in frame.box_shapes(index, 0):
        if isinstance(shape, Rectangle):
            return shape.fill, shape.stroke
    return frame.theme.card, frame.theme.card_border
