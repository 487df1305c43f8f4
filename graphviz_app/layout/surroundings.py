"""What lies around a group that opens or closes: items that move as one, and which of them links join to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphviz_app.layout.change import Change, Path
    from graphviz_app.layout.model import LayoutRequest

Item = tuple[str, int] | tuple[str, "Path"]
CHANGED: Item = ("changed", 0)
"""Stands, in each level, for the group that changed and all that is around it within the level."""
_BORDER: Item = ("border", 0)


def level_of(group: Path, change: Change) -> int:
    """Return how deep on the way to the changed group a path is: the level whose item it belongs to."""
    depth = 0
    most = len(change.path) - 1
    while depth < min(most, len(group)) and group[depth] == change.path[depth]:
        depth += 1
    return depth


def item_of(index: int, group: Path, change: Change) -> Item:
    """Return what moves as one with a box: the box itself, or the group around it beside the way."""
    level = level_of(group, change)
    return ("box", index) if len(group) == level else ("group", group[: level + 1])


def items_of(request: LayoutRequest, change: Change) -> list[Item]:
    """Return the item of each box, CHANGED for what is the changed group or in it."""
    depth = len(change.path)
    return [
        CHANGED if box.key == change.box or box.group[:depth] == change.path else item_of(i, box.group, change)
        for i, box in enumerate(request.boxes)
    ]


def joined(request: LayoutRequest, change: Change) -> list[set[Item]]:
    """Return, for each level around the changed group, the items that links join to it within the level."""
    items = items_of(request, change)
    depths = [level_of(box.group, change) for box in request.boxes]
    neighbours: list[dict[Item, set[Item]]] = [{} for _ in change.path]

    def join(level: int, one: Item, other: Item) -> None:
        neighbours[level].setdefault(one, set()).add(other)
        neighbours[level].setdefault(other, set()).add(one)

    for link in request.links:
        ends = [(depths[link.source], items[link.source]), (depths[link.target], items[link.target])]
        shared = min(depth for depth, _ in ends)
        join(shared, *(item if depth == shared else CHANGED for depth, item in ends))
        for depth, item in ends:
            for level in range(shared + 1, depth + 1):
                join(level, item if level == depth else CHANGED, _BORDER)
    return [_reached(around) for around in neighbours]


def _reached(neighbours: dict[Item, set[Item]]) -> set[Item]:
    reached = {CHANGED}
    waiting = [CHANGED]
    while waiting:
        for item in neighbours.get(waiting.pop(), ()):
            if item not in reached:
                reached.add(item)
                waiting.append(item)
    return reached
