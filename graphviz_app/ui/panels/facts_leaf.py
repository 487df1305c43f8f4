"""All that is known about a leaf at a step: its value, its `.grad`, and the story of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.recording import events as ev
from graphviz_app.scene.numbers import count_text, shape_text
from graphviz_app.session.selection import nodes_of
from graphviz_app.ui.panels.facts import Fact, Page, Paragraph, Row, Value, section
from graphviz_app.ui.panels.facts_explained import missing_rows
from graphviz_app.ui.panels.facts_node import returned_rows
from graphviz_app.ui.panels.ledger_words import row_text

if TYPE_CHECKING:
    from graphviz_app.timeline import StepState

_CHAPTERS_TOLD = 12


def leaf_page(state: StepState, leaf: int) -> Page:
    """The leaf's name, value, `.grad`, and how they came about."""
    recording = state.recording
    name = state.timeline.leaf_name(leaf)
    grad = recording.value(state.leaf_grad(leaf))
    sections = (
        *section("Leaf", _identity(state, leaf)),
        *section(".grad", [Value(f"{name}.grad", grad), *missing_rows(state, leaf)]),
        *section("Given back", returned_rows(state, nodes_of(state.timeline, ("leaf", leaf)))),
        *section("Value", [Value(name, recording.value(state.leaf_value(leaf)))]),
        *section("What happened to it", _story(state, leaf)),
    )
    return Page(name, "holds a gradient" if grad is not None else "has no gradient: its .grad is None", sections)


def _identity(state: StepState, leaf: int) -> list[Row]:
    summary = state.timeline.leaf_summary(leaf)
    if summary is None:
        return []
    value = state.recording.value(state.leaf_value(leaf))
    kind = "parameter" if summary.is_parameter else "non-leaf that retains its grad" if summary.retains_grad else "leaf"
    rows: list[Row] = [Fact("kind", kind)]
    if value is not None:
        rows.append(Fact("shape", f"{shape_text(value.shape)} · {value.dtype}"))
    rows.append(
        Fact("AccumulateGrad", f"{count_text(len(nodes_of(state.timeline, ('leaf', leaf))), 'node')} in this run")
    )
    return rows


def _story(state: StepState, leaf: int) -> list[Row]:
    """The last few changes up to now, newest first, each a way back to its step."""
    ledger = state.timeline.ledger
    positions = ledger.positions_of(leaf)
    happened = int((positions < ledger.position_at(state.event_number)).sum()) if state.event_number != ev.NONE else 0
    rows: list[Row] = []
    for position in reversed(positions[max(happened - _CHAPTERS_TOLD, 0) : happened].tolist()):
        entry = ledger.entry(position)
        text = row_text(state.timeline, entry)
        line = f", line {text.line}" if text.line else ""
        rows.append(Fact(f"{text.what}{line}", text.sentence(), step=entry.step))
    if happened > _CHAPTERS_TOLD:
        rows.append(Paragraph(f"{happened - _CHAPTERS_TOLD:,} earlier ones are in the ledger."))
    coming = len(positions) - happened
    if coming:
        following = ledger.entry(int(positions[happened]))
        rows.append(Fact("next", f"{count_text(coming, 'change')} to come", step=following.step))
    return rows or [Paragraph("Nothing has happened to it in this run.")]
