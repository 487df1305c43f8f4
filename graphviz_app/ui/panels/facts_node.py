"""All that is known about a node at a step."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from graphviz_app.recording import events as ev
from graphviz_app.recording.in_place import writes_on
from graphviz_app.recording.passes import pass_name
from graphviz_app.recording.syntax import lines_of
from graphviz_app.scene.numbers import count_text
from graphviz_app.timeline import Phase
from graphviz_app.ui.panels.facts import Code, Fact, Page, Paragraph, Row, Section, Value, section
from graphviz_app.ui.panels.facts_explained import explained, formula_sections, saved_rows
from graphviz_app.ui.panels.words import line_place, operation_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from graphviz_app.timeline import StepState

_DEFINITION_LINES = 40


def node_page(state: StepState, node: int) -> Page:
    """The node's name, what came in, what went out, why, and from where."""
    name = state.recording.index.nodes.name(node)
    said = explained(state, node)
    formula, *words = formula_sections(said)
    sections = (
        *section("Node", _identity(state, node)),
        formula,
        *section("Received: grad_outputs", _received(state, node)),
        *section("Sends: grad_inputs", _sent(state, node)),
        *section("Changed by hooks", _hooks(state, node)),
        *section("Given back", returned_rows(state, [node])),
        *words,
        *section("Saved for backward", saved_rows(state, said)),
        *section("Forward", _forward(state, node), is_open=False),
        *_definition(state, node),
    )
    is_wanted = state.call(node) is None and any(one.node == node for one in state.returned)
    return Page(name, "did not run: its gradient was asked for" if is_wanted else _phase(state, node), sections)


def line_fact(name: str, span: ev.Span | None, state: StepState) -> list[Row]:
    """A line of the program that can be gone to, with its text."""
    if span is None or span.line <= 0:
        return []
    source = line_text(state, span.file, span.line)
    place = line_place(state, span)
    return [Fact(name, f"{place}: {source}" if source else place, ("line", span.file, span.line))]


def line_text(state: StepState, file: int, line: int) -> str:
    """The text of a line of a recorded file, without its indentation; "" where it is not recorded."""
    sources = state.recording.sources
    lines = lines_of(sources[file].text) if 0 <= file < len(sources) else []
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""


def node_label(state: StepState, node: int) -> str:
    """A node's name with the variable it stands for: "MulBackward0 (y)"."""
    name, variable = state.recording.index.nodes.name(node), state.timeline.node_variable(node)
    return f"{name} ({variable})" if variable else name


def _phase(state: StepState, node: int) -> str:
    phase = state.node_phase(node)
    match phase:
        case Phase.UNBORN:
            return "is not made yet"
        case Phase.BORN:
            return "waits for its gradient" if state.may_still_run(node) else "does not run in this pass"
        case Phase.RECEIVING:
            return _receiving(state, node)
        case Phase.RUNNING:
            return "runs now"
        case Phase.DONE:
            return "has run in this pass"
        case _:
            assert_never(phase)


def _receiving(state: StepState, node: int) -> str:
    if not state.arrivals.was_given(node):
        return "was sent None so far" if state.may_still_run(node) else "was sent None: it does not run in this pass"
    if not state.may_still_run(node):
        return "received a gradient, but the pass ended before it ran"
    if state.is_complete(node):
        return "has its whole gradient, and runs when its turn comes"
    return "is receiving: it runs when all contributions have arrived"


def _identity(state: StepState, node: int) -> list[Row]:
    timeline, nodes = state.timeline, state.recording.index.nodes
    operation = state.recording.operation(int(nodes.operation[node]))
    variable, leaf = timeline.node_variable(node), int(nodes.leaf[node])
    rows: list[Row] = []
    if variable:
        rows.append(
            Fact("leaf" if leaf != ev.NONE else "variable", variable, ("leaf", leaf) if leaf != ev.NONE else ())
        )
    if operation is not None:
        arguments = f"({operation.parameters})" if operation.parameters else ""
        rows.append(Fact("operation", operation_name(operation.name) + arguments, ("operation", operation.operation)))
        rows += line_fact("line", operation.span, state)
        if operation.module:
            kind = f" ({operation.module_type})" if operation.module_type else ""
            rows.append(Fact("module", operation.module + kind))
    rows += _within(state, node)
    made_in = int(nodes.made_in_pass[node])
    if made_in != ev.NONE:
        rows.append(Fact("made by", f"backward pass {pass_name(state.recording, made_in)} (create_graph)"))
    coming = timeline.next_call_of(state.step, node)
    if coming is not None:
        rows.append(Fact("next call", f"step {coming:,}", step=coming))
    return rows


def _within(state: StepState, node: int) -> list[Row]:
    """The groups around a node: calls, rounds of loops, modules."""
    # Imports networkx, which only somebody who has a picture has loaded already.
    from graphviz_app.graph.cache import known_structure

    structure = known_structure(state.timeline, state.chapter)
    path = () if structure is None else structure.grouping.paths.get(node, ())
    if structure is None or not path:
        return []
    titles = [structure.grouping.groups[path[:depth]].title for depth in range(1, len(path) + 1)]
    return [Fact("within", " › ".join(titles))]


def _received(state: StepState, node: int) -> list[Row]:
    """Each slot: where contributions meet, every arrival and then their sum."""
    recording, edges = state.recording, state.recording.index.edges
    call = state.arrivals.shown_call(node)
    slots = max(int(recording.index.nodes.slots[node]), 0 if call is None else len(call.grad_outputs))
    rows: list[Row] = []
    for slot in range(slots):
        arrivals = state.arrivals.of(node, slot)
        coming = state.coming(node, slot)
        name = "grad_output" if slots == 1 else f"grad_outputs[{slot}]"
        if call is None and not arrivals:
            continue
        if len(arrivals) > 1 or call is None:
            for edge, value in arrivals:
                source = "seed" if edge == ev.NONE else f"from {node_label(state, int(edges.source[edge]))}"
                target = () if edge == ev.NONE else ("edge", edge)
                rows.append(Value(source, recording.value(value), target=target))
        if call is not None and slot < len(call.grad_outputs):
            name = f"sum = {name}" if len(arrivals) > 1 else name
            rows.append(Value(name, recording.value(call.grad_outputs[slot])))
        elif len(arrivals) < coming:
            rows.append(Paragraph(f"{len(arrivals)} of {count_text(coming, 'contribution')} so far."))
    if not rows:
        comes = state.may_still_run(node)
        rows.append(Paragraph("Nothing has arrived yet." if comes else "Nothing arrives in this pass."))
    return rows


def _sent(state: StepState, node: int) -> list[Row]:
    recording, call = state.recording, state.call(node)
    edges = {
        int(recording.index.edges.source_slot[edge]): edge for edge in state.timeline.edges_out_of.of(node).tolist()
    }
    if int(recording.index.nodes.leaf[node]) != ev.NONE:
        return [Paragraph("Nothing goes on from here: it adds what it received to the leaf's .grad.")]
    if call is None:
        comes = state.may_still_run(node)
        words = "It has not run yet." if comes else "It does not run in this pass."
        return [Paragraph(words)] if edges else []
    rows: list[Row] = []
    for slot, value in enumerate(call.grad_inputs):
        edge = edges.get(slot)
        if edge is None and value == ev.NONE:
            continue
        target = "nobody" if edge is None else node_label(state, int(recording.index.edges.target[edge]))
        rows.append(
            Value(
                f"grad_inputs[{slot}] to {target}",
                recording.value(value),
                target=() if edge is None else ("edge", edge),
            )
        )
    return rows or [Paragraph("It sends nothing on.")]


def returned_rows(state: StepState, nodes: Collection[int]) -> list[Row]:
    """The gradients of nodes that the pass has given back to whoever called it."""
    rows: list[Row] = []
    for one in state.returned:
        if one.node in nodes:
            what = f"by pass {pass_name(state.recording, state.pass_id)}"
            if one.value == ev.NONE:
                rows.append(Paragraph(f"None {what}: what it started from does not depend on it."))
            else:
                rows.append(Value(what, state.recording.value(one.value)))
            rows += _change_rows(state, one.hooks)
    return rows


def _hooks(state: StepState, node: int) -> list[Row]:
    call = state.call(node)
    return [] if call is None else _change_rows(state, call.hooks)


def _change_rows(state: StepState, changes: Iterable[ev.HookChange]) -> list[Row]:
    rows: list[Row] = []
    for change in changes:
        what = f"{change.direction}[{change.slot}]"
        rows.append(Fact("hook", f"{change.hook} changed {what}") if change.hook else Fact("written in place", what))
        rows += line_fact("line", change.span, state)
        rows.append(Value("before", state.recording.value(change.before)))
        rows.append(Value("after", state.recording.value(change.after)))
    return rows


def _forward(state: StepState, node: int) -> list[Row]:
    operation = state.recording.operation(int(state.recording.index.nodes.operation[node]))
    return [] if operation is None else operation_values(state, operation)


def operation_values(state: StepState, operation: ev.OperationRan) -> list[Row]:
    """What an operation took and gave."""
    taken = [_use_row(state, operation, use, f"input {use.argument}".strip()) for use in operation.inputs]
    given = [_use_row(state, operation, use, "output") for use in operation.outputs]
    return [*taken, *given]


def _use_row(state: StepState, operation: ev.OperationRan, use: ev.TensorUse, kind: str) -> Row:
    name = _use_name(state, use, kind)
    if use.value != ev.NONE:
        return Value(name, state.recording.value(use.value))
    written = use.argument and writes_on(operation.name, use.argument)
    return Fact(name, "what it held before this wrote on it is not recorded" if written else "not recorded")


def _use_name(state: StepState, use: ev.TensorUse, kind: str) -> str:
    name = state.timeline.tensor_name(use.tensor)
    return f"{kind}: {name}" if name else kind


def _definition(state: StepState, node: int) -> tuple[Section, ...]:
    """The source of a custom Function's backward."""
    span = state.recording.index.nodes.definitions.get(node)
    sources = state.recording.sources
    if span is None or not 0 <= span.file < len(sources):
        return ()
    end = span.end_line if span.end_line >= span.line else span.line
    lines = lines_of(sources[span.file].text)[span.line - 1 : min(end, span.line + _DEFINITION_LINES)]
    rows: list[Row] = [*line_fact("written on line", span, state), Code("\n".join(lines), span.line)]
    return section("Source of its backward", rows)
