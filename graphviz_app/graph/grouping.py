"""Nested groups of a chapter's graph, derived from the recording alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable

    import networkx as nx

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
    """

    path: Path
    title: str
    subtitle: str
    size: int
    children: int


@dataclass(frozen=True)
class Grouping:
    """Which group each node of a graph is in.

    Attributes:
        paths: Path of the innermost group of every key of the graph; () outside all groups.
        groups: All groups by path.
    """

    paths: dict[Hashable, Path]
    groups: dict[Path, Group]

    @property
    def node_count(self) -> int:
        """How many nodes there are, inside and outside groups."""
        return len(self.paths)

    @property
    def top_level_count(self) -> int:
        """How many boxes are drawn when every group is closed."""
        return sum(not path for path in self.paths.values()) + sum(len(path) == 1 for path in self.groups)


def group_nodes(graph: AutogradGraph) -> Grouping:
    """Group the nodes of a chapter's graph."""
    paths: dict[Hashable, Path] = dict.fromkeys(graph, ())
    return make_grouping(paths, {})


def make_grouping(paths: dict[Hashable, Path], titles: dict[Path, tuple[str, str]]) -> Grouping:
    """Count what is in each group of `paths`; `titles` gives title and subtitle where they are not the last name."""
    sizes: Counter[Path] = Counter()
    children: Counter[Path] = Counter()
    for path, count in Counter(paths.values()).items():
        children[path] += count
        for depth in range(1, len(path) + 1):
            sizes[path[:depth]] += count
    for path in sizes:
        children[path[:-1]] += 1
    groups = {
        path: Group(path, *titles.get(path, (path[-1], "")), size, children[path]) for path, size in sizes.items()
    }
    return Grouping(paths, groups)
