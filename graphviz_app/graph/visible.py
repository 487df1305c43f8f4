"""What is drawn of a chapter's graph: boxes and links, with closed groups as one box each."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from graphviz_app.graph.grouping import Grouping, Path, group_nodes
from graphviz_app.recording.events import NONE

if TYPE_CHECKING:
    from collections.abc import Hashable

    import networkx as nx

    AutogradGraph = nx.MultiDiGraph[Any]

BoxKind = Literal["node", "leaf", "root", "operation", "tensor", "group", "reference"]
LinkKind = Literal["gradient", "root", "cut"]

MOST_USES = 4
"""A leaf with more links than this is drawn once per use: one node with many long links ruins a layout, and may take
Graphviz hours."""
OPEN_AT_MOST = 200
"""Boxes that are drawn at first sight with every group open."""
CLOSED_ABOUT = 80
"""Boxes up to which groups of a larger graph are opened at first sight."""


class Uses(NamedTuple):
    """How a person wants leaves to be drawn that are read several times, by leaf; others are drawn as suits them.

    Attributes:
        apart: Once per use.
        together: As one box with all its links.
    """

    apart: frozenset[int] = frozenset()
    together: frozenset[int] = frozenset()

    def are_apart(self, leaf: int, count: int) -> bool:
        """Whether a leaf that is read `count` times is drawn once per use."""
        return count > 1 and leaf not in self.together and (count > MOST_USES or leaf in self.apart)


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the picture.

    Attributes:
        key: Names it for good: the same thing has the same key in every picture of the chapter.
        kind: What it stands for.
        group: Path of the open groups around it, outermost first.
        keys: The graph's nodes that it stands for; many for a group, none for a reference.
        leaf: The leaf of a leaf's or reference's box, else NONE.
        path: A group's own path, else ().
        of: For a reference: the graph's node that is drawn elsewhere, else None.
    """

    key: str
    kind: BoxKind
    group: Path
    keys: tuple[Hashable, ...]
    leaf: int = NONE
    path: Path = ()
    of: Hashable | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the picture, the way gradients flow.

    Attributes:
        key: Names it for good.
        kind: "gradient" (real edges), "root" (a seed), "cut" (a gradient would flow here, if the graph went on).
        source: Index of the box that it leaves.
        target: Index of the box that it enters.
        edges: Numbers of the recorded edges that it stands for; several only where an end is a closed group.
        nodes: Its ends in the chapter's graph; where it stands for several edges, of the first.
        slots: Source slot and target slot; of the first edge.
    """

    key: str
    kind: LinkKind
    source: int
    target: int
    edges: tuple[int, ...]
    nodes: tuple[Hashable, Hashable]
    slots: tuple[int, int] = (0, 0)

    @property
    def count(self) -> int:
        """How many edges it stands for."""
        return max(len(self.edges), 1)


@dataclass(frozen=True)
class VisibleGraph:
    """What is drawn, and where each of the graph's nodes went.

    Attributes:
        graph: The chapter's graph.
        grouping: Its groups.
        expanded: Paths of the groups that are open.
        boxes: In the order in which they are drawn and numbered.
        links: Likewise.
        box_of: Index of the box that shows a node of the graph.
        references: Indices of the boxes that refer to a node of the graph that is drawn elsewhere, by that node's key.
    """

    graph: AutogradGraph
    grouping: Grouping
    expanded: frozenset[Path]
    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    box_of: dict[Hashable, int] = field(repr=False)
    references: dict[Hashable, tuple[int, ...]] = field(repr=False)

    def links_into(self, box: int) -> tuple[int, ...]:
        """The numbers of the links that enter a box."""
        return self._ends[0].get(box, ())

    def links_out_of(self, box: int) -> tuple[int, ...]:
        """The numbers of the links that leave a box."""
        return self._ends[1].get(box, ())

    @cached_property
    def _ends(self) -> tuple[dict[int, tuple[int, ...]], dict[int, tuple[int, ...]]]:
        into: dict[int, list[int]] = defaultdict(list)
        out_of: dict[int, list[int]] = defaultdict(list)
        for number, link in enumerate(self.links):
            into[link.target].append(number)
            out_of[link.source].append(number)
        first, second = ({box: tuple(numbers) for box, numbers in ends.items()} for ends in (into, out_of))
        return first, second


def visible_graph(
    graph: AutogradGraph,
    expanded: frozenset[Path] | None = None,
    grouping: Grouping | None = None,
    uses: Uses = Uses(),  # noqa: B008 - immutable
) -> VisibleGraph:
    """What is drawn of `graph` with the groups of `expanded` open; None opens what `default_expansion` does."""
    grouping = group_nodes(graph) if grouping is None else grouping
    expanded = default_expansion(grouping) if expanded is None else expanded
    builder = _Builder(graph, grouping, expanded, uses)
    builder.add_boxes()
    builder.add_links()
    return VisibleGraph(
        graph,
        grouping,
        expanded,
        tuple(builder.boxes),
        tuple(builder.links),
        builder.box_of,
        {leaf: tuple(boxes) for leaf, boxes in builder.references.items()},
    )


def default_expansion(grouping: Grouping) -> frozenset[Path]:
    """The groups that are open at first sight: all of a small graph, of a large one the outermost while it stays small.

    Groups of one depth are opened together or not at all: one open block among many closed ones would look special.
    Parts of a long row stay closed: to be no row is what they are for.
    """
    if grouping.node_count + grouping.further_uses <= OPEN_AT_MOST:
        return frozenset(path for path, group in grouping.groups.items() if group.kind != "part")
    levels: dict[int, list[Path]] = defaultdict(list)
    for path in grouping.groups:
        levels[len(path)].append(path)
    opened: set[Path] = set()
    count = grouping.top_level_count
    for depth in sorted(levels):
        count += sum(grouping.groups[path].children - 1 for path in levels[depth])
        if count > CLOSED_ABOUT:
            break
        opened.update(levels[depth])
    return frozenset(opened)


class _Builder:
    def __init__(self, graph: AutogradGraph, grouping: Grouping, expanded: frozenset[Path], uses: Uses) -> None:
        self.uses = uses
        self.graph = graph
        self.grouping = grouping
        self.expanded = expanded
        self.boxes: list[Box] = []
        self.links: list[Link] = []
        self.box_of: dict[Hashable, int] = {}
        self.references: dict[Hashable, list[int]] = defaultdict(list)

    def add_boxes(self) -> None:
        closed: dict[Path, list[Hashable]] = {}
        outermost_closed = {path: self._outermost_closed(path) for path in set(self.grouping.paths.values())}
        leaf_nodes: dict[int, list[Hashable]] = defaultdict(list)
        for key, attributes in self.graph.nodes(data=True):
            path = self.grouping.paths[key]
            group = outermost_closed[path]
            if group is not None:
                if group not in closed:
                    closed[group] = []
                    self.boxes.append(Box(_group_key(group), "group", group[:-1], (), path=group))
                closed[group].append(key)
            elif attributes["kind"] == "leaf":
                leaf_nodes[attributes["leaf"]].append(key)
            else:
                self._add_box(Box(_box_key(key), attributes["kind"], path, (key,)))
        # A leaf's AccumulateGrad may be made more than once in a chapter; the leaf is one.
        for leaf, keys in leaf_nodes.items():
            self._add_box(Box(f"leaf:{leaf}", "leaf", self.grouping.paths[keys[0]], tuple(keys), leaf))
        for position, box in enumerate(self.boxes):
            if box.kind == "group":
                keys = tuple(closed[box.path])
                self.boxes[position] = Box(box.key, "group", box.group, keys, path=box.path)
                self.box_of.update(dict.fromkeys(keys, position))

    def add_links(self) -> None:
        merged: dict[tuple[int, int, str], list[tuple[Hashable, Hashable, Any, dict[str, Any]]]] = {}
        kinds = [box.kind for box in self.boxes]
        for source, target, key, attributes in self.graph.edges(keys=True, data=True):
            ends = (self.box_of[source], self.box_of[target])
            if ends[0] == ends[1]:
                continue
            if kinds[ends[0]] == "group" or kinds[ends[1]] == "group":
                merged.setdefault((*ends, attributes["kind"]), []).append((source, target, key, attributes))
            else:
                self._add_link(ends, [(source, target, key, attributes)])
        for (first, second, _), edges in merged.items():
            self._add_link((first, second), edges)
        self._clone_shared_leaves()

    def _add_box(self, box: Box) -> None:
        self.box_of.update(dict.fromkeys(box.keys, len(self.boxes)))
        self.boxes.append(box)

    def _add_link(self, ends: tuple[int, int], edges: list[tuple[Hashable, Hashable, Any, dict[str, Any]]]) -> None:
        source, target, key, attributes = edges[0]
        numbers = tuple(edge[2] for edge in edges if isinstance(edge[2], int))
        slots = (attributes["source_slot"], attributes["target_slot"])
        name = f"edge:{key}" if isinstance(key, int) else str(key)
        self.links.append(Link(name, attributes["kind"], *ends, numbers, (source, target), slots))

    def _outermost_closed(self, path: Path) -> Path | None:
        for depth in range(1, len(path) + 1):
            if path[:depth] not in self.expanded:
                return path[:depth]
        return None

    def _clone_shared_leaves(self) -> None:
        uses: dict[int, list[int]] = defaultdict(list)
        for position, link in enumerate(self.links):
            kind = self.boxes[link.target].kind
            if (link.kind == "gradient" and kind == "leaf") or kind in ("tensor", "operation"):
                uses[link.target].append(position)
        for box, links in uses.items():
            if self.uses.are_apart(self.boxes[box].leaf, len(links)):
                # The use that ran first keeps the leaf itself: it is drawn lowest, where leaves are.
                keeper = min(links, key=self._when_made)
                for position in links:
                    if position != keeper:
                        self._refer(position, self.boxes[box])

    def _when_made(self, position: int) -> tuple[int, int]:
        source = self.links[position].nodes[0]
        operation = self.graph.nodes[source].get("operation", NONE)
        return (operation, position) if operation != NONE else (1 << 31, position)

    def _refer(self, position: int, leaf: Box) -> None:
        link = self.links[position]
        self.references[leaf.keys[0]].append(len(self.boxes))
        group = self.boxes[link.source].group
        self.links[position] = Link(
            link.key, link.kind, link.source, len(self.boxes), link.edges, link.nodes, link.slots
        )
        self.boxes.append(Box(f"reference:{link.key}", "reference", group, (), leaf.leaf, of=leaf.keys[0]))


def _group_key(path: Path) -> str:
    return "group:" + "/".join(path)


def _box_key(key: Hashable) -> str:
    return f"node:{key}" if isinstance(key, int) else str(key)
