"""A chapter's graph and its groups, kept while pictures of it are made: opening a group must not build them again."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from graphviz_app.graph.build import chapter_graph
from graphviz_app.graph.grouping import Grouping, group_nodes

if TYPE_CHECKING:
    import networkx as nx

    from graphviz_app.recording import Recording
    from graphviz_app.timeline import Chapter, Timeline

_KEPT = 3


class Structure(NamedTuple):
    """A chapter's graph and its groups; neither may be changed."""

    graph: nx.MultiDiGraph[Any]
    grouping: Grouping


_STRUCTURES: WeakKeyDictionary[Timeline, OrderedDict[int, Structure]] = WeakKeyDictionary()


def known_structure(timeline: Timeline, chapter: Chapter) -> Structure | None:
    """The graph of a chapter and its groups, if a picture of it was made not long ago."""
    return _STRUCTURES.get(timeline, OrderedDict[int, Structure]()).get(chapter.index)


def structure_of(recording: Recording, timeline: Timeline, chapter: Chapter) -> Structure:
    """The graph of a chapter and its groups; built once for the chapters that were looked at last."""
    known = _STRUCTURES.setdefault(timeline, OrderedDict())
    structure = known.pop(chapter.index, None)
    if structure is None:
        graph = chapter_graph(recording, timeline, chapter)
        structure = Structure(graph, group_nodes(graph))
    known[chapter.index] = structure
    while len(known) > _KEPT:
        known.popitem(last=False)
    return structure
