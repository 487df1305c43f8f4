"""A chapter's graph as DOT text: for Graphviz, for papers, and for tools that read graphs.

Edges run the way gradients flow and carry what travelled on them by the given step.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import graphviz

from graphviz_app.export.text import visible_text
from graphviz_app.graph.build import chapter_graph
from graphviz_app.recording import events as ev
from graphviz_app.scene.numbers import tensor_text
from graphviz_app.scene.words import short_name, subtitle

if TYPE_CHECKING:
    from collections.abc import Hashable

    import networkx as nx

    from graphviz_app.scene.theme import Theme
    from graphviz_app.timeline import StepState, Timeline

    AutogradGraph = nx.MultiDiGraph[Any]

_LABEL_WIDTH = 28


def dot_text(timeline: Timeline, step: int, theme: Theme) -> str:
    """The graph of the chapter that shows `step`, as the source of a `digraph`."""
    state = timeline.state(step)
    graph = chapter_graph(timeline.recording, timeline, state.chapter)
    font = {"fontname": "JetBrains Mono", "fontsize": "11"}
    dot = graphviz.Digraph(
        "autograd",
        comment=_comment(f"{timeline.recording.program.path}, {state.chapter.title}"),
        graph_attr={"rankdir": "TB", "bgcolor": theme.background, **font},
        node_attr={"shape": "box", "style": "filled,rounded", "fontcolor": theme.text, **font},
        edge_attr={"color": theme.link, "fontcolor": theme.gradient, **font},
    )
    names = {key: f"n{number}" for number, key in enumerate(graph.nodes)}
    for key, attributes in graph.nodes(data=True):
        dot.node(names[key], _label(graph, key, state), **_look(key, attributes, theme))
    for source, target, edge, attributes in graph.edges(keys=True, data=True):
        dot.edge(names[source], names[target], **_edge(state, edge, attributes, graph.nodes[source], theme))
    return dot.source


def escaped(*lines: str) -> str:
    """Lines as a label: backslashes and HTML-like strings stand for themselves."""
    text = r"\n".join(visible_text(line).replace("\\", "\\\\") for line in lines if line)
    return graphviz.nohtml(text) if text else text


def _comment(text: str) -> str:
    return re.sub(r"\s+", " ", visible_text(text))


def _label(graph: AutogradGraph, key: Hashable, state: StepState) -> str:
    recording, attributes = state.recording, graph.nodes[key]
    match attributes["kind"]:
        case "leaf":
            # The leaf is what people look for, not the AccumulateGrad that writes to it.
            grad = recording.value(state.leaf_grad(attributes["leaf"]))
            return escaped(attributes["variable"], f".grad {tensor_text(grad, _LABEL_WIDTH)}")
        case "root":
            return escaped(short_name(attributes["name"]), attributes["variable"])
        case "operation" | "tensor":
            return escaped(short_name(attributes["name"]), subtitle(graph, key), attributes["cause"])
        case _:
            return escaped(attributes["name"], subtitle(graph, key), attributes["module"])


def _look(key: Hashable, attributes: dict[str, Any], theme: Theme) -> dict[str, str]:
    match attributes["kind"]:
        case "leaf":
            return {"fillcolor": theme.leaf_card, "color": theme.leaf_border, "id": f"leaf{attributes['leaf']}"}
        case "root":
            return {"fillcolor": theme.root_card, "color": theme.root_card, "fontcolor": theme.root_text}
        case "operation" | "tensor":
            return {
                "fillcolor": theme.grey_card, "color": theme.grey, "fontcolor": theme.grey_text,
                "style": "filled,rounded,dashed",
            }  # fmt: skip
        case _:
            return {"fillcolor": theme.card, "color": theme.card_border, "id": f"node{key}"}


def _edge(
    state: StepState, edge: Any, attributes: dict[str, Any], source: dict[str, Any], theme: Theme
) -> dict[str, str]:
    match attributes["kind"]:
        case "cut":
            return {"style": "dashed", "color": theme.grey}
        case "root":
            return {"label": _value_label(state, source["seed"]), "color": theme.gradient}
        case _:
            value = state.contribution(edge)
            carried = {"label": _value_label(state, value), "color": theme.gradient} if value != ev.NONE else {}
            return {"taillabel": str(attributes["source_slot"]), **carried} if attributes["source_slot"] else carried


def _value_label(state: StepState, value: int) -> str:
    return escaped(tensor_text(state.recording.value(value), _LABEL_WIDTH))
