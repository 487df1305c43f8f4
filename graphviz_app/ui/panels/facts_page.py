"""What the inspector is about: what is selected, else what happens now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphviz_app.recording import events as ev
from graphviz_app.ui.panels.facts import Page, Paragraph, Section, section
from graphviz_app.ui.panels.facts_flow import edge_page, line_rows, line_title, operation_page
from graphviz_app.ui.panels.facts_group import group_page
from graphviz_app.ui.panels.facts_leaf import leaf_page
from graphviz_app.ui.panels.facts_node import node_page
from graphviz_app.ui.panels.facts_pass import pass_sections, passes_on_line
from graphviz_app.ui.panels.words import event_in_words

if TYPE_CHECKING:
    from graphviz_app.timeline import StepState


_ELSE = "What else is shown here"
_HINT = Paragraph("Select a node, an edge or a leaf of the graph to see all that is known about it.")


def page_of(state: StepState, selection: tuple[Any, ...]) -> Page | None:
    """The page for a selection at a step; None where there is nothing to say."""
    index = state.recording.index
    match selection:
        case ("node", int(node)) if 0 <= node < len(index.nodes):
            leaf = int(index.nodes.leaf[node])
            return leaf_and_node(state, leaf, node) if leaf != ev.NONE else node_page(state, node)
        case ("edge", int(edge)) if 0 <= edge < len(index.edges):
            return edge_page(state, edge)
        case ("leaf", int(leaf)) if state.timeline.leaf_summary(leaf) is not None:
            return leaf_page(state, leaf)
        case ("operation", int(number)) if 0 <= number < len(index.operation_events):
            return operation_page(state, number)
        case ("line", int(file), int(line)):
            return _line_page(state, file, line)
        case ("group", tuple(path)):
            return group_page(state, path) or _now(state)
        case _:
            return _now(state)


def leaf_and_node(state: StepState, leaf: int, node: int) -> Page:
    """An AccumulateGrad node is its leaf: both, the leaf first."""
    about_leaf, about_node = leaf_page(state, leaf), node_page(state, node)
    known = {one.title for one in about_leaf.sections}
    rest = tuple(one for one in about_node.sections if one.title not in known)
    return Page(f"{about_leaf.title} (AccumulateGrad)", about_node.subtitle, about_leaf.sections + rest)


def _line_page(state: StepState, file: int, line: int) -> Page | None:
    """What the line did, and above it what happens now: the text cursor always stands on some line."""
    rows = line_rows(state, file, line)
    now = _now(state)
    about_line: tuple[Section, ...] = section(line_title(state, file, line), rows)
    for started in passes_on_line(state, file, line):
        if started != state.event:
            about_line += pass_sections(state, started)
    if not about_line:
        return now
    if now is None:
        return Page(f"Line {line}", "", about_line)
    return Page(now.title, now.subtitle, now.sections + about_line)


def _now(state: StepState) -> Page | None:
    """What the step itself is about."""
    match state.event:
        case ev.NodeCalled(node=node):
            return page_of(state, ("node", node))
        case ev.GradAccumulated(leaf=leaf) | ev.GradCleared(leaf=leaf) | ev.GradWritten(leaf=leaf):
            return leaf_page(state, leaf)
        case ev.LeafUpdated(leaf=leaf):
            return leaf_page(state, leaf)
        case ev.OperationRan(operation=operation):
            return operation_page(state, operation)
        case None:
            return None
        case event:
            known = pass_sections(state, event) if isinstance(event, ev.BackwardStarted) else ()
            return Page("Step", event_in_words(state.timeline, event), known + section(_ELSE, [_HINT]))
