"""Where a gradient got lost on its way through a backward pass: the node that sent None."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from graphviz_app.timeline import Timeline


def silenced_by(timeline: Timeline, node: int, pass_id: int, slot: int = 0) -> int:
    """The node that was given a gradient in a pass and sent None for what led to a node's slot; NONE where none did.

    A node to which nothing came sends nothing on: the one that began is looked for behind it.
    """
    stack, seen = [(node, slot)], {(node, slot)}
    while stack:
        for source, called in _senders_of_none(timeline, *stack.pop(), pass_id):
            if any(value != ev.NONE for value in called.grad_outputs):
                return source
            every = {(source, each) for each in range(len(called.grad_outputs))} - seen
            seen |= every
            stack.extend(sorted(every))
    return ev.NONE


def _senders_of_none(timeline: Timeline, node: int, slot: int, pass_id: int) -> list[tuple[int, ev.NodeCalled]]:
    recording, found = timeline.recording, list[tuple[int, ev.NodeCalled]]()
    edges = recording.index.edges
    for edge in timeline.edges_into.of(node).tolist():
        if edges.target_slot[edge] != slot:
            continue
        source, source_slot = int(edges.source[edge]), int(edges.source_slot[edge])
        for number in timeline.calls.of(source).tolist():
            if recording.index.events.pass_id[number] != pass_id:
                continue
            called = recording.event(number)
            if isinstance(called, ev.NodeCalled) and called.grad_inputs[source_slot : source_slot + 1] == (ev.NONE,):
                found.append((source, called))
    return found
