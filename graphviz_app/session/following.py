"""A selection goes along from pass to pass: a training loop builds its graph anew in each iteration."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.timeline.state import NEVER

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.session.selection import Selection
    from graphviz_app.timeline import Chapter, Timeline


def followed(timeline: Timeline, selection: Selection, chapter: Chapter) -> Selection:
    """What has a selection's place in another chapter's graph; the selection itself where nothing has.

    It is the one of the same name that the same line made, the third of several where it was the third.
    """
    match selection:
        case ("node", int(node)):
            return ("node", _node(timeline, node, chapter))
        case ("edge", int(edge)):
            return ("edge", _edge(timeline, edge, chapter))
        case ("operation", int(operation)):
            return ("operation", _operation(timeline, operation, chapter))
        case _:
            return selection


def _home(timeline: Timeline, event: int) -> Chapter:
    """The chapter in which something was made."""
    after = bisect_right(timeline.chapters, event, key=lambda chapter: chapter.first_event)
    return timeline.chapters[max(after - 1, 0)]


def _node(timeline: Timeline, node: int, chapter: Chapter) -> int:
    birth = timeline.recording.index.nodes.birth
    home = _home(timeline, int(birth[node]))
    if home is chapter or timeline.times(chapter).first_call[node] != NEVER:
        return node
    nodes, kinds = _kinds(timeline, home)
    others, other_kinds = _kinds(timeline, chapter)
    kind = kinds[node - nodes.start]
    rank = int((kinds[: node - nodes.start] == kind).all(axis=1).sum())
    alike = np.flatnonzero((other_kinds == kind).all(axis=1))
    return others.start + int(alike[rank]) if rank < len(alike) else node


def _kinds(timeline: Timeline, chapter: Chapter) -> tuple[range, npt.NDArray[np.int64]]:
    """The nodes made in a chapter, and the name, leaf, file and line of each."""
    index = timeline.recording.index
    first, end = np.searchsorted(index.nodes.birth, [chapter.first_event, chapter.end_event]).tolist()
    made = slice(first, end)
    kinds = np.full((end - first, 4), ev.NONE, np.int64)
    kinds[:, 0], kinds[:, 1] = index.nodes.name_number[made], index.nodes.leaf[made]
    operation = index.nodes.operation[made]
    known = np.flatnonzero((operation >= 0) & (operation < len(index.operation_events)))
    events = index.operation_events[operation[known]]
    known, events = known[events != ev.NONE], events[events != ev.NONE]
    kinds[known, 2], kinds[known, 3] = index.events.file[events], index.events.line[events]
    return range(first, end), kinds


def _edge(timeline: Timeline, edge: int, chapter: Chapter) -> int:
    edges = timeline.recording.index.edges
    source = int(edges.source[edge])
    other = _node(timeline, source, chapter)
    if other == source:
        return edge
    out = timeline.edges_out_of.of(other)
    alike = out[edges.source_slot[out] == edges.source_slot[edge]]
    return int(alike[0]) if len(alike) else edge


def _operation(timeline: Timeline, operation: int, chapter: Chapter) -> int:
    index = timeline.recording.index
    event = int(index.operation_events[operation]) if operation < len(index.operation_events) else ev.NONE
    if event == ev.NONE:
        return operation
    home = _home(timeline, event)
    before = _on_line_of(timeline, event, home)
    rank = int(np.searchsorted(before, event))
    alike = _on_line_of(timeline, event, chapter)
    if home is chapter or rank >= len(alike):
        return operation
    other = timeline.recording.event(int(alike[rank]))
    this = timeline.recording.operation(operation)
    if isinstance(other, ev.OperationRan) and this is not None and other.name == this.name:
        return other.operation
    return operation


def _on_line_of(timeline: Timeline, event: int, chapter: Chapter) -> npt.NDArray[np.int64]:
    """The events of a chapter's operations on the line of another operation."""
    columns = timeline.recording.index.events
    events = timeline.events_of(ev.OperationRan)
    first, end = np.searchsorted(events, [chapter.first_event, chapter.end_event])
    events = events[first:end]
    return events[(columns.file[events] == columns.file[event]) & (columns.line[events] == columns.line[event])]
