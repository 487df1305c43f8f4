"""What is at a point of a picture, and what a selection means in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from graphviz_app.recording.events import NONE

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.scene.picture import Picture

REACH = 7.0
"""How near to a link, in pixels at 100 %, a point must be to mean it."""
_SAMPLES = np.linspace(0.0, 1.0, 13)


@dataclass(frozen=True, slots=True)
class Hit:
    """A box, a link, or the frame of an open group, by its index in the picture."""

    kind: Literal["box", "link", "group"]
    index: int


def hit(picture: Picture, x: float, y: float) -> Hit | None:
    """What is at a point: the uppermost box, else the nearest link or its label, else the innermost open group."""
    boxes = np.flatnonzero(_inside(picture.box_bounds, x, y))
    if len(boxes):
        return Hit("box", int(boxes[-1]))
    links = np.flatnonzero(_inside(picture.link_bounds, x, y))
    near = [(_distance(picture, int(link), x, y), int(link)) for link in links]
    if near and min(near)[0] <= REACH:
        return Hit("link", min(near)[1])
    found: Hit | None = None
    # Outer groups come before inner ones.
    for number, place in enumerate(picture.layout.groups):
        if place.x <= x < place.x + place.width and place.y <= y < place.y + place.height:
            found = Hit("group", number)
    return found


def selection_of(picture: Picture, item: Hit | None) -> tuple[Any, ...]:
    """What a person means who picks an item: ("node", id), ("leaf", id), ("edge", number), ...; () for nothing."""
    match item:
        case Hit("box", index):
            return _box_selection(picture, index)
        case Hit("link", index):
            link = picture.graph.links[index]
            return ("edge", link.edges[0]) if len(link.edges) == 1 else ()
        case Hit("group", index):
            return ("group", picture.layout.groups[index].path)
        case _:
            return ()


def items_of(picture: Picture, selection: tuple[Any, ...]) -> tuple[Hit, ...]:
    """The boxes and links that show a selection; a closed group stands for what is in it."""
    match selection:
        case ("edge", int(edge)):
            return tuple(Hit("link", number) for number, link in enumerate(picture.graph.links) if edge in link.edges)
        case ("group", path):
            return _group_items(picture, tuple(path))
        case ("leaf", int(leaf)):
            return _leaf_items(picture, leaf)
        case _:
            keys = _keys(picture, selection)
            boxes = {picture.graph.box_of[key] for key in keys if key in picture.graph.box_of}
            boxes.update(number for key in keys for number in picture.graph.references.get(key, ()))
            return tuple(Hit("box", box) for box in sorted(boxes))


def _box_selection(picture: Picture, index: int) -> tuple[Any, ...]:
    box = picture.graph.boxes[index]
    if box.kind == "group":
        return ("group", box.path)
    key = box.keys[0] if box.of is None else box.of
    attributes = picture.graph.graph.nodes[key]
    match attributes["kind"]:
        case "node":
            return ("node", key)
        case "leaf":
            return ("leaf", attributes["leaf"])
        case "operation":
            return ("operation", attributes["operation"])
        case _:
            return ("line", attributes["file"], attributes["line"]) if attributes["line"] != NONE else ()


def _keys(picture: Picture, selection: tuple[Any, ...]) -> list[Any]:
    nodes = picture.graph.graph.nodes(data=True)
    match selection:
        case ("node", node):
            return [node]
        case ("operation", operation):
            return [key for key, attributes in nodes if attributes.get("operation", NONE) == operation]
        case ("line", file, line):
            return [key for key, attributes in nodes if (attributes["file"], attributes["line"]) == (file, line)]
        case _:
            return []


def _group_items(picture: Picture, path: tuple[str, ...]) -> tuple[Hit, ...]:
    frames = [Hit("group", number) for number, place in enumerate(picture.layout.groups) if place.path == path]
    boxes = [Hit("box", number) for number, box in enumerate(picture.graph.boxes) if box.path == path]
    return (*frames, *boxes)


def _leaf_items(picture: Picture, leaf: int) -> tuple[Hit, ...]:
    nodes = picture.graph.graph.nodes(data=True)
    boxes = {picture.graph.box_of[key] for key, attributes in nodes if attributes.get("leaf", NONE) == leaf}
    for key, boxes_of in picture.graph.references.items():
        if nodes[key].get("leaf", NONE) == leaf:
            boxes.update(boxes_of)
    return tuple(Hit("box", box) for box in sorted(boxes))


def leaf_uses(picture: Picture, leaf: int) -> tuple[int, int]:
    """How many boxes a leaf is drawn as, and how many links enter them."""
    boxes = [item.index for item in _leaf_items(picture, leaf) if picture.graph.boxes[item.index].kind != "group"]
    return len(boxes), sum(len(picture.graph.links_into(box)) for box in boxes)


def _inside(bounds: npt.NDArray[np.float32], x: float, y: float) -> npt.NDArray[np.bool_]:
    left, top, width, height = bounds.T
    return (left <= x) & (x < left + width) & (top <= y) & (y < top + height)


def _distance(picture: Picture, link: int, x: float, y: float) -> float:
    request = picture.prepared.request.links[link]
    label = picture.layout.labels[link]
    if abs(x - label[0]) <= request.label_width / 2 and abs(y - label[1]) <= request.label_height / 2:
        return 0.0
    points = picture.layout.curves[link].astype(np.float64)
    t = _SAMPLES[:, None]
    nearest = np.inf
    for first in range(0, len(points) - 1, 3):
        p = points[first : first + 4]
        along = (1 - t) ** 3 * p[0] + 3 * t * (1 - t) ** 2 * p[1] + 3 * t * t * (1 - t) * p[2] + t**3 * p[3]
        nearest = min(nearest, _to_polyline(along, np.array([x, y])))
    return float(nearest)


def _to_polyline(points: npt.NDArray[np.float64], point: npt.NDArray[np.float64]) -> float:
    starts, pieces = points[:-1], np.diff(points, axis=0)
    lengths = np.maximum((pieces**2).sum(axis=1), 1e-9)
    part = np.clip(((point - starts) * pieces).sum(axis=1) / lengths, 0.0, 1.0)
    return float(np.sqrt(((starts + part[:, None] * pieces - point) ** 2).sum(axis=1).min()))
