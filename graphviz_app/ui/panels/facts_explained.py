"""What `explain` says about a node, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.explain.missing import why_no_grad
from graphviz_app.explain.node import explain_node
from graphviz_app.recording.values import record_array
from graphviz_app.ui.panels.facts import Fact, Formula, Paragraph, Row, Section, Value, section
from graphviz_app.ui.panels.words import line_place

if TYPE_CHECKING:
    from graphviz_app.explain.node import NodeExplanation
    from graphviz_app.timeline import StepState

_MOST_FORMULAS = 3


def explained(state: StepState, node: int) -> NodeExplanation:
    """What is to be said about a node at a step."""
    return explain_node(state.recording, state.timeline, node, state.step)


def formula_sections(said: NodeExplanation) -> tuple[Section, ...]:
    """The derivative rule, the rule with this call's numbers, and both in words."""
    rule: list[Row] = [Formula(latex) for latex in single_formulas(said.formula_latex)]
    numbers: list[Row] = [Formula(latex) for latex in said.all_numbers_latex[:_MOST_FORMULAS]]
    wrong = any(check.agrees is False for check in said.checks)
    words: list[Row] = [
        Paragraph(sentence, alarm=wrong and place == len(said.sentences) - 1)
        for place, sentence in enumerate(said.sentences)
    ]
    if said.source:
        words.append(Fact("source of the rule", said.source))
    return (
        *section("Formula", rule),
        *section("With numbers", numbers),
        *section("In words", words),
        *section("Expected by the rule", _expected(said)),
    )


def single_formulas(latex: str) -> list[str]:
    r"""The formulas that stand beside each other with \qquad between them; below each other they fit a narrow panel."""
    return [part.strip().removesuffix(",") for part in latex.split(r"\qquad") if part.strip()]


def _expected(said: NodeExplanation) -> list[Row]:
    """What the rule says should have gone out, where that is not what did."""
    return [
        Value(f"grad_inputs[{check.slot}]", record_array(check.computed), "by the rule")
        for check in said.checks
        if check.agrees is False and check.computed is not None
    ]


def saved_rows(state: StepState, said: NodeExplanation) -> list[Row]:
    """The tensors of the forward pass that the rule needs."""
    return [
        Value(
            saved.name if saved.name == saved.what else f"{saved.name} ({saved.what})",
            state.recording.value(saved.value),
        )
        for saved in said.saved
    ]


def missing_rows(state: StepState, leaf: int) -> list[Row]:
    """Why a leaf's `.grad` is None at this step, with the line and the operation that are to blame."""
    missing = why_no_grad(state.timeline, leaf, state.step)
    if missing is None:
        return []
    rows: list[Row] = [Paragraph(missing.sentence, alarm=missing.cause not in ("not yet", "cleared"))]
    if missing.span is not None and missing.span.line > 0:
        rows.append(
            Fact("because of line", line_place(state, missing.span), ("line", missing.span.file, missing.span.line))
        )
    operation = state.recording.operation(missing.operation)
    if operation is not None:
        rows.append(Fact("because of", operation.name, ("operation", missing.operation)))
    return rows
