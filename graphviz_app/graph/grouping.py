"""Nested groups of a chapter's graph: calls, loop rounds, modules, composite operations; from the recording alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphviz_app.graph.attributes import values_of
from graphviz_app.graph.pieces import with_rounds_in_pieces, with_rows_in_pieces
from graphviz_app.graph.simplify import without_idle_groups
from graphviz_app.graph.structure import Segment, StructureReader, common_prefix
from graphviz_app.recording.events import NONE

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import networkx as nx

    from graphviz_app.graph.structure import SegmentKind
    from graphviz_app.recording import events as ev

    AutogradGraph = nx.MultiDiGraph[Any]

Path = tuple[str, ...]
Way = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A group of nodes.

    Attributes:
        path: Names from the outermost group to this one.
        title: What is written on it.
        subtitle: What it is ("Linear", "line 12"), or "".
        size: How many nodes are in it, inner groups included.
        children: How many boxes it shows when it is open and what is in it is closed.
        kind: What made it one: a call, a round of a loop, a module, ...
    """

    path: Path
    title: str
    subtitle: str
    size: int
    children: int
    kind: SegmentKind = "part"


@dataclass(frozen=True)
class Grouping:
    """Which group each node of a graph is in.

    Attributes:
        paths: Path of the innermost group of every key of the graph; () outside all groups.
        groups: All groups by path, outer before inner.
        further_uses: How often leaves are read after the first time: one that is read often is drawn once per use.
    """

    paths: dict[Hashable, Path]
    groups: dict[Path, Group]
    further_uses: int = 0

    @property
    def node_count(self) -> int:
        """How many nodes there are, inside and outside groups."""
        return len(self.paths)

    @property
    def top_level_count(self) -> int:
        """How many boxes are drawn when every group is closed."""
        return sum(not path for path in self.paths.values()) + sum(len(path) == 1 for path in self.groups)


def group_nodes(graph: AutogradGraph) -> Grouping:
    """Group the nodes of a chapter's graph; the same graph always gives the same groups."""
    operations: Mapping[int, ev.OperationRan] = graph.graph["operations"]
    ways = _ways_of_operations(graph, operations)
    _place_leaves(graph, ways)
    ways = with_rows_in_pieces(without_idle_groups(with_rounds_in_pieces(ways)))
    return _grouping(ways, _module_types(graph), _further_uses(graph))


def _ways_of_operations(graph: AutogradGraph, operations: Mapping[int, ev.OperationRan]) -> dict[Hashable, Way]:
    """The way to every node that an operation made, and to every operation without nodes that is drawn."""
    reader = StructureReader(graph.graph["recording"])
    # Only what is drawn counts: an optimizer's own arithmetic runs on one line of the program, again and again.
    drawn = {attributes.get("operation", NONE) for _, attributes in graph.nodes(data=True)}
    by_operation = {number: reader.read(operations[number]) for number in sorted(drawn & operations.keys())}
    ways: dict[Hashable, Way] = {}
    for key, attributes in graph.nodes(data=True):
        kind, operation = attributes["kind"], attributes.get("operation", NONE)
        way = by_operation.get(operation, ())
        if kind == "node":
            ran = operations.get(operation)
            if ran is not None and len(ran.nodes) > 1:
                name = ran.name.rsplit(".", 1)[-1]
                line = "" if ran.span is None else f"line {ran.span.line}"
                way = (*way, Segment("operation", f"{name} {operation}", subtitle=line))
            elif ran is None and attributes["made_in_pass"] != NONE:
                way = (Segment("pass", f"made by pass {attributes['made_in_pass'] + 1}"),)
            ways[key] = way
        elif kind == "operation":
            ways[key] = way
    return ways


def _place_leaves(graph: AutogradGraph, ways: dict[Hashable, Way]) -> None:
    """Put what no operation made into the innermost group that has all who read it."""
    for key, attributes in graph.nodes(data=True):
        if attributes["kind"] in ("leaf", "tensor"):
            users = [user for user, _, kind in graph.in_edges(key, data="kind") if kind != "cut"]
            users = users or list(graph.predecessors(key))
            ways[key] = common_prefix(ways[user] for user in users if user in ways)
    for key in graph:
        ways.setdefault(key, ())


def _module_types(graph: AutogradGraph) -> dict[str, str]:
    return {
        attributes["module"]: attributes["module_type"]
        for _, attributes in graph.nodes(data=True)
        if attributes.get("module")
    }


def _further_uses(graph: AutogradGraph) -> int:
    leaves = [key for key, kind in values_of(graph, "kind") if kind == "leaf"]
    return sum(max(int(graph.in_degree(key)) - 1, 0) for key in leaves)


def _grouping(ways: dict[Hashable, Way], module_types: Mapping[str, str], uses: int) -> Grouping:
    names: dict[Way, Path] = {(): ()}
    sizes: Counter[Way] = Counter()
    children: Counter[Way] = Counter()
    counts: Counter[Way] = Counter(ways.values())
    for way, count in counts.items():
        children[way] += count
        for depth in range(1, len(way) + 1):
            sizes[way[:depth]] += count
    for way in sizes:
        children[way[:-1]] += 1
    groups: dict[Path, Group] = {}
    # Shorter ways first, so that outer groups come before inner ones.
    for way in sorted(sizes, key=len):
        names[way] = (*names[way[:-1]], _name(way[-1]))
        title, subtitle = _title(way, module_types)
        groups[names[way]] = Group(names[way], title, subtitle, sizes[way], children[way], way[-1].kind)
    return Grouping({key: names[way] for key, way in ways.items()}, groups, uses)


def _name(segment: Segment) -> str:
    return f"{segment.name} #{segment.number + 1}" if segment.kind == "iteration" else segment.name


def _title(way: Way, module_types: Mapping[str, str]) -> tuple[str, str]:
    segment = way[-1]
    if segment.kind == "iteration":
        return f"iteration {segment.number + 1}", segment.name
    if segment.kind == "operation":
        return segment.name.rsplit(" ", 1)[0], segment.subtitle
    if segment.kind == "call":
        function, _, line = segment.name.partition(" ")
        return function, line
    if segment.kind == "module":
        path = ".".join(part.name for part in way if part.kind == "module")
        return segment.name, module_types.get(path, "")
    return segment.name, segment.subtitle


def members(grouping: Grouping) -> dict[Path, list[Hashable]]:
    """The keys in every group, inner groups included, in the order of the graph."""
    found: dict[Path, list[Hashable]] = defaultdict(list)
    for key, path in grouping.paths.items():
        for depth in range(1, len(path) + 1):
            found[path[:depth]].append(key)
    return dict(found)
