"""How a backward pass was started: from where, with which seeds, and what the engine was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.recording.passes import pass_name
from graphviz_app.scene.words import short_name
from graphviz_app.ui.panels.facts import Fact, Paragraph, Row, Section, Value, section
from graphviz_app.ui.panels.facts_node import line_fact, node_label

if TYPE_CHECKING:
    from graphviz_app.timeline import StepState

_MOST = 8
"""Roots, inputs, and passes of one line, that are listed."""


def pass_sections(state: StepState, started: ev.BackwardStarted) -> tuple[Section, ...]:
    """What is known of a pass before any node runs."""
    title = f"Backward pass {pass_name(state.recording, started.pass_id)}"
    return (*section(title, _told(state, started)), *section("Starts from", _roots(state, started)))


def passes_on_line(state: StepState, file: int, line: int) -> list[ev.BackwardStarted]:
    """The passes of this chapter that a line has started by now."""
    columns, starts = state.recording.index.events, state.timeline.pass_starts
    first, end = np.searchsorted(starts, [state.chapter.first_event, state.event_number + 1])
    numbers = starts[first:end]
    numbers = numbers[(columns.file[numbers] == file) & (columns.line[numbers] == line)][:_MOST]
    events = (state.recording.event(number) for number in numbers.tolist())
    return [event for event in events if isinstance(event, ev.BackwardStarted)]


def _told(state: StepState, started: ev.BackwardStarted) -> list[Row]:
    keeps = "kept for another pass" if started.retain_graph else "freed as the nodes run"
    rows: list[Row] = [
        Fact("call", f"{short_name(started.call)}()"),
        *line_fact("line", started.span, state),
        Fact("retain_graph", f"{started.retain_graph}: what the graph saved is {keeps}"),
    ]
    if started.create_graph:
        rows.append(Fact("create_graph", "True: what the pass computes becomes a graph of its own"))
    if not started.accumulates:
        rows.append(Paragraph("It writes no .grad: the gradients are given back to the caller."))
    if started.inputs:
        rows.append(Paragraph("It goes only where inputs= asks for a gradient:"))
        rows += [Fact("to", node_label(state, node), ("node", node)) for node in started.inputs[:_MOST]]
    if started.parent != ev.NONE:
        rows.append(Fact("within", f"pass {pass_name(state.recording, started.parent)}"))
    if started.thread:
        rows.append(Fact("thread", started.thread))
    return rows


def _roots(state: StepState, started: ev.BackwardStarted) -> list[Row]:
    rows: list[Row] = []
    for root in started.roots[:_MOST]:
        name = "" if root.tensor == ev.NONE else state.timeline.tensor_name(root.tensor)
        if root.node == ev.NONE:
            rows.append(Paragraph(f"{name or 'a tensor'} requires no grad: there is no graph behind it.", alarm=True))
            continue
        label = f"seed of {name or node_label(state, root.node)}"
        note = "implicit" if root.implicit else ""
        rows.append(Value(label, state.recording.value(root.seed), note, ("node", root.node)))
    if len(started.roots) > _MOST:
        rows.append(Paragraph(f"and {len(started.roots) - _MOST:,} more"))
    return rows
