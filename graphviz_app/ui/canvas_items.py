"""What a selection is on the canvas, and what an item of the canvas means as a selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.recording.events import NONE
from graphviz_app.ui.canvas.frame import Item

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz_app.scene.picture import Picture
    from graphviz_app.session.selection import Selection


def selection_of(picture: Picture, item: Item | None) -> Selection:
    """What a person means who selects this item; () for nothing."""
    if item is None:
        return ()
    if item.kind == "group":
        return ("group", tuple(picture.layout.groups[item.index].path))
    if item.kind == "link":
        edges = picture.graph.links[item.index].edges
        return ("edge", int(edges[0])) if edges else ()
    box = picture.graph.boxes[item.index]
    if box.path:
        return ("group", tuple(box.path))
    if box.leaf != NONE:
        return ("leaf", int(box.leaf))
    return _selection_of_key(box.keys[0]) if box.keys else ()


def items_of_nodes(picture: Picture, nodes: Iterable[int]) -> tuple[Item, ...]:
    """The boxes that show these nodes, closed groups among them."""
    boxes = {picture.graph.box_of[node] for node in nodes if node in picture.graph.box_of}
    return tuple(Item("box", box) for box in sorted(boxes))


def items_of(picture: Picture, selection: Selection, nodes: Iterable[int]) -> tuple[Item, ...]:
    """The items that show a selection; `nodes` are the nodes that it means."""
    match selection:
        case ("edge", int(edge)):
            found = [Item("link", i) for i, link in enumerate(picture.graph.links) if edge in link.edges]
            return tuple(found[:1])
        case ("group", path):
            groups = [Item("group", i) for i, group in enumerate(picture.layout.groups) if tuple(group.path) == path]
            closed = [Item("box", i) for i, box in enumerate(picture.graph.boxes) if tuple(box.path) == path]
            return tuple((groups + closed)[:1])
        case ("operation", int(number)):
            key = f"operation:{number}"
            if key in picture.graph.box_of:
                return (Item("box", picture.graph.box_of[key]),)
            return items_of_nodes(picture, nodes)
        case ("leaf", int(leaf)):
            return tuple(Item("box", i) for i, box in enumerate(picture.graph.boxes) if box.leaf == leaf)
        case _:
            return items_of_nodes(picture, nodes)


def _selection_of_key(key: object) -> Selection:
    if isinstance(key, int):
        return ("node", key)
    kind, _, rest = str(key).partition(":")
    if kind in ("leaf", "operation") and rest.isdigit():
        return (kind, int(rest))
    return ()
