"""Boxes and links in words, for tooltips and screen readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from graphviz_app.scene.content import label_text, row_content
from graphviz_app.scene.numbers import norm_text, tensor_text
from graphviz_app.scene.states import LOOK_MASK, Look
from graphviz_app.scene.words import hook_text, subtitle

if TYPE_CHECKING:
    from graphviz_app.scene.content import Content
    from graphviz_app.scene.frame import SceneFrame
    from graphviz_app.scene.hit import Hit

_LOOKS = {
    Look.UNBORN: "not made yet",
    Look.BORN: "has received no gradient yet",
    Look.RECEIVING: "is receiving gradients",
    Look.RUNNING: "is running now",
    Look.DONE: "has run",
    Look.MADE: "was just made",
}


def describe(frame: SceneFrame, item: Hit) -> str:
    """What an item is and what it shows at the frame's step."""
    match item.kind:
        case "box":
            return _box(frame, item.index)
        case "link":
            return _link(frame, item.index)
        case "group":
            group = frame.picture.graph.grouping.groups[frame.picture.layout.groups[item.index].path]
            return f"Open group {group.title} {group.subtitle}".rstrip() + f", {group.size} nodes."
        case _:
            assert_never(item.kind)


def _box(frame: SceneFrame, index: int) -> str:
    picture = frame.picture
    box, card = picture.graph.boxes[index], picture.cards[index]
    heading = ", ".join(line.text.removesuffix(" ↗") for line in card.lines)
    if box.kind == "reference":
        return f"{heading}: one more use of this leaf, which is drawn elsewhere."
    parts = [heading]
    if box.kind in ("node", "group"):
        parts.append(_LOOKS[Look(int(frame.box_state[index]) & LOOK_MASK)])
    for row in card.rows:
        content = row_content(row, index, picture, frame.state)
        if content is not None:
            label = row.label if content.label is None else content.label
            parts.append(f"{label} {_content_text(content)}".strip())
    return "; ".join(parts) + "."


def _content_text(content: Content) -> str:
    return content.text if content.record is None else tensor_text(content.record)


def _link(frame: SceneFrame, index: int) -> str:
    picture = frame.picture
    link = picture.graph.links[index]
    source, target = (_name(frame, box) for box in (link.source, link.target))
    if link.kind == "cut":
        return f"No gradient flows from {source} to {target}: {_cause(frame, index)}."
    travels = picture.flow.travelled(index, frame.state.event_number)
    if not travels:
        return f"From {source} to {target}: nothing has travelled yet."
    if link.count > 1:
        return f"{link.count} edges from {source} to {target}: {label_text(travels, frame.state, link.count)}."
    record = frame.state.recording.value(travels[-1].value)
    what = "an undefined gradient (None)" if record is None else f"{tensor_text(record)} ({norm_text(record)})"
    changes = picture.flow.hooks(index, frame.state.event_number)
    hooks = "".join(
        f" {'A hook' if change.hook else 'Something'} changed it: {hook_text(frame.state.recording, change)}."
        for change in changes
    )
    return f"From {source} to {target}: {what}.{hooks}"


def _name(frame: SceneFrame, index: int) -> str:
    box = frame.picture.graph.boxes[index]
    lines = frame.picture.cards[index].lines
    title = lines[0].text.removesuffix(" ↗") if lines else box.key
    if box.kind == "node":
        return f"{title} ({subtitle(frame.picture.graph.graph, box.keys[0])})"
    return title


def _cause(frame: SceneFrame, index: int) -> str:
    graph, link = frame.picture.graph.graph, frame.picture.graph.links[index]
    for key in link.nodes:
        cause = graph.nodes[key].get("cause", "")
        if cause:
            return cause
    return "the graph was cut"
