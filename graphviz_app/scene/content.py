"""Which value stands in which row of a card at a step, and which text on which link."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, assert_never

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import statistics
from graphviz_app.scene.cards import forward_values
from graphviz_app.scene.numbers import number, tensor_text
from graphviz_app.scene.oddity import is_odd
from graphviz_app.scene.passes import start_of_pass
from graphviz_app.scene.words import hook_text

if TYPE_CHECKING:
    from graphviz_app.graph.visible import Box, VisibleGraph
    from graphviz_app.recording.values import TensorRecord
    from graphviz_app.scene.card import Row
    from graphviz_app.scene.flow import Flow, Travel
    from graphviz_app.scene.parameters import Received
    from graphviz_app.scene.picture import Picture
    from graphviz_app.timeline import StepState

LABEL_CELLS = 36
"""How many characters a label on a link may take."""
_WIDEST_NORM = "1.23e-45"
_LEAF_EVENTS = (ev.GradAccumulated, ev.GradCleared, ev.GradWritten)


class Content(NamedTuple):
    """What stands in a row: a tensor (drawn as text or heat map) or a text of its own.

    Attributes:
        kind: Its meaning: "value" (forward), "gradient", "odd" (with NaN or Inf), "muted" (nothing, or None).
        record: The tensor, or None.
        text: Used where `record` is None.
        label: Replaces the row's label where not None.
    """

    kind: str
    record: TensorRecord | None = None
    text: str = ""
    label: str | None = None


def row_content(row: Row, index: int, picture: Picture, state: StepState) -> Content | None:
    """What a row of box number `index` shows at a step, or None for nothing."""
    visible, flow, parameters = picture.graph, picture.flow, picture.parameters
    box = visible.boxes[index]
    match row.role:
        case "value":
            return _value(row, box, visible, state)
        case "was":
            return _was(box, state)
        case "seed":
            return _seed(box, visible, state)
        case "grad" | "total":
            return _grad(row, box, flow, state)
        case "arrival":
            return _arrival(row, box, state)
        case "before" | "added" | "bucket":
            return _bucket(row, _leaf_of(box, visible), state)
        case "hook":
            return _hook(row, box, flow, state)
        case "leaves":
            return _leaves(parameters.at(index, state.event_number))
        case "in" | "out":
            return _border(row.role, visible, flow, state, index)
        case _:
            assert_never(row.role)


def label_text(travels: list[Travel], state: StepState, count: int) -> str:
    """What is written on a link: the gradient that it carried, or for several edges their number and common norm."""
    recording = state.recording
    if count == 1:
        return tensor_text(recording.value(travels[-1].value), LABEL_CELLS)
    return _label_of_many(len(travels), count, _norm_text(travels, state))


def _label_of_many(arrived: int, count: int, norm: str) -> str:
    return f"{arrived} of {count} · {norm}"


def _norm_text(travels: list[Travel], state: StepState) -> str:
    """The common norm of gradients, or that all of them are None: a norm of 0 would be that of zeros."""
    if all(travel.value == ev.NONE for travel in travels):
        return "None"
    return f"norm {number(_common_norm(travels, state))}"


def widest_label(flow: Flow, link: int, count: int, final: StepState) -> list[str]:
    """The lines that a label needs room for; of many edges' label the norm is not computed for that."""
    if count == 1:
        return label_lines(flow, link, count, final)
    return [_label_of_many(count, count, f"norm {_WIDEST_NORM}")] if flow.carries(link) else []


def label_lines(flow: Flow, link: int, count: int, state: StepState) -> list[str]:
    """The lines of a link's label at a step; none where nothing has travelled, a second one for each hook."""
    travels = flow.travelled(link, state.event_number)
    if not travels:
        return []
    hooks = flow.hooks(link, state.event_number)
    if not hooks:
        return [label_text(travels, state, count)]
    lines = [tensor_text(state.recording.value(hooks[0].before), LABEL_CELLS)]
    return lines + [hook_text(state.recording, hook, LABEL_CELLS) for hook in hooks]


def _gradient(state: StepState, value: int) -> Content:
    record = state.recording.value(value)
    if record is None:
        return Content("muted", text="None")
    return Content("odd" if is_odd(record) else "gradient", record)


def _value(row: Row, box: Box, visible: VisibleGraph, state: StepState) -> Content | None:
    if box.kind == "leaf":
        record = state.recording.value(state.leaf_value(box.leaf))
        return None if record is None else Content("odd" if is_odd(record) else "value", record)
    attributes = visible.graph.nodes[box.keys[0]]
    of_node = forward_values(visible, box.keys[0]).get(row.number, ev.NONE) if box.kind == "node" else ev.NONE
    value = of_node if box.kind == "node" else attributes["value"]
    record = state.recording.value(value)
    if record is None or not _has_run(attributes["operation"], state):
        return None
    if is_odd(record):
        return Content("odd", record)
    return Content("muted" if box.kind in ("operation", "tensor") else "value", record)


def _has_run(operation: int, state: StepState) -> bool:
    if operation == ev.NONE:
        return True
    return 0 <= int(state.recording.index.operation_events[operation]) <= state.event_number


def _was(box: Box, state: StepState) -> Content | None:
    if not isinstance(state.event, ev.LeafUpdated) or state.event.leaf != box.leaf:
        return None
    record = state.recording.value(state.event.before)
    return None if record is None else Content("muted", record)


def _seed(box: Box, visible: VisibleGraph, state: StepState) -> Content | None:
    root = visible.graph.nodes[box.keys[0]]
    if start_of_pass(state.recording, root["pass_id"]) > state.event_number:
        return None
    return _gradient(state, root["seed"])


def _node_of(box: Box, state: StepState) -> int:
    """The node of a box that speaks now: of several `AccumulateGrad`s of a leaf the one that was called last."""
    nodes = [key for key in box.keys if isinstance(key, int)]
    called = [node for node in nodes if state.call(node) is not None]
    return called[-1] if called else (nodes[-1] if nodes else ev.NONE)


def _grad(row: Row, box: Box, flow: Flow, state: StepState) -> Content | None:
    node = _node_of(box, state)
    if node == ev.NONE:
        return None
    call = state.arrivals.shown_call(node)
    outputs = None if call is None else call.grad_outputs
    if outputs is not None and row.number < len(outputs):
        # What a hook made of it stands in a row of its own; here is what really arrived, or the sum.
        hooks = flow.hooks_into(node, row.number, state.event_number)
        return _gradient(state, hooks[0].before if hooks else outputs[row.number])
    if row.role == "grad":
        arrived = state.arrivals.of(node, row.number)
        return _gradient(state, arrived[-1][1]) if arrived else None
    return None


def _arrival(row: Row, box: Box, state: StepState) -> Content | None:
    node = _node_of(box, state)
    if node == ev.NONE:
        return None
    slot, place = divmod(row.number, 8)
    arrived = state.arrivals.of(node, slot)
    if place >= len(arrived):
        return None
    if place == 3 and len(arrived) > 4:
        return Content("muted", text=f"… {len(arrived) - 3:,} more")
    return _gradient(state, arrived[place][1])


def _hook(row: Row, box: Box, flow: Flow, state: StepState) -> Content | None:
    node = _node_of(box, state)
    is_called = node != ev.NONE and state.arrivals.shown_call(node) is not None
    hooks = flow.hooks_into(node, row.number, state.event_number) if is_called else []
    return Content("gradient", text=hook_text(state.recording, hooks[-1], row.cells)) if hooks else None


def _leaf_of(box: Box, visible: VisibleGraph) -> int:
    return box.leaf if box.kind == "leaf" else visible.graph.nodes[box.keys[0]]["retained_leaf"]


def _bucket(row: Row, leaf: int, state: StepState) -> Content | None:
    event = state.event
    if isinstance(event, _LEAF_EVENTS) and event.leaf == leaf:
        return _happening(row, event, state)
    if row.role != "before":
        return None
    return _gradient(state, state.leaf_grad(leaf))


def _happening(row: Row, event: ev.GradAccumulated | ev.GradCleared | ev.GradWritten, state: StepState) -> Content:
    if row.role == "before":
        return _gradient(state, event.before)
    if row.role == "bucket":
        return _gradient(state, event.after)
    if isinstance(event, ev.GradAccumulated):
        return _gradient(state, event.contribution)
    how = event.how or ("cleared" if isinstance(event, ev.GradCleared) else "written")
    return Content("muted", text=how, label="   by")


def _border(role: str, visible: VisibleGraph, flow: Flow, state: StepState, index: int) -> Content | None:
    travels: list[Travel] = []
    links = visible.links_into(index) if role == "in" else visible.links_out_of(index)
    for link in links:
        travels += flow.travelled(link, state.event_number)
    count = sum(visible.links[link].count for link in links if visible.links[link].kind != "cut")
    if not count:
        return Content("muted", text="nothing")
    if not travels:
        return Content("muted", text="–")
    kind = "muted" if all(travel.value == ev.NONE for travel in travels) else "gradient"
    return Content(kind, text=f"{_norm_text(travels, state)} · {len(travels)} of {count}")


def _leaves(received: Received | None) -> Content | None:
    if received is None:
        return None
    if not received.arrived:
        return Content("muted", text="–")
    kind = "odd" if math.isnan(received.norm) else "gradient"
    return Content(kind, text=f"norm {number(received.norm)} · {received.arrived} of {received.total}")


def _common_norm(travels: list[Travel], state: StepState) -> float:
    total = 0.0
    for travel in travels:
        record = state.recording.value(travel.value)
        figures = None if record is None else statistics(record)
        if figures is None:
            continue
        if figures.nans or figures.positive_infinities or figures.negative_infinities:
            return math.nan
        total += figures.norm**2
    return math.sqrt(total)
