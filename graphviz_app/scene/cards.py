"""What is on each box, how large that makes it, and the request for a layout.

A card is planned once for a picture and never depends on the step: every value that it will show in its chapter has
its place from the start, so nothing moves while time does.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from typing_extensions import assert_never

from graphviz_app.recording import events as ev
from graphviz_app.scene.measure import shorten, text_width
from graphviz_app.scene.numbers import FEW, count_text, norm_text, shape_text, tensor_text
from graphviz_app.scene.words import hook_text, module_text, place_text, short_name, subtitle

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz_app.graph.visible import Box, VisibleGraph
    from graphviz_app.timeline import Chapter, Timeline

Role = Literal[
    "value", "was", "grad", "arrival", "total", "before", "added", "bucket", "seed", "in", "out", "hook", "leaves"
]

TITLE, SUBTITLE, VALUE, LABEL = 15.0, 12.0, 13.0, 12.5
"""Font sizes in pixels at 100 %."""
PADDING, EDGE = 12.0, 8.0
"""Room left and right of a card's contents, and above and below."""
ROW, HEAT_ROW = 18.5, 45.0
HEAT_WIDTH, HEAT_HEIGHT = 76.0, 39.0
COMPACT_ROW, COMPACT_CELLS = 58.0, 10
GAP = 8.0
_MOST_ARRIVALS = 4
_MOST_SLOTS = 3
_WIDEST_VALUE = 46
_DEFAULT_CELLS = 14
_BORDER_CELLS = 22
_NARROWEST = 132.0
_BUCKET_PADDING = 4.0
_MARK = 18.0


class Line(NamedTuple):
    """A line of a card's heading; `y` is its baseline below the card's top."""

    text: str
    size: float
    bold: bool
    muted: bool
    y: float


class Row(NamedTuple):
    """The place of one value on a card.

    Attributes:
        role: Which value.
        number: Which of several: a slot of the node, or the place in the order of arrival.
        label: What is written before it.
        y: Its top, below the card's.
        height: Its height.
        heat: Whether it is drawn as a heat map.
        cells: How many characters its text may take.
        x: Where its label begins, to the right of the card's padding; rows may stand side by side.
        compact: Whether a heat map has its text beneath, and short, instead of beside it.
    """

    role: Role
    number: int
    label: str
    y: float
    height: float
    heat: bool
    cells: int
    x: float = 0.0
    compact: bool = False


class Card(NamedTuple):
    """A box as it is planned: sizes in pixels at 100 %.

    Attributes:
        width: Of the box.
        height: Of the box.
        lines: Its heading.
        rows: The places of its values.
        label_width: Width of the column with the rows' labels.
        bucket: Top and height of the frame around a leaf's `.grad`, or None.
    """

    width: float
    height: float
    lines: tuple[Line, ...]
    rows: tuple[Row, ...]
    label_width: float
    bucket: tuple[float, float] | None = None


class _Wish(NamedTuple):
    """A row before it has a place: the values that it is known to show in this chapter."""

    role: Role
    label: str
    values: tuple[int, ...]
    number: int = 0
    cells: int = 0


class CardPlanner:
    """Plans the cards of one picture."""

    def __init__(self, timeline: Timeline, chapter: Chapter, visible: VisibleGraph) -> None:
        self._recording = timeline.recording
        self._timeline = timeline
        self._chapter = chapter
        self._visible = visible
        self._final = timeline.state(chapter.last_step)
        self._looks: dict[int, tuple[bool, int]] = {}

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
        heading = [attributes["name"], subtitle(self._recording, attributes), module_text(attributes)]
        wishes: list[_Wish] = []
        value = forward_value(self._visible, node)
        if value != ev.NONE:
            wishes.append(_Wish("value", "value", (value,)))
        wishes += self._incoming(node, attributes["slots"], self._final.call(node))
        retained = attributes["retained_leaf"]
        bucket = self._bucket(retained) if retained != ev.NONE else []
        return self._card(heading, wishes, bucket)

    def _incoming(self, node: Any, slots: int, call: ev.NodeCalled | None) -> list[_Wish]:
        arrivals = Counter(
            attributes["target_slot"]
            for _, _, attributes in self._visible.graph.in_edges(node, data=True)
            if attributes["kind"] != "cut"
        )
        outputs = () if call is None else call.grad_outputs
        wishes: list[_Wish] = []
        for slot in range(min(slots, _MOST_SLOTS)):
            known = (outputs[slot],) if slot < len(outputs) else ()
            if call is not None:
                known += tuple(
                    hook.before for hook in call.hooks if (hook.direction, hook.slot) == ("grad_outputs", slot)
                )
            if arrivals[slot] > 1:
                wishes += self._meeting(node, slot, arrivals[slot], known)
            elif arrivals[slot] or slots == 1:
                wishes.append(_Wish("grad", "grad" if slots == 1 else f"grad {slot}", known, slot))
        return wishes + self._hooks(call)

    def _hooks(self, call: ev.NodeCalled | None) -> list[_Wish]:
        hooks = [] if call is None else [hook for hook in call.hooks if hook.direction == "grad_outputs"]
        widths = {hook.slot: len(hook_text(self._recording, hook, _WIDEST_VALUE)) for hook in hooks}
        return [_Wish("hook", "hook", (), slot, min(width, _WIDEST_VALUE)) for slot, width in sorted(widths.items())]

    def _meeting(self, node: int, slot: int, count: int, total: tuple[int, ...]) -> list[_Wish]:
        arrived = self._final.arrived(node, slot) if count <= _MOST_ARRIVALS else []
        values = [value for _, value in arrived]
        wishes = [
            _Wish(
                "arrival", "grad" if place == 0 else "   +", tuple(values[place : place + 1]) or total, 8 * slot + place
            )
            for place in range(min(count, _MOST_ARRIVALS))
        ]
        return [*wishes, _Wish("total", "   =", total, slot)]

    def _leaf(self, box: Box) -> Card:
        attributes = self._attributes(box)
        value = self._final.leaf_value(box.leaf)
        made_by = "AccumulateGrad" if isinstance(box.keys[0], int) else "leaf"
        record = self._recording.value(value)
        shape = "" if record is None else str(tuple(record.shape))
        heading = [attributes["variable"], " · ".join(part for part in (made_by, shape) if part)]
        updates = self._in_chapter(self._timeline.update_events.of(box.leaf))
        wishes = [_Wish("value", "value", (value, *updates))]
        if updates:
            wishes.append(_Wish("was", "was", updates))
        node = box.keys[-1]
        if isinstance(node, int):
            into = sum(kind != "cut" for _, _, kind in self._visible.graph.in_edges(node, data="kind"))
            call = self._final.call(node)
            if into > 1:
                wishes += self._meeting(node, 0, into, () if call is None else call.grad_outputs[:1])
            wishes += self._hooks(call)
        return self._card(heading, wishes, self._bucket(box.leaf))

    def _bucket(self, leaf: int) -> list[_Wish]:
        events = self._timeline.grad_events.of(leaf)
        known = (*self._in_chapter(events), self._final.leaf_grad(leaf))
        return [_Wish("before", ".grad", known), _Wish("added", "    +", known), _Wish("bucket", "    =", known)]

    def _root(self, box: Box) -> Card:
        attributes = self._attributes(box)
        title = attributes["variable"] or "root"
        call = short_name(attributes["name"]) + "()"
        place = place_text(self._recording, attributes["file"], attributes["line"])
        label = "seed"
        heading = [title, " · ".join(part for part in (call, place) if part)]
        return self._card(heading, [_Wish("seed", label, (attributes["seed"],))])

    def _grey(self, box: Box) -> Card:
        attributes = self._attributes(box)
        if box.kind == "tensor":
            heading = [attributes["variable"], attributes["cause"]]
        else:
            heading = [short_name(attributes["name"]), subtitle(self._recording, attributes), attributes["cause"]]
        value = attributes["value"]
        return self._card(heading, [] if value == ev.NONE else [_Wish("value", "value", (value,))])

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
        card = self._card([group.title, group.subtitle, " · ".join(counts)], [])
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

    # -- putting a card together ------------------------------------------------------------------

    def _card(self, heading: list[str], wishes: list[_Wish], bucket: list[_Wish] | None = None) -> Card:
        lines: list[Line] = []
        y = EDGE
        for position, text in enumerate(shorten(text, 44) for text in heading if text):
            size = TITLE if position == 0 else SUBTITLE
            y += size * (0.85 if position == 0 else 1.3)
            lines.append(Line(text, size, position == 0, position > 0, y))
        y += EDGE - 2
        label_width = max((text_width(wish.label + " ", SUBTITLE) for wish in (*wishes, *(bucket or []))), default=0.0)
        rows: list[Row] = []
        y = self._place(wishes, y, rows)
        frame = None
        if bucket:
            y += GAP / 4
            end = self._place_bucket(bucket, y + _BUCKET_PADDING, rows) + _BUCKET_PADDING
            frame = (y, end - y)
            y = end
        contents = [row.x + _content_width(row) + row_label_width(row, label_width) for row in rows]
        # The first line leaves room for the tick of a node that has run, or a warning.
        headings = [text_width(line.text, line.size) + (0.0 if line.muted else _MARK) for line in lines]
        width = max([*contents, *headings, _NARROWEST - 2 * PADDING]) + 2 * PADDING
        return Card(width, y + (EDGE if frame is None else GAP / 2 + 1), tuple(lines), tuple(rows), label_width, frame)

    def _place(self, wishes: Iterable[_Wish], y: float, rows: list[Row]) -> float:
        for wish in wishes:
            heat, cells = self._look(wish.role, wish.values)
            height = HEAT_ROW if heat else ROW
            rows.append(Row(wish.role, wish.number, wish.label, y, height, heat, wish.cells or cells))
            y += height
        return y

    def _place_bucket(self, bucket: list[_Wish], y: float, rows: list[Row]) -> float:
        """Before, contribution and after: numbers one below the other, heat maps side by side."""
        if not any(self._look(wish.role, wish.values)[0] for wish in bucket):
            return self._place(bucket, y, rows)
        x = 0.0
        for wish in bucket:
            label = wish.label.strip()
            rows.append(Row(wish.role, wish.number, label, y, COMPACT_ROW, True, COMPACT_CELLS, x, True))
            x += text_width(label + " ", SUBTITLE) + HEAT_WIDTH + GAP
        return y + COMPACT_ROW

    def _look(self, role: Role, values: tuple[int, ...]) -> tuple[bool, int]:
        """Whether to draw these values as heat maps, and how many characters their texts take."""
        if not values:
            return False, _DEFAULT_CELLS
        looks = [self._look_of(value) for value in values]
        heat = role != "was" and any(heat for heat, _ in looks)
        return heat, min(max(6, *(cells for _, cells in looks)), _WIDEST_VALUE)

    def _look_of(self, value: int) -> tuple[bool, int]:
        if value not in self._looks:
            record = self._recording.value(value)
            if record is not None and record.numel > FEW:
                # Beside a heat map shape and norm stand one below the other.
                self._looks[value] = True, max(len(shape_text(record.shape)), len(norm_text(record)))
            else:
                self._looks[value] = False, len(tensor_text(record, _WIDEST_VALUE))
        return self._looks[value]

    def _attributes(self, box: Box) -> dict[str, Any]:
        return self._visible.graph.nodes[box.keys[0]]

    def _in_chapter(self, numbers: Any) -> tuple[int, ...]:
        """Values before and after, and contributions, of a leaf's events in this chapter; the last few of many."""
        found: list[int] = []
        inside = [n for n in numbers.tolist() if self._chapter.first_event <= n < self._chapter.end_event]
        for number in inside[-8:]:
            match self._recording.event(number):
                case ev.GradAccumulated(before=before, contribution=contribution, after=after):
                    found += [before, contribution, after]
                case ev.GradCleared() | ev.GradWritten() | ev.LeafUpdated() as event:
                    found += [event.before, event.after]
                case _:
                    pass
        return tuple(found)


def forward_value(visible: VisibleGraph, node: Any) -> int:
    """The value number of the forward result that a node stands for (its first slot's), or NONE."""
    attributes = visible.graph.nodes[node]
    operation = visible.graph.graph["operations"].get(attributes["operation"])
    if operation is None:
        return ev.NONE
    for use in operation.outputs:
        if use.node == node:
            return use.value
    return ev.NONE


def row_label_width(row: Row, column: float) -> float:
    """Width of a row's label: that of the column where rows stand one below the other, its own where side by side."""
    return text_width(row.label + " ", SUBTITLE) if row.compact else column


def _content_width(row: Row) -> float:
    if row.compact:
        return HEAT_WIDTH
    text = text_width("0" * row.cells, VALUE if not row.heat else SUBTITLE)
    return text + (HEAT_WIDTH + GAP if row.heat else 0.0)
