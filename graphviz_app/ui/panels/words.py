"""A step in words: for tooltips and for people who do not see the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from graphviz_app.explain.pass_errors import explain_failed_pass
from graphviz_app.recording import events as ev
from graphviz_app.recording.passes import pass_name
from graphviz_app.scene.numbers import tensor_text
from graphviz_app.scene.words import place_text, short_name

if TYPE_CHECKING:
    from graphviz_app.timeline import StepState, Timeline


def step_in_words(timeline: Timeline, step: int) -> str:
    """What happened at a step, in one sentence."""
    event = timeline.event(step)
    return "Nothing has run yet." if event is None else event_in_words(timeline, event)


def event_in_words(timeline: Timeline, event: ev.StepEvent) -> str:
    """What an event was, in one sentence with its values."""
    match event:
        case ev.OperationRan():
            return _operation(timeline, event)
        case ev.BackwardStarted():
            call = event.call.removeprefix("torch.")
            return f"{call}() starts backward pass {pass_name(timeline.recording, event.pass_id)}{on_line(event.span)}."
        case ev.NodeCalled():
            return _call(timeline, event)
        case ev.GradAccumulated() | ev.GradCleared() | ev.GradWritten() | ev.LeafUpdated():
            return _leaf(timeline, event)
        case ev.TensorMutated():
            return _mutation(timeline, event)
        case ev.BackwardFinished():
            ending = f"stops with an error: {explain_failed_pass(timeline, event)}" if event.error else "has finished"
            return f"Backward pass {pass_name(timeline.recording, event.pass_id)} {ending}."
        case ev.Printed():
            return f"The program prints {shortened(event.text.rstrip())!r}."
        case ev.Raised():
            return f"{event.exception}{on_line(event.span)}: {event.sentence or shortened(event.message)}"
        case ev.Finished():
            return event.sentence or f"The program has ended ({event.how}, exit status {event.status})."
        case _:
            assert_never(event)


def operation_name(name: str) -> str:
    """The last part of a qualified name: "torch.Tensor.add" is "add"; of `apply` whose it is."""
    owner, _, last = name.rpartition(".")
    return short_name(name) if last == "apply" and owner else last


def on_line(span: ev.Span | None) -> str:
    """Such as " on line 9", or nothing where the line is unknown."""
    return f" on line {span.line}" if span is not None and span.line > 0 else ""


def shortened(text: str, most: int = 120) -> str:
    """The text, cut with an ellipsis where it is long."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _value(timeline: Timeline, value: int) -> str:
    return tensor_text(timeline.recording.value(value))


def _values(timeline: Timeline, values: tuple[int, ...]) -> str:
    few = [_value(timeline, value) for value in values[:3]]
    return ", ".join([*few, "…"] if len(values) > 3 else few)


def _operation(timeline: Timeline, event: ev.OperationRan) -> str:
    gives = _values(timeline, tuple(use.value for use in event.outputs))
    seen = "" if event.cut is None else f" Autograd does not see it ({event.cut.replace('_', ' ')})."
    result = f" gives {gives}" if event.outputs else " ran"
    return f"{operation_name(event.name)}{on_line(event.span)}{result}.{seen}"


def _call(timeline: Timeline, event: ev.NodeCalled) -> str:
    name = timeline.recording.index.nodes.name(event.node)
    received = f"{name} received {_values(timeline, event.grad_outputs)}"
    if event.grad_inputs:
        return f"{received}, sends {_values(timeline, event.grad_inputs)}."
    return f"{received}."


def _leaf(timeline: Timeline, event: ev.GradAccumulated | ev.GradCleared | ev.GradWritten | ev.LeafUpdated) -> str:
    name = timeline.leaf_name(event.leaf)
    before, after = _value(timeline, event.before), _value(timeline, event.after)
    match event:
        case ev.GradAccumulated():
            return f"{name}.grad: {before} + {_value(timeline, event.contribution)} = {after}."
        case ev.GradCleared():
            return f"{event.how or 'A clear'}{on_line(event.span)} clears {name}.grad: {before} becomes {after}."
        case ev.GradWritten():
            return f"{event.how or 'The program'}{on_line(event.span)} writes {name}.grad: {before} becomes {after}."
        case ev.LeafUpdated():
            return f"{event.how or 'The program'}{on_line(event.span)} updates {name}: {before} becomes {after}."
        case _:
            assert_never(event)


def _mutation(timeline: Timeline, event: ev.TensorMutated) -> str:
    name = timeline.tensor_name(event.tensor) or f"tensor {event.tensor}"
    versions = f"version {event.version_before} becomes {event.version_after}"
    harm = ""
    if event.saved_by:
        nodes = ", ".join(timeline.recording.index.nodes.name(node) for node in event.saved_by[:3])
        harm = f" {nodes} had saved the old one and can no longer run."
    return f"{name} is written in place{on_line(event.span)}: {versions}.{harm}"


def line_place(state: StepState, span: ev.Span) -> str:
    """A line's number, with the name of its file where that is not the program."""
    return place_text(state.recording, span.file, span.line).removeprefix("line ")
