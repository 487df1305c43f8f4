"""When a group opens or closes, everything else keeps its place as far as it can.

The levels around the group are not laid out anew: their boxes and groups, as they were, make room for it (room.py),
and only the links that are torn by that are led anew (threads.py). Where that fails the fresh layout is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.layout.change import Change, changed_group
from graphviz_app.layout.frames import FRAME_PADDING
from graphviz_app.layout.model import Anchor, GroupPlace, Layout, LayoutRequest
from graphviz_app.layout.piece import sampled
from graphviz_app.layout.room import Rectangle, aside, make_room, overlapping
from graphviz_app.layout.surroundings import CHANGED, Item, item_of, items_of, joined, level_of
from graphviz_app.layout.torn import Torn, led_anew

if TYPE_CHECKING:
    import numpy.typing as npt


LINKS_BESIDE = 20.0
"""Pixels beside a group that opened, for links that are led round it, within the frames around it."""


def anchor(before: Anchor, after: Anchor, key: str) -> tuple[float, float]:
    """Return how far to move the new layout so that a box, or the frame of the group it became, keeps its place.

    Args:
        before: The earlier request and layout.
        after: The new ones.
        key: Of a box in the earlier request.

    Returns:
        Pixels to add to every x and y of the new layout. A box that is still there keeps its centre; one that
        opened keeps the middle of its top edge; without either, the top left corner stays.
    """
    old = _place_of(before, key)
    new = _place_of(after, key)
    change = changed_group(before.request, after.request)
    if change is not None and new is None and change.box == key:
        new = next((_top_of(group) for group in after.layout.groups if group.path == change.path), None)
        old = _top_of_box(before, key)
    if old is None or new is None:
        return (0.0, 0.0)
    return (old[0] - new[0], old[1] - new[1])


def _place_of(which: Anchor, key: str) -> tuple[float, float] | None:
    for box, centre in zip(which.request.boxes, which.layout.centres, strict=True):
        if box.key == key:
            return float(centre[0]), float(centre[1])
    return None


def _top_of_box(which: Anchor, key: str) -> tuple[float, float] | None:
    for box, centre in zip(which.request.boxes, which.layout.centres, strict=True):
        if box.key == key:
            return float(centre[0]), float(centre[1]) - box.height / 2
    return None


def _top_of(group: GroupPlace) -> tuple[float, float]:
    return group.x + group.width / 2, group.y


class Moved(NamedTuple):
    """Where the parts of the old picture are now.

    Attributes:
        levels: Per level around the group, outermost first: its rectangle before and now.
        shifts: By item (a box, or a whole group beside the way to the changed one): how it moved.
        rectangles: Per level: what lies in it now, links excepted.
        obstacles: Likewise, without what no link joins to the changed group.
        labels: By link key: the label's rectangle now, of links of these levels.
        changed: The rectangle of the group that changed, before and now.
    """

    levels: list[tuple[Rectangle, Rectangle]]
    shifts: dict[Item, tuple[float, float]]
    rectangles: list[list[Rectangle]]
    obstacles: list[list[Rectangle]]
    labels: dict[str, Rectangle]
    changed: tuple[Rectangle, Rectangle]


def keep_places(request: LayoutRequest, fresh: Layout, previous: Anchor) -> Layout | None:
    """Return a layout in which all but one group that opened or closed moved rigidly or not at all.

    Args:
        request: What is to be laid out, links running down.
        fresh: Its layout on its own.
        previous: What was laid out before.

    Returns:
        None if more changed than one group, or if its surroundings cannot make room.
    """
    change = changed_group(previous.request, request)
    if change is None:
        return None
    if _already_rigid(request, fresh, previous):
        return fresh
    try:
        moved = _move(request, fresh, previous, change)
    except KeyError:
        return None
    if any(overlapping(rectangles) for rectangles in moved.rectangles):
        return None
    links = led_anew(Torn(request, fresh, previous, change, moved))
    if links is None:
        return None
    centres = _centres(request, fresh, previous, change, moved)
    groups = _groups(fresh, previous, change, moved)
    return _from_origin(request, centres, links.curves, links.labels, groups, fresh.engine)


def _already_rigid(request: LayoutRequest, fresh: Layout, previous: Anchor) -> bool:
    """Return whether what is in both layouts moves as no more than two parts, straight up or down from each other."""
    was = {box.key: i for i, box in enumerate(previous.request.boxes)}
    both = [(i, was[box.key]) for i, box in enumerate(request.boxes) if box.key in was]
    if not both:
        return True
    now, before = (np.array(indices) for indices in zip(*both, strict=True))
    shifts = fresh.centres[now].astype(np.float64) - previous.layout.centres[before]
    parts = np.unique(np.round(np.sort(shifts[:, 1])))
    apart = 1 + int((np.diff(parts) > 1).sum())
    return bool(np.ptp(shifts[:, 0]) <= 1.0 and apart <= 2)


def _move(request: LayoutRequest, fresh: Layout, previous: Anchor, change: Change) -> Moved:
    old_box = _rectangles(previous)
    old_group = {group.path: _rectangle(group) for group in previous.layout.groups}
    levels = len(change.path)
    items: list[dict[Item, Rectangle]] = [{} for _ in range(levels)]
    for i, box in enumerate(request.boxes):
        inside = box.group[:levels] == change.path
        if inside or box.key == change.box:
            continue
        item = item_of(i, box.group, change)
        at = items[level_of(box.group, change)]
        if item not in at:
            at[item] = (
                old_box[box.key] if item == ("box", i) else old_group[box.group[: level_of(box.group, change) + 1]]
            )
    labels = _old_labels(request, previous, change)
    changed_before = old_box[change.box] if change.opened else old_group[change.path]
    size = _new_size(request, fresh, change)
    anchor_x, before = size[0] / 2, changed_before
    moved = Moved([], {}, [], [], {}, (before, before))
    near = joined(request, change)
    titles = {group.path: group.title_width for group in request.groups}
    for level in reversed(range(levels)):
        around = [*items[level].values(), *(place for place, _ in labels[level].values())]
        close = [item in near[level] for item in (*items[level], *(item for _, item in labels[level].values()))]
        room = make_room([place for place, by in zip(around, close, strict=True) if by], before, size, anchor_x)
        shifts = aside(around, close, room, before)
        now = [_shifted(place, shift) for place, shift in zip(around, shifts, strict=True)]
        moved.shifts.update({item: (x, y) for item, (x, y) in zip(items[level], shifts, strict=False)})
        moved.labels.update(zip(labels[level], now[len(items[level]) :], strict=True))
        moved.rectangles.insert(0, [*now, room.changed])
        moved.obstacles.insert(0, [*(place for place, by in zip(now, close, strict=True) if by), room.changed])
        if level == levels - 1:
            moved = moved._replace(changed=(before, room.changed))
        if level:
            frame = old_group[change.path[:level]]
            occupied = [*now, _with_links_beside(room.changed)]
            grown = _grown(frame, [*around, before], occupied, titles.get(change.path[:level], 0.0))
            moved.levels.insert(0, (frame, grown))
            before, size = frame, (grown[2] - grown[0], grown[3] - grown[1])
            anchor_x = (frame[0] + frame[2]) / 2 - grown[0]
    return moved


def _new_size(request: LayoutRequest, fresh: Layout, change: Change) -> tuple[float, float]:
    if change.opened:
        return next((group.width, group.height) for group in fresh.groups if group.path == change.path)
    return next((box.width, box.height) for box in request.boxes if box.key == change.box)


def _old_labels(request: LayoutRequest, previous: Anchor, change: Change) -> list[dict[str, tuple[Rectangle, Item]]]:
    """Return by level where the labels of its links were, and at which item; none of links within one item."""
    was = {link.key: k for k, link in enumerate(previous.request.links)}
    items = items_of(request, change)
    labels: list[dict[str, tuple[Rectangle, Item]]] = [{} for _ in change.path]
    for link in request.links:
        k = was.get(link.key)
        if k is None or link.label_width <= 0 or previous.request.links[k].label_width <= 0:
            continue
        if items[link.source] == items[link.target]:
            continue
        x, y = previous.layout.labels[k].tolist()
        half_width, half_height = link.label_width / 2, link.label_height / 2
        depths = [level_of(request.boxes[box].group, change) for box in (link.source, link.target)]
        item = items[link.source] if depths[0] <= depths[1] else CHANGED
        place = (x - half_width, y - half_height, x + half_width, y + half_height)
        labels[min(depths)][link.key] = (place, item)
    return labels


def _with_links_beside(changed: Rectangle) -> Rectangle:
    """Return a rectangle with room on both sides for links that pass it."""
    return (changed[0] - LINKS_BESIDE, changed[1], changed[2] + LINKS_BESIDE, changed[3])


def _grown(frame: Rectangle, before: list[Rectangle], now: list[Rectangle], title: float) -> Rectangle:
    """Return a frame around its contents as they are now, with the margins it had; its top stays."""
    was, are = np.array(before), np.array(now)
    left = are[:, 0].min() - (was[:, 0].min() - frame[0])
    right = are[:, 2].max() + (frame[2] - was[:, 2].max())
    missing = max(title + 2 * FRAME_PADDING - (right - left), 0.0)
    bottom = are[:, 3].max() + (frame[3] - was[:, 3].max())
    return (float(left - missing / 2), frame[1], float(right + missing / 2), float(bottom))


def _centres(
    request: LayoutRequest, fresh: Layout, previous: Anchor, change: Change, moved: Moved
) -> npt.NDArray[np.float64]:
    was = {box.key: i for i, box in enumerate(previous.request.boxes)}
    inside = np.array(inside_shift(fresh, change, moved))
    left, top, right, bottom = moved.changed[1]
    centres = np.zeros((len(request.boxes), 2))
    for i, box in enumerate(request.boxes):
        if box.key == change.box:
            centres[i] = ((left + right) / 2, (top + bottom) / 2)
        elif box.group[: len(change.path)] == change.path:
            centres[i] = fresh.centres[i].astype(np.float64) + inside
        else:
            shift = moved.shifts[item_of(i, box.group, change)]
            centres[i] = previous.layout.centres[was[box.key]].astype(np.float64) + shift
    return centres


def inside_shift(fresh: Layout, change: Change, moved: Moved) -> tuple[float, float]:
    """Return how the inside of the group that opened lies from where the fresh layout has it."""
    for group in fresh.groups:
        if change.opened and group.path == change.path:
            return moved.changed[1][0] - group.x, moved.changed[1][1] - group.y
    return (0.0, 0.0)


def _groups(fresh: Layout, previous: Anchor, change: Change, moved: Moved) -> tuple[GroupPlace, ...]:
    old = {group.path: group for group in previous.layout.groups}
    inside = inside_shift(fresh, change, moved)
    places: list[GroupPlace] = []
    for group in fresh.groups:
        depth = len(group.path)
        if group.path[: len(change.path)] == change.path:
            places.append(group._replace(x=group.x + inside[0], y=group.y + inside[1]))
        elif group.path == change.path[:depth]:
            left, top, right, bottom = moved.levels[depth - 1][1]
            places.append(GroupPlace(group.path, left, top, right - left, bottom - top))
        else:
            shift = moved.shifts["group", group.path[: level_of(group.path, change) + 1]]
            was = old[group.path]
            places.append(was._replace(x=was.x + shift[0], y=was.y + shift[1]))
    return tuple(places)


def _rectangles(which: Anchor) -> dict[str, Rectangle]:
    places: dict[str, Rectangle] = {}
    for box, (x, y) in zip(which.request.boxes, which.layout.centres.tolist(), strict=True):
        places[box.key] = (x - box.width / 2, y - box.height / 2, x + box.width / 2, y + box.height / 2)
    return places


def _rectangle(group: GroupPlace) -> Rectangle:
    return (group.x, group.y, group.x + group.width, group.y + group.height)


def _shifted(place: Rectangle, shift: list[float]) -> Rectangle:
    return (place[0] + shift[0], place[1] + shift[1], place[2] + shift[0], place[3] + shift[1])


def _from_origin(
    request: LayoutRequest,
    centres: npt.NDArray[np.float64],
    curves: list[npt.NDArray[np.float64]],
    labels: npt.NDArray[np.float64],
    groups: tuple[GroupPlace, ...],
    engine: str,
) -> Layout:
    """Return the layout with its top left corner at the origin."""
    halves = np.array([(box.width, box.height) for box in request.boxes]) / 2
    corners = [(centres - halves).min(axis=0)], [(centres + halves).max(axis=0)]
    for group in groups:
        corners[0].append(np.array((group.x, group.y)))
        corners[1].append(np.array((group.x + group.width, group.y + group.height)))
    offsets = np.cumsum([0, *(len(curve) for curve in curves)], dtype=np.int64)
    if curves:
        drawn = sampled(np.concatenate(curves), offsets)
        wide = np.array([(link.label_width, link.label_height) for link in request.links]) / 2
        corners[0].extend((drawn.min(axis=0), (labels - wide).min(axis=0)))
        corners[1].extend((drawn.max(axis=0), (labels + wide).max(axis=0)))
    low, high = np.min(corners[0], axis=0), np.max(corners[1], axis=0)
    return Layout(
        width=float(high[0] - low[0]),
        height=float(high[1] - low[1]),
        centres=(centres - low).astype(np.float32),
        curves=tuple((curve - low).astype(np.float32) for curve in curves),
        labels=(labels - low).astype(np.float32),
        groups=tuple(group._replace(x=float(group.x - low[0]), y=float(group.y - low[1])) for group in groups),
        engine=engine,
    )
