"""What a person has selected, and where that is in the program and in the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from graphviz_app.timeline import Timeline

Selection = tuple[Any, ...]
"""("node", id), ("edge", number), ("leaf", id), ("operation", id), ("group", path) or ("line", file, line).

() is nothing.
"""


def span_of(timeline: Timeline, selection: Selection) -> ev.Span | None:
    """The line of the program that a selection belongs to, or None."""
    match selection:
        case ("node", int(node)):
            return timeline.node_span(node)
        case ("edge", int(edge)):
            return timeline.node_span(int(timeline.recording.index.edges.source[edge]))
        case ("operation", int(number)):
            operation = timeline.recording.operation(number)
            return None if operation is None else operation.span
        case ("leaf", int(leaf)):
            return _leaf_span(timeline, leaf)
        case ("line", int(file), int(line)):
            return ev.Span(file, line)
        case _:
            return None


def nodes_of(timeline: Timeline, selection: Selection) -> frozenset[int]:
    """The nodes that a selection means: those that its line made, those of its leaf, or the one it is."""
    nodes = timeline.recording.index.nodes
    match selection:
        case ("node", int(node)):
            return frozenset({node})
        case ("leaf", int(leaf)):
            return frozenset(np.flatnonzero(nodes.leaf == leaf).tolist())
        case ("operation", int(number)):
            return frozenset(np.flatnonzero(nodes.operation == number).tolist())
        case ("line", int(file), int(line)):
            return _nodes_on_line(timeline, file, line)
        case _:
            return frozenset()


def _nodes_on_line(timeline: Timeline, file: int, line: int) -> frozenset[int]:
    index = timeline.recording.index
    events = index.operation_events
    known = events != ev.NONE
    on_line = np.zeros(len(events), np.bool_)
    on_line[known] = (index.events.line[events[known]] == line) & (index.events.file[events[known]] == file)
    operations = index.nodes.operation
    made = operations != ev.NONE
    found = np.zeros(len(operations), np.bool_)
    found[made] = on_line[np.minimum(operations[made], len(on_line) - 1)] if len(on_line) else False
    return frozenset(np.flatnonzero(found).tolist())


def _leaf_span(timeline: Timeline, leaf: int) -> ev.Span | None:
    """Where a leaf got its name."""
    summary = timeline.leaf_summary(leaf)
    if summary is None:
        return None
    for bound in timeline.recording.index.tensor_names:
        if bound.tensor == summary.tensor:
            event = timeline.recording.event(bound.event)
            return event.span if isinstance(event, ev.NameBound) else None
    return None
