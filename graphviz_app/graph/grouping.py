"""Nested groups of a chapter's graph: calls, loop rounds, modules, composite operations; from the recording alone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphviz_app.graph.attributes import values_of
from graphviz_app.graph.pieces import with_rounds_in_pieces, with_rows_in_pieces
from graphviz_app.graph.simplify import sizes_of, without_idle_groups
from graphviz_app.graph.structure import StructureReader
from graphviz_app.graph.tree import TOP, Placed, Segment
from graphviz_app.recording.events import NONE
from graphviz_app.recording.passes import pass_name

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import networkx as nx

    from graphviz_app.graph.tree import SegmentKind
    from graphviz_app.recording import Recording
    from graphviz_app.recording import events as ev

    AutogradGraph = nx.MultiDiGraph[Any]

Path = tuple[str, ...]


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
    placed = _place_operations(graph)
    _place_leaves(graph, placed)
    placed = with_rows_in_pieces(without_idle_groups(with_rounds_in_pieces(placed)))
    return _grouping(placed, _module_types(graph), _further_uses(graph))


def _place_operations(graph: AutogradGraph) -> Placed:
    """Where every node stands that an operation made, and every operation without nodes that is drawn."""
    operations: Mapping[int, ev.OperationRan] = graph.graph["operations"]
    recording: Recording = graph.graph["recording"]
    # Only what is drawn counts: an optimizer's own arithmetic runs on one line of the program, again and again.
    drawn = {attributes.get("operation", NONE) for _, attributes in graph.nodes(data=True)}
    numbers = sorted(drawn & operations.keys())
    reader = StructureReader(recording, [operations[number] for number in numbers])
    by_operation = {number: reader.read(operations[number]) for number in numbers}
    places: dict[object, int] = {}
    for key, attributes in graph.nodes(data=True):
        operation = attributes.get("operation", NONE)
        if attributes["kind"] == "operation":
            places[key] = by_operation.get(operation, TOP)
        elif attributes["kind"] == "node":
            place = by_operation.get(operation, TOP)
            places[key] = reader.tree.within(place, _own_segments(recording, operations.get(operation), attributes))
    return Placed(reader.tree, places)


def _own_segments(recording: Recording, ran: ev.OperationRan | None, attributes: Mapping[str, Any]) -> list[Segment]:
    """The segment of an operation that made several nodes, or of the pass that made a node without one."""
    if ran is not None and len(ran.nodes) > 1:
        name = ran.name.rsplit(".", 1)[-1]
        line = "" if ran.span is None else f"line {ran.span.line}"
        return [Segment("operation", f"{name} {ran.operation}", subtitle=line)]
    if ran is None and attributes["made_in_pass"] != NONE:
        return [Segment("pass", f"made by pass {pass_name(recording, attributes['made_in_pass'])}")]
    return []


def _place_leaves(graph: AutogradGraph, placed: Placed) -> None:
    """Put what no operation made into the innermost group that has all who read it."""
    places = placed.places
    for key, attributes in graph.nodes(data=True):
        if attributes["kind"] in ("leaf", "tensor"):
            users = [user for user, _, kind in graph.in_edges(key, data="kind") if kind != "cut"]
            users = users or list(graph.predecessors(key))
            places[key] = placed.tree.common(places[user] for user in users if user in places)
    for key in graph:
        places.setdefault(key, TOP)


def _module_types(graph: AutogradGraph) -> dict[str, str]:
    return {
        attributes["module"]: attributes["module_type"]
        for _, attributes in graph.nodes(data=True)
        if attributes.get("module")
    }


def _further_uses(graph: AutogradGraph) -> int:
    leaves = [key for key, kind in values_of(graph, "kind") if kind == "leaf"]
    return sum(max(int(graph.in_degree(key)) - 1, 0) for key in leaves)


def _grouping(placed: Placed, module_types: Mapping[str, str], further_uses: int) -> Grouping:
    tree, places = placed
    sizes = sizes_of(tree, places.values())
    children = [0] * len(tree)
    for place in (*places.values(), *tree.parents[1:]):
        children[place] += 1
    paths: list[Path] = [()] * len(tree)
    groups: dict[Path, Group] = {}
    for number in range(1, len(tree)):
        segment = tree.segments[number]
        paths[number] = path = (*paths[tree.parents[number]], _name(segment))
        title, subtitle = _title(segment, module_types)
        groups[path] = Group(path, title, subtitle, sizes[number], children[number], segment.kind)
    in_order = dict(sorted(groups.items(), key=lambda item: len(item[0])))
    return Grouping({key: paths[place] for key, place in places.items()}, in_order, further_uses)


def _name(segment: Segment) -> str:
    return f"{segment.name} #{segment.number + 1}" if segment.kind == "iteration" else segment.name


def _title(segment: Segment, module_types: Mapping[str, str]) -> tuple[str, str]:
    if segment.kind == "iteration":
        return f"iteration {segment.number + 1}", segment.name
    if segment.kind == "operation":
        return segment.name.rsplit(" ", 1)[0], segment.subtitle
    if segment.kind == "call":
        function, _, line = segment.name.partition(" ")
        return function, line
    if segment.kind == "module":
        return segment.name, module_types.get(segment.subtitle, "")
    return segment.name, segment.subtitle


def members(grouping: Grouping) -> dict[Path, list[Hashable]]:
    """The keys in every group, inner groups included, in the order of the graph."""
    found: dict[Path, list[Hashable]] = defaultdict(list)
    for key, path in grouping.paths.items():
        for depth in range(1, len(path) + 1):
            found[path[:depth]].append(key)
    return dict(found)
