"""What `explain` says about a node or a leaf, as rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.explain.rules import rule_of
from graphviz_app.ui.panels.facts import Formula, Paragraph, Row

if TYPE_CHECKING:
    from graphviz_app.timeline import StepState


def formula_rows(state: StepState, node: int) -> list[Row]:
    """The derivative rule of a node, and the rule with this call's numbers."""
    rule = rule_of(state.recording.index.nodes.name(node))
    return [] if rule is None else [Formula(rule.formula), Paragraph(rule.words)]


def check_rows(state: StepState, node: int) -> list[Row]:
    """Whether the recorded gradients are what the rule gives."""
    return []


def missing_rows(state: StepState, leaf: int) -> list[Row]:
    """Why a leaf's `.grad` is None."""
    return []
