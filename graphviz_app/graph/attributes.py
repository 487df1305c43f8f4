"""One attribute of all nodes of a graph; networkx's own types say of it less than is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    import networkx as nx

    AutogradGraph = nx.MultiDiGraph[Any]


def values_of(graph: AutogradGraph, attribute: str, default: Any = None) -> Iterator[tuple[Any, Any]]:
    """Every key of a graph with the value of one attribute, `default` where it has none."""
    return iter(cast("Any", graph.nodes).data(attribute, default=default))
