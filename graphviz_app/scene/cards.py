"""What is on each box: titles, values, a leaf's `.grad`.

A card is planned once for a picture and never depends on the step: every value that it will show in its chapter has
its place from the start, so nothing moves while time does.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, assert_never, cast

from graphviz_app.recording import events as ev
from graphviz_app.scene.card import EDGE, PADDING, ROW, SUBTITLE, VALUE, WIDEST_VALUE, Card, Line, Role, Row
from graphviz_app.scene.composer import Composer, Wish
from graphviz_app.scene.known import Known, KnownHooks, KnownValues
from graphviz_app.scene.measure import shorten, text_width
from graphviz_app.scene.numbers import count_text
from graphviz_app.scene.words import hook_text, module_text, place_text, short_name, subtitle

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from graphviz_app.graph.visible import Box, VisibleGraph
    from graphviz_app.timeline import Chapter, Timeline

_MOST_ARRIVALS = 4
_MOST_SLOTS = 3
_BORDER_CELLS = 22
MOST_WITH_PICTURES = 1_000
"""Boxes up to which a picture has room for heat maps and whole tensors; of more boxes each has shapes and norms."""


class CardPlanner:
    """Plans the cards of one picture."""

    def __init__(self, timeline: Timeline, chapter: Chapter, visible: VisibleGraph) -> None:
        self._recording = timeline.recording
        self._timeline = timeline
        self._chapter = chapter
        self._visible = visible
        plain = len(visible.boxes) > MOST_WITH_PICTURES
        self._known: Known = (KnownHooks if plain else KnownValues)(timeline, chapter)
        self._composer = Composer(timeline.recording, plain=plain)

    def plan(self, box: Box) -> Card:
        """The card of one box."""
        match box.kind:
            case "node":
                return self._node(box)
            case "leaf":
                return self._leaf(box)
            case "root":
                return self._root(box)
            case "operation" | "tensor":
                return self._grey(box)
            case "group":
                return self._group(box)
            case "reference":
                return self._reference(box)
            case _:
                assert_never(box.kind)

    # -- the kinds of boxes ---------------------------------------------------------------------

    def _node(self, box: Box) -> Card:
        node = cast("int", box.keys[0])
        attributes = self._attributes(box)
        heading = [attributes["name"], subtitle(self._visible.graph, node), module_text(attributes)]
        wishes: list[Wish] = []
        for slot, value in forward_values(self._visible, node).items():
            if slot < _MOST_SLOTS and value != ev.NONE:
                wishes.append(Wish("value", "value" if attributes["slots"] == 1 else f"value {slot}", (value,), slot))
        wishes += self._incoming(node, attributes["slots"])
        retained = attributes["retained_leaf"]
        bucket = self._bucket(retained) if retained != ev.NONE else []
        return self._composer.card(heading, wishes, bucket)

    def _incoming(self, node: Any, slots: int) -> list[Wish]:
        arrivals: Counter[tuple[Any, int]] = self._visible.graph.graph["arrivals"]
        call, calls = self._known.call(node), self._known.calls(node)
        wishes: list[Wish] = []
        for slot in range(min(slots, _MOST_SLOTS)):
            known = _outputs(calls, slot)
            if call is not None:
                known += tuple(
                    hook.before for hook in call.hooks if (hook.direction, hook.slot) == ("grad_outputs", slot)
                )
            # An edge may come from what does not run in this chapter: room kept for that would stay empty.
            count = self._known.count(node, slot, arrivals[node, slot])
            if count > 1:
                wishes += self._meeting(node, slot, count, known)
            elif count or slots == 1:
                wishes.append(Wish("grad", "grad" if slots == 1 else f"grad {slot}", known, slot))
        return wishes + self._hooks(call)

    def _hooks(self, call: ev.NodeCalled | None) -> list[Wish]:
        hooks = [] if call is None else [hook for hook in call.hooks if hook.direction == "grad_outputs"]
        widths = {hook.slot: len(hook_text(self._recording, hook, WIDEST_VALUE)) for hook in hooks}
        return [Wish("hook", "hook", (), slot, min(width, WIDEST_VALUE)) for slot, width in sorted(widths.items())]

    def _meeting(self, node: int, slot: int, count: int, total: tuple[int, ...]) -> list[Wish]:
        wishes: list[Wish] = []
        for place in range(min(count, _MOST_ARRIVALS)):
            values = self._known.arrived(node, slot, place) if count <= _MOST_ARRIVALS else ()
            wishes.append(Wish("arrival", "   +" if place else "grad", values or total, 8 * slot + place))
        return [*wishes, Wish("total", "   =", total, slot)]

    def _leaf(self, box: Box) -> Card:
        attributes = self._attributes(box)
        value = self._known.leaf_value(box.leaf)
        made_by = "AccumulateGrad" if isinstance(box.keys[0], int) else "leaf"
        record = self._recording.value(value)
        shape = "" if record is None else str(tuple(record.shape))
        heading = [attributes["variable"], " · ".join(part for part in (made_by, shape) if part)]
        updated = self._timeline.update_events.of(box.leaf)
        updates = self._known.values_of(updated)
        wishes = [Wish("value", "value", (value, *updates))]
        if self._is_in_chapter(updated):
            wishes.append(Wish("was", "was", updates))
        node = box.keys[-1]
        if isinstance(node, int):
            edges = sum(kind != "cut" for _, _, kind in self._visible.graph.in_edges(node, data="kind"))
            into = self._known.count(node, 0, edges)
            if into > 1:
                wishes += self._meeting(node, 0, into, _outputs(self._known.calls(node), 0))
            wishes += self._hooks(self._known.call(node))
        return self._composer.card(heading, wishes, self._bucket(box.leaf))

    def _bucket(self, leaf: int) -> list[Wish]:
        events = self._timeline.grad_events.of(leaf)
        known = (*self._known.values_of(events), self._known.leaf_grad(leaf))
        return [Wish("before", ".grad", known), Wish("added", "    +", known), Wish("bucket", "    =", known)]

    def _root(self, box: Box) -> Card:
        attributes = self._attributes(box)
        title = attributes["variable"] or "root"
        call = short_name(attributes["name"]) + "()"
        place = place_text(self._recording, attributes["file"], attributes["line"])
        label = "seed"
        heading = [title, " · ".join(part for part in (call, place) if part)]
        return self._composer.card(heading, [Wish("seed", label, (attributes["seed"],))])

    def _grey(self, box: Box) -> Card:
        attributes = self._attributes(box)
        if box.kind == "tensor":
            heading = [attributes["variable"], attributes["cause"]]
        else:
            what = subtitle(self._visible.graph, box.keys[0])
            heading = [short_name(attributes["name"]), what, attributes["cause"]]
        value = attributes["value"]
        return self._composer.card(heading, [] if value == ev.NONE else [Wish("value", "value", (value,))])

    def _group(self, box: Box) -> Card:
        group = self._visible.grouping.groups[box.path]
        graph = self._visible.graph
        kinds = Counter(graph.nodes[key]["kind"] for key in box.keys)
        leaves = [graph.nodes[key]["leaf"] for key in box.keys if graph.nodes[key]["kind"] == "leaf"]
        summaries = [self._timeline.leaf_summary(leaf) for leaf in leaves]
        parameters = sum(summary is not None and summary.is_parameter for summary in summaries)
        counts = [
            count_text(count, noun, plural)
            for count, noun, plural in (
                (kinds["node"], "node", "nodes"),
                (parameters, "parameter", "parameters"),
                (len(leaves) - parameters, "leaf", "leaves"),
            )
            if count
        ]
        card = self._composer.card([group.title, group.subtitle, " · ".join(counts)], [])
        roles: list[Role] = ["in", "out"]
        if leaves:
            roles.append("leaves")
        rows: list[Row] = []
        y = card.height - EDGE
        for role in roles:
            rows.append(Row(role, 0, role, y, ROW, False, _BORDER_CELLS))
            y += ROW
        label_width = max(text_width(f"{role} ", SUBTITLE) for role in roles)
        width = max(card.width, 2 * PADDING + label_width + text_width("0" * _BORDER_CELLS, VALUE))
        return Card(width, y + EDGE, card.lines, tuple(rows), label_width)

    def _reference(self, box: Box) -> Card:
        attributes = self._visible.graph.nodes[box.of]
        name = shorten(attributes["variable"] or short_name(attributes["name"]), 28)
        width = max(text_width(name + " ↗", VALUE) + 2 * PADDING, 48.0)
        return Card(width, 30.0, (Line(f"{name} ↗", VALUE, True, False, 20.0),), (), 0.0)

    def _is_in_chapter(self, numbers: npt.NDArray[np.int64]) -> bool:
        return bool(((numbers >= self._chapter.first_event) & (numbers < self._chapter.end_event)).any())

    def _attributes(self, box: Box) -> dict[str, Any]:
        return self._visible.graph.nodes[box.keys[0]]


def _outputs(calls: list[ev.NodeCalled], slot: int) -> tuple[int, ...]:
    """What came into a slot at each of these calls."""
    return tuple(call.grad_outputs[slot] for call in calls if slot < len(call.grad_outputs))


def forward_value(visible: VisibleGraph, node: Any) -> int:
    """The value number of the forward result that a node stands for (its first slot's), or NONE."""
    return next(iter(forward_values(visible, node).values()), ev.NONE)


def forward_values(visible: VisibleGraph, node: Any) -> dict[int, int]:
    """The value numbers of the forward results that a node stands for, by slot, in their order."""
    attributes = visible.graph.nodes[node]
    operation = visible.graph.graph["operations"].get(attributes["operation"])
    if operation is None:
        return {}
    # An operation may give the same result twice.
    uses = [use for use in operation.outputs if use.node == node]
    return dict(sorted({use.slot: use.value for use in reversed(uses)}.items()))
