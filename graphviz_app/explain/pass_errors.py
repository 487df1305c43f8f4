"""Why a backward pass failed, where the recording knows more than the error says: what cut the graph, what freed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.explain.call import short_node_name
from graphviz_app.explain.errors import explain_pass_error
from graphviz_app.explain.missing import on_line, short_call, what_cut
from graphviz_app.explain.origins import MOST_OPERATIONS, gave_without_history, given_by
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from graphviz_app.recording.index import PassSummary
    from graphviz_app.timeline import Timeline

_MOST_NAMES = 3


def explain_failed_pass(timeline: Timeline, finished: ev.BackwardFinished) -> str:
    """The error with which a pass ended, in a sentence or two, with the lines that are to blame; "" where none did."""
    known = explain_pass_error(finished)
    summary = timeline.recording.pass_summary(finished.pass_id)
    if summary is None or finished.sentence:
        return known
    if "does not require grad and does not have a grad_fn" in finished.error:
        return _no_graph(timeline, summary) or known
    if "backward through the graph a second time" in finished.error:
        return f"{known}{_freed(timeline, summary)}"
    return known


def _no_graph(timeline: Timeline, summary: PassSummary) -> str:
    started = timeline.recording.event(summary.start)
    if not isinstance(started, ev.BackwardStarted):
        return ""
    root = next((root.tensor for root in started.roots if root.node == ev.NONE and root.tensor != ev.NONE), ev.NONE)
    if root == ev.NONE:
        return ""
    name = timeline.tensor_name(root, summary.start) or "this tensor"
    cut, frozen, whole = _sources(timeline, root, summary.start)
    if cut is None and not whole:
        return ""
    if cut is not None:
        reason = what_cut(timeline.recording, cut, on_line(timeline.recording, cut.span))
    else:
        reason = f"nothing that torch computed {name} from required a gradient"
        if frozen:
            more = ", …" if len(frozen) > _MOST_NAMES else ""
            reason += f", not even {', '.join(frozen[:_MOST_NAMES])}{more}"
    return f"There is no graph behind {name}, so backward() has nowhere to go: {reason}."


def _sources(timeline: Timeline, root: int, event: int) -> tuple[ev.OperationRan | None, list[str], bool]:
    """What a tensor came from before an event.

    Returns:
        The last operation that cut a way to the tensor off; the parameters from which it came; and whether there is
        nothing among all that which no operation gave, as a gradient that a pass gave back.
    """
    parameters = {leaf.tensor for leaf in timeline.recording.leaves if leaf.is_parameter}
    leaves = {leaf.tensor for leaf in timeline.recording.leaves if not leaf.retains_grad}
    unseen = {root} - leaves
    numbers = timeline.events_of(ev.OperationRan)
    needed, met = {root}, list[int]()
    for number in numbers[numbers < event][-MOST_OPERATIONS:][::-1].tolist():
        operation = timeline.recording.event(number)
        if not isinstance(operation, ev.OperationRan):
            continue
        given = needed.intersection(given_by(operation))
        if any(gave_without_history(operation, tensor) for tensor in given):
            return operation, [], True
        unseen.difference_update(use.tensor for use in operation.outputs)
        if given:
            sources = {use.tensor for use in operation.inputs} - needed
            needed |= sources
            unseen |= sources - leaves - {use.tensor for use in operation.outputs}
            met += [use.tensor for use in operation.inputs if use.tensor in parameters]
    names = (timeline.tensor_name(tensor, event) for tensor in reversed(met))
    return None, list(dict.fromkeys(name for name in names if name)), not unseen


def _freed(timeline: Timeline, summary: PassSummary) -> str:
    """Which node could not run again, and which pass had run it before."""
    recording = timeline.recording
    columns, nodes = recording.index.events, recording.index.nodes
    end = len(columns) if summary.end == ev.NONE else summary.end
    mine = slice(summary.start, end)
    called = columns.subject[mine][(columns.kind[mine] == ev.KIND[ev.NodeCalled])]
    started = recording.event(summary.start)
    roots = [root.node for root in started.roots] if isinstance(started, ev.BackwardStarted) else []
    edges = timeline.edges_out_of.of_all(np.unique(called))
    waiting = {*recording.index.edges.target[edges].tolist(), *roots} - {*called.tolist(), ev.NONE}
    # The engine runs what was made last first, so of those that wait for their turn it is the one that failed.
    failed = max((node for node in waiting if nodes.leaf[node] == ev.NONE), default=ev.NONE)
    before = ev.NONE if failed == ev.NONE else timeline.calls.last(failed, summary.start)
    first = None if before == ev.NONE else recording.pass_summary(int(columns.pass_id[before]))
    opened = None if first is None else recording.event(first.start)
    if not isinstance(opened, ev.BackwardStarted):
        return ""
    variable = timeline.node_variable(failed, summary.start)
    which = f"{short_node_name(nodes.name(failed))}{f' of {variable}' if variable else ''}"
    made = on_line(recording, timeline.node_span(failed))
    call = f"{short_call(opened.call)}(){on_line(recording, opened.span)}"
    return f" It failed at {which}, made{made}, which {call} had already run." if made else ""
