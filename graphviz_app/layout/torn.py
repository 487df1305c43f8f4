"""The links of a picture in which one group opened or closed: kept where both ends moved alike, else led anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.layout.labels import LINE_INSET
from graphviz_app.layout.piece import middles
from graphviz_app.layout.surroundings import CHANGED, items_of, level_of
from graphviz_app.layout.threads import Rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.layout.change import Change
    from graphviz_app.layout.model import Anchor, Layout, LayoutRequest
    from graphviz_app.layout.room import Rectangle
    from graphviz_app.layout.stability import Moved

    Curve = npt.NDArray[np.float64]

ON_BORDER = 0.75
"""Pixels by which a point may be off the border that it is on."""


class Torn(NamedTuple):
    """All that is known when links are led anew."""

    request: LayoutRequest
    fresh: Layout
    previous: Anchor
    change: Change
    moved: Moved


class Links(NamedTuple):
    """Curves float64 (3n + 1, 2) and labels float64 (links, 2)."""

    curves: list[Curve]
    labels: npt.NDArray[np.float64]


class _Loose(Exception):
    """A link that cannot be led anew."""


def led_anew(torn: Torn) -> Links | None:
    """Return every link's curve and label; None where one finds no way."""
    leader = _Leader(torn)
    try:
        curves = [leader.curve(k) for k in range(len(torn.request.links))]
        labels = np.array([leader.label(k, curve) for k, curve in enumerate(curves)]).reshape(-1, 2)
    except _Loose:
        return None
    return Links(curves, labels)


class _Leader:
    def __init__(self, torn: Torn) -> None:
        from graphviz_app.layout.stability import inside_shift

        self.torn, self.request, self.change, self.moved = torn, torn.request, torn.change, torn.moved
        self.levels = len(torn.change.path)
        self.inside = np.array(inside_shift(torn.fresh, torn.change, torn.moved))
        self.rows = [Rows(obstacles) for obstacles in torn.moved.obstacles]
        old = torn.previous.request
        self.old_index = {link.key: k for k, link in enumerate(old.links)}
        self.old_box = {box.key: i for i, box in enumerate(old.boxes)}
        self.old_ends: dict[tuple[str, str], int] = {}
        for k, link in enumerate(old.links):
            self.old_ends.setdefault((old.boxes[link.source].key, old.boxes[link.target].key), k)
        self.old_groups = {group.path: group for group in torn.previous.layout.groups}
        self.in_group = [box.group[: self.levels] == self.change.path for box in self.request.boxes]
        self.items = items_of(self.request, self.change)
        self.depth = [level_of(box.group, self.change) for box in self.request.boxes]

    def curve(self, k: int) -> Curve:
        """Return the curve of a link, in the old picture's coordinates."""
        link = self.request.links[k]
        source, target = self.items[link.source], self.items[link.target]
        if self.in_group[link.source] and self.in_group[link.target]:
            return self.torn.fresh.curves[k].astype(np.float64) + self.inside
        same = self._same_link(k)
        if same is not None and CHANGED not in (source, target):
            shift, other = self._shift(link.source), self._shift(link.target)
            if source == target or ((abs(shift - other) < 1e-9).all() and self._label_came_along(k, same, shift)):
                return self._at_ports(k, same, self.torn.previous.layout.curves[same].astype(np.float64) + shift)
        if source == target:
            raise _Loose
        return self._led(k)

    def label(self, k: int, curve: Curve) -> Curve:
        """Return the centre of a link's label."""
        link = self.request.links[k]
        if link.label_width <= 0:
            return middles(curve, np.array([0, len(curve)]))[0]
        if self.in_group[link.source] and self.in_group[link.target]:
            return self.torn.fresh.labels[k].astype(np.float64) + self.inside
        place = self.moved.labels.get(link.key)
        if place is not None:
            return np.array(((place[0] + place[2]) / 2, (place[1] + place[3]) / 2))
        same = self._same_link(k)
        if same is not None and self.items[link.source] == self.items[link.target]:
            return self.torn.previous.layout.labels[same].astype(np.float64) + self._shift(link.source)
        return self._free_place(k, curve)

    def _at_ports(self, k: int, same: int, curve: Curve) -> Curve:
        """Return the curve with its ends moved to the link's ports, where those are others than before."""
        link, was = self.request.links[k], self.torn.previous.request.links[same]
        curve[:2, 0] += (link.source_port - was.source_port) * self.request.boxes[link.source].width
        curve[-2:, 0] += (link.target_port - was.target_port) * self.request.boxes[link.target].width
        return curve

    def _label_came_along(self, k: int, same: int, shift: npt.NDArray[np.float64]) -> bool:
        """Return whether a link's label, if it has one, moved as its ends did."""
        place = self.moved.labels.get(self.request.links[k].key)
        if place is None:
            return True
        was = self.torn.previous.layout.labels[same] + shift
        now = np.array(((place[0] + place[2]) / 2, (place[1] + place[3]) / 2))
        return bool((abs(was - now) < 0.1).all())

    def _same_link(self, k: int) -> int | None:
        """Return the old link with the same key and ends; its ports may have been others."""
        link, old = self.request.links[k], self.torn.previous.request
        index = self.old_index.get(link.key)
        if index is None:
            return None
        was = old.links[index]
        ends = (old.boxes[was.source].key, old.boxes[was.target].key)
        now = (self.request.boxes[link.source].key, self.request.boxes[link.target].key)
        return index if ends == now else None

    def _shift(self, box: int) -> npt.NDArray[np.float64]:
        return np.array(self.moved.shifts[self.items[box]])  # type: ignore[index]

    def _led(self, k: int) -> Curve:
        """Return a way through all levels between a link's ends: out to the level they share, and in again."""
        link = self.request.links[k]
        old = self._old_curve(k)
        leaving, arriving = self._leaving(k, old), self._arriving(k, old)
        above, below = self.depth[link.source], self.depth[link.target]
        parts = [leaving]
        here = leaving[-1]
        for level in range(above, min(above, below), -1):
            _, frame = self.moved.levels[level - 1]
            gate = self._gate(old, level, here[0], bottom=True)
            parts.append(self._way(level, here, (gate, frame[3])))
            here = parts[-1][-1]
        gates = [
            (self._gate(old, level, arriving[0][0], bottom=False), self.moved.levels[level - 1][1][1])
            for level in range(min(above, below) + 1, below + 1)
        ]
        label = self.moved.labels.get(link.key)
        for level, there in enumerate([*gates, tuple(arriving[0])], start=min(above, below)):
            parts.append(self._way(level, here, there, label if level == min(above, below) else None))
            here = parts[-1][-1]
        parts.append(arriving)
        return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])

    def _way(self, level: int, start: Curve, end: tuple[float, ...], label: Rectangle | None = None) -> Curve:
        rows, goal = self.rows[level], (float(end[0]), float(end[1]))
        begin = (float(start[0]), float(start[1]))
        if label is None:
            return self._found(rows.routed(begin, goal))
        x = label[0] - LINE_INSET * 2
        first = self._found(rows.routed(begin, (x, label[1])))
        through = np.array([(x, label[1] + (label[3] - label[1]) * step / 3) for step in (1, 2, 3)])
        last = self._found(rows.routed((x, label[3]), goal))
        return np.concatenate((first, through, last[1:]))

    def _found(self, curve: Curve | None) -> Curve:
        if curve is None:
            raise _Loose
        return curve

    def _old_curve(self, k: int) -> Curve | None:
        """Return the curve of what this link was before: itself, or the one it was part of or that is part of it."""
        index = self.old_index.get(self.request.links[k].key)
        if index is None:
            keys = [
                self.change.box if self.in_group[box] and self.change.opened else self.request.boxes[box].key
                for box in (self.request.links[k].source, self.request.links[k].target)
            ]
            index = self.old_ends.get((keys[0], keys[1]))
        return None if index is None else self.torn.previous.layout.curves[index].astype(np.float64)

    def _leaving(self, k: int, old: Curve | None) -> Curve:
        """Return the part of a link up to where it leaves what moves as one with its source."""
        link = self.request.links[k]
        item = self.items[link.source]
        if self.in_group[link.source]:
            return _upto(self.torn.fresh.curves[k].astype(np.float64) + self.inside, self.moved.changed[1][3])
        if item[0] == "group":
            group = self.old_groups[item[1]]  # type: ignore[index]
            if old is None:
                raise _Loose
            return _upto(old, group.y + group.height) + self._shift(link.source)
        return self._port(link.source, link.source_port, bottom=True)

    def _arriving(self, k: int, old: Curve | None) -> Curve:
        link = self.request.links[k]
        item = self.items[link.target]
        if self.in_group[link.target]:
            return _from(self.torn.fresh.curves[k].astype(np.float64) + self.inside, self.moved.changed[1][1])
        if item[0] == "group":
            if old is None:
                raise _Loose
            return _from(old, self.old_groups[item[1]].y) + self._shift(link.target)  # type: ignore[index]
        return self._port(link.target, link.target_port, bottom=False)

    def _port(self, box: int, port: float, *, bottom: bool) -> Curve:
        request = self.request.boxes[box]
        if request.key == self.change.box:
            left, top, right, below = self.moved.changed[1]
            return np.array([(left + port * (right - left), below if bottom else top)])
        centre = self.torn.previous.layout.centres[self.old_box[request.key]].astype(np.float64) + self._shift(box)
        y = centre[1] + (request.height if bottom else -request.height) / 2
        return np.array([(centre[0] + (port - 0.5) * request.width, y)])

    def _gate(self, old: Curve | None, level: int, otherwise: float, *, bottom: bool) -> float:
        """Return where a link passes the border of a frame around the changed group: where it did, if it did."""
        before, now = self.moved.levels[level - 1]
        at = _crossing(old, before[3] if bottom else before[1]) if old is not None else None
        x = otherwise if at is None or old is None else float(old[at][0])
        return min(max(x, now[0] + 6), now[2] - 6)

    def _free_place(self, k: int, curve: Curve) -> Curve:
        """Return a place beside the curve where a label covers nothing."""
        link = self.request.links[k]
        taken = np.array([*(r for level in self.moved.rectangles for r in level if not _holds(r, curve))]).reshape(
            -1, 4
        )
        t = np.linspace(0.05, 0.95, 19)[:, None, None]
        starts = np.arange(0, len(curve) - 1, 3)
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        points = sum(weight * curve[starts + step] for step, weight in enumerate(weights)).reshape(-1, 2)  # type: ignore[union-attr]
        for x, y in points[np.argsort(np.abs(points[:, 1] - points[:, 1].mean()), kind="stable")]:
            for side in (1, -1):
                centre = np.array((x + side * (4 + link.label_width / 2), y))
                place = (
                    centre[0] - link.label_width / 2, y - link.label_height / 2,
                    centre[0] + link.label_width / 2, y + link.label_height / 2,
                )  # fmt: skip
                across = np.minimum(taken[:, 2], place[2]) - np.maximum(taken[:, 0], place[0])
                down = np.minimum(taken[:, 3], place[3]) - np.maximum(taken[:, 1], place[1])
                if not ((across > 0) & (down > 0)).any():
                    level = min(self.depth[link.source], self.depth[link.target])
                    self.moved.rectangles[level].append(place)
                    return centre
        raise _Loose


def _holds(rectangle: Rectangle, curve: Curve) -> bool:
    """Return whether a rectangle holds both ends of a curve."""
    ends = curve[[0, -1]]
    return bool((ends >= rectangle[:2]).all() and (ends <= rectangle[2:]).all())


def _crossing(curve: Curve, border: float) -> int | None:
    """Return the joint of a curve that lies on a border, as a number that 3 divides."""
    joints = np.abs(curve[::3, 1] - border)
    at = int(joints.argmin())
    return 3 * at if joints[at] <= ON_BORDER else None


def _upto(curve: Curve, border: float) -> Curve:
    at = _crossing(curve, border)
    if at is None:
        raise _Loose
    return curve[: at + 1]


def _from(curve: Curve, border: float) -> Curve:
    at = _crossing(curve, border)
    if at is None:
        raise _Loose
    return curve[at:]
