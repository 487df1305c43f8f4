"""What autograd built in one chapter of a run, as a `networkx.MultiDiGraph`.

Keys of the graph's nodes:

- an `int` is an autograd node's number, `AccumulateGrad` nodes included;
- `"leaf:3"` is a leaf that was cleared or updated in the chapter while no node of the graph writes to it;
- `"root:2:0"` is where pass 2 starts for the first time (each root has its own);
- `"operation:7"` and `"tensor:9"` are what autograd does not see (module `cuts`).

Edges run the way gradients flow. The key of a real edge is its number in the recording; `kind` is "gradient", "root"
or "cut".
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from graphviz_app.graph.attributes import values_of
from graphviz_app.graph.cuts import MOST_LOOSE, add_cuts
from graphviz_app.graph.reach import reached
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from graphviz_app.recording import Recording
    from graphviz_app.timeline import Chapter, Timeline

    AutogradGraph = nx.MultiDiGraph[Any]


def chapter_graph(recording: Recording, timeline: Timeline, chapter: Chapter) -> AutogradGraph:
    """Everything that the chapter's passes reach and that was made in it, with the places where the graph was cut.

    `graph.graph` holds `recording`, `chapter`, `operations` (the chapter's `OperationRan` events by number),
    `arrivals` (how many gradients come into a slot, by node and slot) and `cuts_left_out`, how many grey boxes were too
    many to draw.
    """
    operations = _operations(recording, timeline, chapter)
    nodes = _nodes(recording, timeline, chapter)
    graph: AutogradGraph = nx.MultiDiGraph(recording=recording, chapter=chapter, operations=operations)
    _add_nodes(graph, recording, timeline, nodes)
    _add_edges(graph, recording, nodes)
    _add_roots(graph, timeline, chapter)
    touched = _touched_leaves(timeline, chapter)
    _add_leaves(graph, timeline, touched)
    add_cuts(graph, timeline, chapter)
    _remove_idle_leaves(graph, timeline, touched)
    graph.graph["arrivals"] = _arrivals(graph)
    return graph


def passes_of(timeline: Timeline, chapter: Chapter) -> Iterator[ev.BackwardStarted]:
    """How each pass of the chapter was started, nested ones included, in order."""
    first, end = np.searchsorted(timeline.pass_starts, [chapter.first_event, chapter.end_event])
    for number in timeline.pass_starts[first:end]:
        started = timeline.recording.event(int(number))
        assert isinstance(started, ev.BackwardStarted)
        yield started


def _nodes(recording: Recording, timeline: Timeline, chapter: Chapter) -> npt.NDArray[np.int32]:
    # Nodes are numbered as they are met, so those of a chapter stand together.
    birth = recording.index.nodes.birth
    first, end = np.searchsorted(birth, [chapter.first_event, chapter.end_event]).tolist()
    roots = [root.node for started in passes_of(timeline, chapter) for root in started.roots]
    starts = [node for node in (*range(first, end), *roots) if 0 <= node < len(birth)]
    return np.array(sorted(reached(timeline, starts, first, end)), np.int32)


def _operations(recording: Recording, timeline: Timeline, chapter: Chapter) -> dict[int, ev.OperationRan]:
    numbers = timeline.events_of(ev.OperationRan)
    first, end = np.searchsorted(numbers, [chapter.first_event, chapter.end_event])
    events = recording.events_at(numbers[first:end].tolist())
    return {event.operation: event for event in events if isinstance(event, ev.OperationRan)}


def _add_nodes(graph: AutogradGraph, recording: Recording, timeline: Timeline, nodes: npt.NDArray[np.int32]) -> None:
    columns = recording.index.nodes
    operations: dict[int, ev.OperationRan] = graph.graph["operations"]
    retained = {summary.tensor: summary.leaf for summary in recording.leaves if summary.retains_grad}
    rows = zip(
        nodes.tolist(),
        columns.name_number[nodes].tolist(),
        columns.operation[nodes].tolist(),
        columns.leaf[nodes].tolist(),
        columns.tensor[nodes].tolist(),
        columns.slots[nodes].tolist(),
        columns.made_in_pass[nodes].tolist(),
        strict=True,
    )
    for node, name, operation, leaf, tensor, slots, made_in_pass in rows:
        # A pass may reach back into graphs of earlier chapters (retain_graph, hidden states).
        ran = operations.get(operation) or recording.operation(operation)
        if ran is not None:
            operations[operation] = ran
        span = None if ran is None else ran.span
        tensors = timeline.node_tensors(node) if slots > 1 else () if tensor == ev.NONE else (tensor,)
        # The name that the tensor was given when it was made says what the operation is for; later ones (`loss = y`,
        # a function's argument) speak of other lines.
        variable = timeline.leaf_name(leaf) if leaf != ev.NONE else timeline.tensor_names(tensors, ev.NONE)
        graph.add_node(
            node,
            kind="node" if leaf == ev.NONE else "leaf",
            name=columns.names[name],
            variable=variable,
            file=ev.NONE if span is None else span.file,
            line=ev.NONE if span is None else span.line,
            module="" if ran is None else ran.module,
            module_type="" if ran is None else ran.module_type,
            operation=operation,
            leaf=leaf,
            retained_leaf=next((retained[each] for each in tensors if each in retained), ev.NONE),
            tensor=tensor,
            slots=slots,
            made_in_pass=made_in_pass,
        )


def _add_edges(graph: AutogradGraph, recording: Recording, nodes: npt.NDArray[np.int32]) -> None:
    edges = recording.index.edges
    inside = np.zeros(max(len(recording.index.nodes), 1), np.bool_)
    inside[nodes] = True
    numbers = np.flatnonzero(inside[edges.source] & inside[edges.target])
    rows = zip(
        edges.source[numbers].tolist(),
        edges.target[numbers].tolist(),
        numbers.tolist(),
        edges.source_slot[numbers].tolist(),
        edges.target_slot[numbers].tolist(),
        strict=True,
    )
    for source, target, number, source_slot, target_slot in rows:
        graph.add_edge(source, target, number, kind="gradient", source_slot=source_slot, target_slot=target_slot)


def _add_roots(graph: AutogradGraph, timeline: Timeline, chapter: Chapter) -> None:
    for started in passes_of(timeline, chapter):
        for position, root in enumerate(started.roots):
            if root.node not in graph:
                continue
            key = f"root:{started.pass_id}:{position}"
            tensor = root.tensor if root.tensor != ev.NONE else graph.nodes[root.node]["tensor"]
            variable = "" if tensor == ev.NONE else timeline.tensor_name(tensor)
            graph.add_node(
                key,
                kind="root",
                name=started.call,
                variable=variable or graph.nodes[root.node]["variable"],
                file=ev.NONE if started.span is None else started.span.file,
                line=ev.NONE if started.span is None else started.span.line,
                seed=root.seed,
                implicit=root.implicit,
                pass_id=started.pass_id,
            )
            graph.add_edge(key, root.node, key, kind="root", source_slot=0, target_slot=root.slot)


def _arrivals(graph: AutogradGraph) -> Counter[tuple[Any, int]]:
    return Counter((target, edge["target_slot"]) for _, target, edge in graph.edges(data=True) if edge["kind"] != "cut")


def _touched_leaves(timeline: Timeline, chapter: Chapter) -> set[int]:
    """The leaves to which something happened in a chapter.

    Of those that nothing ever used, only such as have a name and were written on after they were made: the layers from
    which `nn.Transformer` makes copies get their first values, and are dropped.
    """
    events = timeline.recording.index.events
    written = set(
        events.subject[_within(timeline, chapter, ev.GradCleared, ev.GradWritten, ev.GradAccumulated)].tolist()
    )
    numbers = _within(timeline, chapter, ev.LeafUpdated)
    updated = set(events.subject[numbers].tolist()) - written
    unused = updated - timeline.used_leaves if updated else updated
    for number in numbers.tolist() if unused else ():
        leaf = int(events.subject[number])
        if leaf in unused and timeline.leaf_name(leaf) != f"leaf{leaf}" and not _is_made_at(timeline, leaf, number):
            unused.remove(leaf)
    return written | (updated - unused)


def _within(timeline: Timeline, chapter: Chapter, *types: type[ev.Struct]) -> npt.NDArray[np.int64]:
    numbers = timeline.events_of(*types)
    first, end = np.searchsorted(numbers, [chapter.first_event, chapter.end_event])
    return numbers[first:end]


def _is_made_at(timeline: Timeline, leaf: int, number: int) -> bool:
    """Whether an event happened on the line that made a leaf."""
    summary, events = timeline.leaf_summary(leaf), timeline.recording.index.events
    operations = timeline.events_of(ev.OperationRan)
    made = -1 if summary is None else int(np.searchsorted(operations, summary.event)) - 1
    if made < 0:
        return False
    maker = int(operations[made])
    return bool(events.file[maker] == events.file[number] and events.line[maker] == events.line[number] != ev.NONE)


def _add_leaves(graph: AutogradGraph, timeline: Timeline, leaves: set[int]) -> None:
    drawn = {leaf for _, leaf in values_of(graph, "leaf", ev.NONE)}
    drawn |= {leaf for _, leaf in values_of(graph, "retained_leaf", ev.NONE)}
    for leaf in sorted(leaves - drawn):
        graph.add_node(f"leaf:{leaf}", **leaf_attributes(timeline, leaf))


def _remove_idle_leaves(graph: AutogradGraph, timeline: Timeline, touched: set[int]) -> None:
    """Leave out leaves that nothing in the graph reads and to which nothing happens, unless there is nothing else.

    Copying a module, for example, reads every parameter of the one that is copied. Where the program failed before
    there was a graph, they may be what did not fit to its data.
    """
    idle = [
        key
        for key, leaf in values_of(graph, "leaf", ev.NONE)
        if leaf != ev.NONE and leaf not in touched and not graph.degree(key)
    ]
    if len(idle) <= MOST_LOOSE and _failed_early(graph, timeline):
        return
    if len(idle) < len(graph):
        graph.remove_nodes_from(idle)


def _failed_early(graph: AutogradGraph, timeline: Timeline) -> bool:
    chapter: Chapter = graph.graph["chapter"]
    first, end = np.searchsorted(timeline.events_of(ev.Raised), [chapter.first_event, chapter.end_event])
    return bool(first < end) and not any(kind in ("node", "root") for _, kind in values_of(graph, "kind"))


def leaf_attributes(timeline: Timeline, leaf: int) -> dict[str, Any]:
    """The attributes of a leaf that no node of the graph writes to."""
    return {
        "kind": "leaf",
        "name": "leaf",
        "variable": timeline.leaf_name(leaf),
        "file": ev.NONE,
        "line": ev.NONE,
        "module": "",
        "module_type": "",
        "operation": ev.NONE,
        "leaf": leaf,
        "retained_leaf": ev.NONE,
    }
