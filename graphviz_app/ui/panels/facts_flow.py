"""All that is known about an edge, an operation, or a line, at a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.scene.numbers import count_text
from graphviz_app.scene.words import makes_leaf, was_off
from graphviz_app.ui.panels.facts import Fact, Page, Paragraph, Row, Value, section
from graphviz_app.ui.panels.facts_node import line_fact, line_text, node_label, operation_values
from graphviz_app.ui.panels.words import operation_name

if TYPE_CHECKING:
    from graphviz_app.timeline import StepState

_MOST = 20


def edge_page(state: StepState, edge: int) -> Page:
    """From where to where, and what travelled."""
    edges = state.recording.index.edges
    source, target = int(edges.source[edge]), int(edges.target[edge])
    source_slot, target_slot = int(edges.source_slot[edge]), int(edges.target_slot[edge])
    rows: list[Row] = [
        Fact("from", f"{node_label(state, source)}, grad_inputs[{source_slot}]", ("node", source)),
        Fact("to", f"{node_label(state, target)}, grad_outputs[{target_slot}]", ("node", target)),
    ]
    call = state.call(source)
    waits = state.may_still_run(source)
    if call is None:
        phase = "waits" if waits else "carries nothing in this pass"
        words = "Nothing has travelled on it yet in this pass." if waits else "Nothing travels on it in this pass."
        travelled: list[Row] = [Paragraph(words)]
    else:
        value = state.contribution(edge)
        phase = "has carried its gradient" if value != ev.NONE else "has carried None: no gradient"
        travelled = [Value("gradient", state.recording.value(value))]
        changes = [one for one in call.hooks if one.direction == "grad_inputs" and one.slot == source_slot]
        for change in changes:
            travelled += [
                Value(
                    f"before hook {change.hook}" if change.hook else "before it was written on",
                    state.recording.value(change.before),
                ),
                Value("after it", state.recording.value(change.after)),
                *line_fact("hook on line", change.span, state),
            ]
    shared = sum(
        1 for other in state.timeline.edges_into.of(target).tolist() if edges.target_slot[other] == target_slot
    )
    if shared > 1:
        travelled.append(
            Paragraph(f"It is one of {shared} contributions that are added up in {node_label(state, target)}.")
        )
    return Page(
        "Edge",
        phase,
        (*section("Edge", rows), *section("Travelled", travelled)),
    )


def operation_page(state: StepState, number: int) -> Page:
    """An operation: its line, values, and the nodes it made, or why it made none."""
    operation = state.recording.operation(number)
    if operation is None:
        return Page("Operation", "is not recorded", ())
    names = state.recording.index.nodes
    identity = [
        *line_fact("line", operation.span, state),
        *([Fact("module", operation.module)] if operation.module else []),
        *([Fact("arguments", operation.parameters)] if operation.parameters else []),
        *[Fact("made", node_label(state, node), ("node", node)) for node in operation.nodes if node < len(names)],
    ]
    cut: list[Row] = [] if operation.cut is None else [Paragraph(cut_text(operation.cut), alarm=True)]
    sections = (
        *section("Operation", identity),
        *section("Why autograd does not go on here", cut),
        *section("Values", operation_values(state, operation)),
    )
    return Page(operation_name(operation.name), _seen(operation), sections)


def _seen(operation: ev.OperationRan) -> str:
    """What autograd made of an operation, in a few words."""
    if operation.nodes:
        return "is part of the graph"
    if makes_leaf(operation):
        return "made a leaf: here a graph may begin"
    return "ran while grad mode was off" if was_off(operation) else "is not part of the graph"


def cut_text(cut: ev.Cut) -> str:
    """Why a value went on but the graph did not, in a sentence."""
    match cut:
        case "no_grad":
            return (
                "Grad mode was off (no_grad(), set_grad_enabled(False), inside a Function): autograd records nothing "
                "then, so no gradient comes back through it."
            )
        case "inference_mode":
            return "It ran under torch.inference_mode(): its results can never take part in autograd."
        case "detach":
            return "detach() (or .data) gives the same values without their history: gradients stop here."
        case "item":
            return "The value left torch (.item(), .tolist(), .numpy()): autograd cannot follow it there."
        case "no_input_requires_grad":
            return "None of its inputs has requires_grad=True: there is nothing to differentiate."
        case "dtype":
            return "Its result holds integers or truth values, which have no gradient."
        case "new_tensor":
            return "torch.tensor(...) copied the values alone: the new tensor has no history."
        case _:
            assert_never(cut)


def line_rows(state: StepState, file: int, line: int) -> list[Row]:
    """The operations of a line, newest first up to now, each with the nodes it made."""
    index = state.recording.index
    numbers = index.operation_events
    known = numbers[numbers != ev.NONE]
    on_line = known[(index.events.line[known] == line) & (index.events.file[known] == file)]
    happened = np.sort(on_line[on_line <= state.event_number])[::-1]
    rows: list[Row] = []
    for number in happened[:_MOST].tolist():
        event = state.recording.event(number)
        if isinstance(event, ev.OperationRan):
            nodes = ", ".join(index.nodes.name(node) for node in event.nodes[:4])
            target = ("node", event.nodes[-1]) if event.nodes else ("operation", event.operation)
            rows.append(Fact(operation_name(event.name), nodes or "no node: autograd does not see it", target))
    if len(happened) > _MOST:
        rows.append(Paragraph(f"{count_text(len(happened) - _MOST, 'earlier operation')} on this line."))
    return rows


def line_title(state: StepState, file: int, line: int) -> str:
    """The line with its text."""
    text = line_text(state, file, line)
    return f"Line {line}: {text}" if text else f"Line {line}"
