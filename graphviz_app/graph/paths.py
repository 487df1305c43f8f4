"""Questions to a chapter's graph: which way a gradient takes, where ways meet, and where they end."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from graphviz_app.graph.attributes import values_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    import networkx as nx

    AutogradGraph = nx.MultiDiGraph[Any]


class Ways(NamedTuple):
    """All ways between some nodes: the nodes on them, and the keys of the edges on them."""

    nodes: frozenset[Hashable]
    edges: frozenset[Hashable]


class CutPlace(NamedTuple):
    """A place where the graph was cut: what would have sent a gradient, to what, and why it does not."""

    source: Hashable
    target: Hashable
    cause: str


def ways_from_roots(graph: AutogradGraph, targets: Iterable[Hashable]) -> Ways:
    """Every way that a gradient can take from a root of a pass to one of `targets`, as for highlighting."""
    roots = [key for key, kind in values_of(graph, "kind") if kind == "root"]
    above = _closure(targets, lambda key: _gradient_ends(graph, key, forward=False))
    below = _closure(roots, lambda key: _gradient_ends(graph, key, forward=True))
    return _within(graph, above & below)


def ways_between(graph: AutogradGraph, source: Hashable, target: Hashable) -> Ways:
    """Every way that a gradient can take from `source` to `target`; empty where there is none."""
    below = _closure([source], lambda key: _gradient_ends(graph, key, forward=True))
    above = _closure([target], lambda key: _gradient_ends(graph, key, forward=False))
    return _within(graph, above & below)


def is_reached(graph: AutogradGraph, source: Hashable, target: Hashable) -> bool:
    """Whether a gradient can flow from `source` to `target`."""
    return bool(ways_between(graph, source, target).nodes)


def fan_in(graph: AutogradGraph, node: Hashable) -> dict[int, tuple[Hashable, ...]]:
    """The keys of the edges that meet in each slot of a node, seeds included, where two or more do."""
    slots: dict[int, list[Hashable]] = defaultdict(list)
    for _, _, key, attributes in graph.in_edges(node, keys=True, data=True):
        if attributes["kind"] != "cut":
            slots[attributes["target_slot"]].append(key)
    return {slot: tuple(keys) for slot, keys in slots.items() if len(keys) > 1}


def cuts(graph: AutogradGraph) -> tuple[CutPlace, ...]:
    """All places where the graph was cut, with the cause in words."""
    causes = dict(values_of(graph, "cause", ""))
    return tuple(
        CutPlace(source, target, causes[target] or causes[source])
        for source, target, kind in graph.edges(data="kind")
        if kind == "cut"
    )


def _within(graph: AutogradGraph, nodes: set[Hashable]) -> Ways:
    edges = {
        key
        for source, target, key, kind in graph.out_edges(nodes, keys=True, data="kind")
        if kind != "cut" and target in nodes and source in nodes
    }
    return Ways(frozenset(nodes), frozenset(edges))


def _gradient_ends(graph: AutogradGraph, key: Hashable, *, forward: bool) -> list[Hashable]:
    if forward:
        return [target for _, target, kind in graph.out_edges(key, data="kind") if kind != "cut"]
    return [source for source, _, kind in graph.in_edges(key, data="kind") if kind != "cut"]


def _closure(starts: Iterable[Hashable], following: Callable[[Hashable], list[Hashable]]) -> set[Hashable]:
    # A stack: real chains are thousands of nodes deep.
    stack = list(starts)
    seen = set(stack)
    while stack:
        for key in following(stack.pop()):
            if key not in seen:
                seen.add(key)
                stack.append(key)
    return seen
