"""Cut a request into levels, one per group, so that each is a piece of its own and equal ones are laid out once.

A link that crosses a group's border goes through a gate on it: a bottom gate on its way out, a top gate on its way in.
Inside, a gate is a tiny box in the first or last rank; outside, it is a port of the group's box.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.layout.loops import NO_MARGIN, Margin
from graphviz_app.layout.piece import GATE_HEIGHT, GATE_WIDTH, Piece, PieceLink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphviz_app.layout.model import LayoutRequest

PARALLEL_GAP = 9.0
"""Pixels between links that would otherwise run on top of each other."""


class End(NamedTuple):
    """One end of a segment: a box of the request, a child group's gate, or a gate of the level itself."""

    kind: str
    number: int
    gate: int = 0


class Segment(NamedTuple):
    """The part of a link within one level."""

    link: int
    source: End
    target: End
    labelled: bool


class Level:
    """A group (or the whole, at path ()): its own boxes and child groups in order of appearance, and its segments."""

    def __init__(self, path: tuple[str, ...], parent: int) -> None:
        """Make an empty level below the level at index `parent`."""
        self.path = path
        self.parent = parent
        self.items: list[tuple[str, int]] = []
        self.segments: list[Segment] = []
        self.loops: list[int] = []
        self.entries = 0
        self.exits = 0


class Nesting(NamedTuple):
    """The levels, parents before children, and for each link its (level, segment) pairs from source to target."""

    levels: list[Level]
    home: list[int]
    routes: list[list[tuple[int, int]]]


class Gates(NamedTuple):
    """The size of a group's frame, and where links pass its top and bottom border, in pixels from the left."""

    width: float
    height: float
    entries: tuple[float, ...]
    exits: tuple[float, ...]


def nest(request: LayoutRequest) -> Nesting:
    """Return the levels of a request and how every link runs through them."""
    levels: list[Level] = [Level((), -1)]
    index: dict[tuple[str, ...], int] = {(): 0}
    home: list[int] = []
    for i, box in enumerate(request.boxes):
        level = index.get(box.group)
        if level is None:
            level = _open(box.group, levels, index)
        levels[level].items.append(("box", i))
        home.append(level)
    routes = [_route(k, request, levels, home) for k in range(len(request.links))]
    return Nesting(levels, home, routes)


def _open(path: tuple[str, ...], levels: list[Level], index: dict[tuple[str, ...], int]) -> int:
    for depth in range(1, len(path) + 1):
        if path[:depth] not in index:
            parent = index[path[: depth - 1]]
            index[path[:depth]] = len(levels)
            levels[parent].items.append(("group", len(levels)))
            levels.append(Level(path[:depth], parent))
    return index[path]


def _route(k: int, request: LayoutRequest, levels: list[Level], home: list[int]) -> list[tuple[int, int]]:
    link = request.links[k]
    above, below = home[link.source], home[link.target]
    if link.source == link.target:
        levels[above].loops.append(k)
        return []
    source, target = End("box", link.source), End("box", link.target)
    outwards: list[tuple[int, int]] = []
    inwards: list[tuple[int, int]] = []
    while above != below:
        if len(levels[above].path) >= len(levels[below].path):
            level = levels[above]
            outwards.append((above, len(level.segments)))
            level.segments.append(Segment(k, source, End("exit", level.exits), labelled=False))
            source, above = End("group", above, level.exits), level.parent
            level.exits += 1
        else:
            level = levels[below]
            inwards.append((below, len(level.segments)))
            level.segments.append(Segment(k, End("entry", level.entries), target, labelled=False))
            target, below = End("group", below, level.entries), level.parent
            level.entries += 1
    outwards.append((above, len(levels[above].segments)))
    levels[above].segments.append(Segment(k, source, target, labelled=True))
    return outwards + inwards[::-1]


def level_piece(
    request: LayoutRequest, level: Level, gates: Mapping[int, Gates], margins: Mapping[int, Margin]
) -> Piece:
    """Return a level as a piece: entry gates, then items in order, then exit gates.

    Args:
        request: The whole.
        level: The level to lay out.
        gates: For each child group (by level index), its frame and gates.
        margins: Room around a box for the links from it to itself.
    """
    gate = (GATE_WIDTH, GATE_HEIGHT)
    sizes = [gate] * level.entries
    place: dict[tuple[str, int], int] = {}
    for kind, index in level.items:
        place[kind, index] = len(sizes)
        if kind == "box":
            box = request.boxes[index]
            margin = margins.get(index, NO_MARGIN)
            sizes.append((box.width + margin.right, box.height + 2 * margin.above))
        else:
            sizes.append((gates[index].width, gates[index].height))
    first_exit = len(sizes)
    sizes += [gate] * level.exits
    links = [_piece_link(request, segment, place, first_exit, gates, margins) for segment in level.segments]
    loops = {place["box", box]: margin.right for box, margin in margins.items() if ("box", box) in place}
    return Piece(tuple(sizes), tuple(_spread(links, sizes, loops)), level.entries, level.exits, request.ordered)


def _piece_link(
    request: LayoutRequest,
    segment: Segment,
    place: Mapping[tuple[str, int], int],
    first_exit: int,
    gates: Mapping[int, Gates],
    margins: Mapping[int, Margin],
) -> PieceLink:
    link = request.links[segment.link]

    def end(which: End, port: float, *, bottom: bool) -> tuple[int, float]:
        if which.kind == "box":
            width = request.boxes[which.number].width
            return place["box", which.number], port * width / (
                width + margins.get(which.number, NO_MARGIN).right or 1.0
            )
        if which.kind == "group":
            frame = gates[which.number]
            return place["group", which.number], (frame.exits if bottom else frame.entries)[which.gate] / frame.width
        return (which.number if which.kind == "entry" else first_exit + which.number), 0.5

    source, source_port = end(segment.source, link.source_port, bottom=True)
    target, target_port = end(segment.target, link.target_port, bottom=False)
    if not segment.labelled or link.label_width <= 0 or link.label_height <= 0:
        return PieceLink(source, target, source_port, target_port)
    return PieceLink(source, target, source_port, target_port, link.label_width, link.label_height)


def _spread(links: list[PieceLink], sizes: list[tuple[float, float]], loops: Mapping[int, float]) -> list[PieceLink]:
    """Move the ports of links that would run on top of each other apart.

    Args:
        links: Of the piece.
        sizes: Of its boxes.
        loops: By box, how much of its width is not the box itself but room for loops.
    """
    twins: defaultdict[tuple[float, ...], list[int]] = defaultdict(list)
    for k, link in enumerate(links):
        twins[link[:4]].append(k)
    for same in twins.values():
        for rank, k in enumerate(same if len(same) > 1 else ()):
            link = links[k]
            source, target = (
                _shifted(port, sizes[box][0], loops.get(box, 0.0), rank, len(same))
                for box, port in ((link.source, link.source_port), (link.target, link.target_port))
            )
            links[k] = link._replace(source_port=source, target_port=target)
    return links


def _shifted(port: float, width: float, loop: float, rank: int, count: int) -> float:
    usable = width - loop
    gap = min(PARALLEL_GAP, 0.9 * usable / count)
    half = gap * (count - 1) / 2
    centre = min(max(port * width, half), usable - half)
    return (centre + gap * rank - half) / width if width else port
