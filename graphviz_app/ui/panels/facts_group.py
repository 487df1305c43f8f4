"""All that is known about a group of nodes at a step: how far it is, what comes in and goes out, and its leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.scene.numbers import count_text
from graphviz_app.timeline import Phase
from graphviz_app.ui.panels.facts import Fact, Page, Paragraph, Row, Value, section
from graphviz_app.ui.panels.facts_node import node_label

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.timeline import StepState

_MOST = 12


def group_page(state: StepState, path: tuple[str, ...]) -> Page | None:
    """The group's nodes, the gradients that cross its border, its leaves' `.grad`; None where it is not known."""
    # Imports networkx, which only somebody who has a picture has loaded already.
    from graphviz_app.graph.cache import known_structure

    structure = known_structure(state.timeline, state.chapter)
    group = None if structure is None else structure.grouping.groups.get(path)
    if structure is None or group is None:
        return None
    paths = structure.grouping.paths
    inside = np.array([key for key, at in paths.items() if isinstance(key, int) and at[: len(path)] == path], np.int64)
    leaves = state.recording.index.nodes.leaf[inside]
    nodes = inside[leaves == ev.NONE]
    outer = [structure.grouping.groups[path[:depth]].title for depth in range(1, len(path))]
    done = int((state.node_phases(nodes) == Phase.DONE).sum())
    identity: list[Row] = [
        *([Fact("within", " › ".join(outer))] if outer else []),
        Fact("nodes", f"{done:,} of {len(nodes):,} have run in this pass"),
    ]
    sections = (
        *section("Group", identity),
        *section("Comes in", _crossing(state, inside, inwards=True)),
        *section("Goes out", _crossing(state, inside, inwards=False)),
        *section("Leaves", _leaves(state, np.unique(leaves[leaves != ev.NONE]))),
    )
    return Page(group.title, group.subtitle, sections)


def _crossing(state: StepState, inside: npt.NDArray[np.int64], *, inwards: bool) -> list[Row]:
    """The gradients on the edges that lead into the group, or out of it."""
    edges = state.recording.index.edges
    from_inside, to_inside = np.isin(edges.source, inside), np.isin(edges.target, inside)
    crossing = np.flatnonzero(to_inside & ~from_inside if inwards else from_inside & ~to_inside)
    crossing = crossing[state.edges_carried(crossing)]
    rows: list[Row] = []
    for edge in crossing[:_MOST].tolist():
        source, target = node_label(state, int(edges.source[edge])), node_label(state, int(edges.target[edge]))
        rows.append(
            Value(f"{source} to {target}", state.recording.value(state.contribution(edge)), target=("edge", edge))
        )
    if len(crossing) > _MOST:
        rows.append(Paragraph(f"And {count_text(len(crossing) - _MOST, 'more edge')}."))
    return rows or [Paragraph("Nothing yet in this pass.")]


def _leaves(state: StepState, leaves: npt.NDArray[np.int32]) -> list[Row]:
    rows: list[Row] = [
        Value(
            f"{state.timeline.leaf_name(leaf)}.grad", state.recording.value(state.leaf_grad(leaf)), "", ("leaf", leaf)
        )
        for leaf in leaves[:_MOST].tolist()
    ]
    if len(leaves) > _MOST:
        rows.append(Paragraph(f"And {count_text(len(leaves) - _MOST, 'more leaf', 'more leaves')}."))
    return rows
