"""What lights up together: the ways of a gradient from the loss to a leaf or node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphviz_app.graph.attributes import values_of
from graphviz_app.graph.paths import ways_from_roots
from graphviz_app.recording.events import NONE
from graphviz_app.scene.hit import Hit

if TYPE_CHECKING:
    from collections.abc import Hashable

    from graphviz_app.scene.picture import Picture


def path_items(picture: Picture, selection: tuple[Any, ...]) -> tuple[Hit, ...]:
    """The boxes and links on every way from a loss to what is selected; a closed group stands for what is in it."""
    visible = picture.graph
    targets = _targets(picture, selection)
    ways = ways_from_roots(visible.graph, targets)
    boxes = {visible.box_of[key] for key in ways.nodes}
    links: list[int] = []
    for number, link in enumerate(visible.links):
        keys = link.edges or (link.key,)
        if any(key in ways.edges for key in keys):
            links.append(number)
            # A leaf that is drawn once per use is lit where the way ends.
            boxes.add(link.target)
    return (*(Hit("box", box) for box in sorted(boxes)), *(Hit("link", link) for link in links))


def _targets(picture: Picture, selection: tuple[Any, ...]) -> list[Hashable]:
    graph = picture.graph.graph
    match selection:
        case ("node", node) if node in graph:
            return [node]
        case ("leaf", leaf):
            return [key for key, number in values_of(graph, "leaf", NONE) if number == leaf]
        case ("edge", edge):
            recorded = picture.timeline.recording.index.edges
            target = int(recorded.target[edge])
            return [target] if target in graph else []
        case _:
            return []
