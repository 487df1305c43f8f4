"""Which item is meant: by a key, by a place, by what was selected in another picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from graphviz_app.ui.canvas.frame import FrameLike, Item

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz_app.ui.canvas.view import View

POINTING: Final = 4.0  # how far beside a link one may point, in pixels of the window
_NEAR: Final = ((-POINTING, 0.0), (POINTING, 0.0), (0.0, -POINTING), (0.0, POINTING))


def item_of_key(frame: FrameLike, key: object) -> Item | None:
    """The box of a key, or the open group of a path."""
    for index, box in enumerate(frame.picture.graph.boxes):
        if box.key == key:
            return Item("box", index)
    for index, group in enumerate(frame.picture.layout.groups):
        if group.path == key:
            return Item("group", index)
    return None


def item_under(frame: FrameLike, view: View, x: float, y: float) -> Item | None:
    """The item under a pixel of the window."""
    found = frame.hit(*view.to_picture(x, y))
    if found is not None and found.kind != "group":
        return found
    # Far away, a link is thinner than a hand can point.
    near = (frame.hit(*view.to_picture(x + dx, y + dy)) for dx, dy in _NEAR)
    return next((other for other in near if other is not None and other.kind == "link"), found)


def group_path(frame: FrameLike, item: Item) -> tuple[str, ...]:
    """The path of a closed group's box or an open group's frame; () for all else."""
    picture = frame.picture
    if item.kind == "group":
        return tuple(picture.layout.groups[item.index].path)
    return tuple(getattr(picture.graph.boxes[item.index], "path", ())) if item.kind == "box" else ()


def same_boxes(old: FrameLike, new: FrameLike, items: Iterable[Item]) -> tuple[Item, ...]:
    """Those of some items of one picture that are boxes of another too, by their keys."""
    keys = {box.key: index for index, box in enumerate(new.picture.graph.boxes)}
    boxes = [old.picture.graph.boxes[item.index].key for item in items if item.kind == "box"]
    return tuple(Item("box", keys[key]) for key in boxes if key in keys)
