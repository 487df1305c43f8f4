"""A step in words: what a person reads under the picture, and what a screen reader says."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from graphviz_app.explain.pass_errors import explain_failed_pass
from graphviz_app.recording import events as ev
from graphviz_app.recording.passes import pass_name
from graphviz_app.scene.numbers import tensor_text
from graphviz_app.scene.words import makes_leaf, place_text, short_name, was_off

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz_app.timeline import StepState

_MOST_TARGETS = 3


def caption(state: StepState) -> str:
    """One or two sentences about what happened at a step."""
    event = state.event
    match event:
        case None:
            return "Before the first step: nothing has run yet."
        case ev.NodeCalled():
            return _called(event, state)
        case ev.GradAccumulated():
            return _accumulated(event, state)
        case ev.OperationRan():
            return _ran(event, state)
        case ev.BackwardStarted():
            return _started(event, state)
        case ev.BackwardFinished():
            return _finished(event, state)
        case ev.GradCleared() | ev.GradWritten() | ev.LeafUpdated():
            return _changed(event, state)
        case _:
            return _aside(event, state)


def _aside(event: ev.TensorMutated | ev.Printed | ev.Raised | ev.Finished, state: StepState) -> str:
    """What happened beside the graph."""
    match event:
        case ev.TensorMutated():
            return _mutated(event, state)
        case ev.Printed():
            return f"The program printed: {event.text.strip()}" if event.text.strip() else "The program printed a line."
        case ev.Raised():
            where = _at(state, event.span)
            return f"{event.exception}{where}: {event.sentence or event.message}"
        case ev.Finished():
            return event.sentence or "The program has ended."
        case _:
            assert_never(event)


def _text(state: StepState, value: int) -> str:
    return tensor_text(state.recording.value(value))


def _at(state: StepState, span: ev.Span | None) -> str:
    if span is None:
        return ""
    place = place_text(state.recording, span.file, span.line)
    return f", {place}" if place else ""


def _node_name(state: StepState, node: int) -> str:
    columns = state.recording.index.nodes
    leaf = int(columns.leaf[node])
    if leaf != ev.NONE:
        return f"{state.timeline.leaf_name(leaf)} (AccumulateGrad)"
    return columns.name(node)


def _called(event: ev.NodeCalled, state: StepState) -> str:
    received = " and ".join(_text(state, value) for value in event.grad_outputs[:_MOST_TARGETS])
    if len(event.grad_outputs) > _MOST_TARGETS:
        received += f" and {len(event.grad_outputs) - _MOST_TARGETS} more"
    edges = state.timeline.edges_out_of.of(event.node).tolist()
    sent = _sent(event, edges, state)
    name = _node_name(state, event.node)
    sends = f" and sends {sent}" if sent else ""
    where = _at(state, state.timeline.node_span(event.node))
    return f"{name} received {received or 'nothing'}{sends}{where}.{_hooks(event.hooks, state)}"


def _sent(event: ev.NodeCalled, edges: Iterable[int], state: StepState) -> str:
    columns = state.recording.index.edges
    parts: list[str] = []
    for edge in edges:
        slot = int(columns.source_slot[edge])
        if slot < len(event.grad_inputs):
            value = _text(state, event.grad_inputs[slot])
            parts.append(f"{value} to {_node_name(state, int(columns.target[edge]))}")
    return " and ".join(_few(parts))


def _few(parts: list[str]) -> list[str]:
    """The first of what is told, and how many more there are."""
    return parts if len(parts) <= _MOST_TARGETS else [*parts[:_MOST_TARGETS], f"{len(parts) - _MOST_TARGETS} more"]


def _hooks(changes: Iterable[ev.HookChange], state: StepState) -> str:
    sentences = [
        f" {f'The hook {hook.hook}' if hook.hook else 'A write in place'} changed {_text(state, hook.before)} into "
        f"{_text(state, hook.after)}."
        for hook in changes
    ]
    return "".join(sentences)


def _accumulated(event: ev.GradAccumulated, state: StepState) -> str:
    name = state.timeline.leaf_name(event.leaf)
    before, added, after = (_text(state, value) for value in (event.before, event.contribution, event.after))
    return f"{name}.grad: {before} + {added} = {after}."


def _ran(event: ev.OperationRan, state: StepState) -> str:
    results = " and ".join(_few([text for use in event.outputs if (text := _given(use, state))]))
    gave = f" gave {results}" if results else ""
    nodes = [node for node in event.nodes if node < len(state.recording.index.nodes)]
    made = ", ".join(state.recording.index.nodes.name(node) for node in nodes[:_MOST_TARGETS])
    if len(nodes) > _MOST_TARGETS:
        made += f" and {len(nodes) - _MOST_TARGETS} more"
    tail = f"; autograd made {made}" if made else "; autograd made no node" + _why(event)
    return f"{short_name(event.name)}{gave}{tail}{_at(state, event.span)}."


def _given(use: ev.TensorUse, state: StepState) -> str:
    name = state.timeline.tensor_name(use.tensor, state.event_number)
    value = "" if use.value == ev.NONE else _text(state, use.value)
    return f"{name} = {value}" if name and value else name or value


def _why(event: ev.OperationRan) -> str:
    match event.cut:
        case None if makes_leaf(event):
            return " (it is a leaf)"
        case None:
            return " (grad mode is off)" if was_off(event) else ""
        case "no_grad":
            return " (grad mode is off)"
        case "inference_mode":
            return " (in inference mode)"
        case "detach":
            return " (detached)"
        case "item":
            return " (the value left torch)"
        case "no_input_requires_grad":
            return " (no input requires grad)"
        case "dtype":
            return " (this dtype has no gradient)"
        case "new_tensor":
            return " (only the value was copied)"
        case _:
            assert_never(event.cut)


def _started(event: ev.BackwardStarted, state: StepState) -> str:
    roots: list[str] = []
    for root in event.roots[:_MOST_TARGETS]:
        roots.append(_root(root, state))
    if len(event.roots) > _MOST_TARGETS:
        roots.append(f"{len(event.roots) - _MOST_TARGETS} more")
    nested = " within another pass" if event.parent != ev.NONE else ""
    start = " and ".join(roots) or "nothing"
    name = pass_name(state.recording, event.pass_id)
    return f"{short_name(event.call)}() starts pass {name}{nested} at {start}{_at(state, event.span)}."


def _root(root: ev.Root, state: StepState) -> str:
    name = "" if root.tensor == ev.NONE else state.timeline.tensor_name(root.tensor)
    if root.node == ev.NONE:
        return f"{name}, which requires no grad" if name else "a tensor that requires no grad"
    known = name or _node_name(state, root.node)
    if root.seed == ev.NONE:
        return f"{known} without a seed"
    return f"{known} with {'the implicit seed' if root.implicit else 'the seed'} {_text(state, root.seed)}"


def _finished(event: ev.BackwardFinished, state: StepState) -> str:
    name = pass_name(state.recording, event.pass_id)
    if event.error:
        return f"Pass {name} ended with an error: {explain_failed_pass(state.timeline, event)}"
    if not event.returned:
        return f"Pass {name} has finished."
    given = _few([f"{_asked_for(each, state)}: {_text(state, each.value)}" for each in event.returned])
    what = "gradient" if len(event.returned) == 1 else "gradients"
    changes = [change for each in event.returned for change in each.hooks]
    return f"Pass {name} has finished and gives back the {what} of {', '.join(given)}.{_hooks(changes, state)}"


def _asked_for(returned: ev.Returned, state: StepState) -> str:
    name = "" if returned.tensor == ev.NONE else state.timeline.tensor_name(returned.tensor, state.event_number)
    return name or _node_name(state, returned.node)


def _changed(event: ev.GradCleared | ev.GradWritten | ev.LeafUpdated, state: StepState) -> str:
    name = state.timeline.leaf_name(event.leaf)
    before, after = _text(state, event.before), _text(state, event.after)
    by = f" by {event.how}" if event.how else ""
    match event:
        case ev.GradCleared():
            return f"{name}.grad was cleared{by}: {before} became {after}{_at(state, event.span)}."
        case ev.GradWritten():
            return f"{name}.grad was written{by}: {before} became {after}{_at(state, event.span)}."
        case ev.LeafUpdated():
            return f"{name} was updated{by}: {before} became {after}{_at(state, event.span)}."
        case _:
            assert_never(event)


def _mutated(event: ev.TensorMutated, state: StepState) -> str:
    name = state.timeline.tensor_name(event.tensor, state.event_number) or "A tensor"
    saved = ""
    if event.saved_by:
        saved = f" {_node_name(state, event.saved_by[0])} had saved the old one and can no longer run backward."
    versions = f"version {event.version_before} became {event.version_after}"
    return f"{name} was changed in place ({versions}){_at(state, event.span)}.{saved}"
