"""A picture: the boxes and links of a chapter in their places, for every step and every theme."""

from __future__ import annotations

from functools import cached_property, lru_cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.graph.cache import structure_of
from graphviz_app.graph.visible import Uses, default_expansion, visible_graph
from graphviz_app.layout.model import BoxRequest, GroupRequest, Layout, LayoutRequest, LinkRequest
from graphviz_app.scene.cards import CardPlanner, forward_value
from graphviz_app.scene.colouring import COLOURINGS, Colouring, chapter_calls, colouring
from graphviz_app.scene.content import widest_label
from graphviz_app.scene.draw_group import group_title, title_size
from graphviz_app.scene.draw_link import tag_size
from graphviz_app.scene.flow import Flow
from graphviz_app.scene.frame import FrameOptions, SceneFrame
from graphviz_app.scene.hit import Hit, hit
from graphviz_app.scene.parameters import GroupParameters
from graphviz_app.scene.ports import source_ports
from graphviz_app.scene.states import StateTable
from graphviz_app.scene.value_facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.graph.grouping import Path
    from graphviz_app.graph.visible import VisibleGraph
    from graphviz_app.layout.model import Direction
    from graphviz_app.recording import Recording
    from graphviz_app.scene.card import Card
    from graphviz_app.scene.theme import Theme
    from graphviz_app.timeline import Chapter, Timeline

    Bounds = npt.NDArray[np.float32]

_LABELLED_LINKS = 700
"""Pictures with more links reserve no place for labels: it would make the layout slow and the picture wide."""
_LABEL_ROOM = np.array([160.0, 24.0], np.float32)
"""Of the labels for which no place was kept, one in each such rectangle is drawn."""
_FRAMES_KEPT = 16


class Prepared(NamedTuple):
    """Everything of a picture but the places: what a layout is asked for, and what then makes the picture.

    Attributes:
        request: For the layout engine.
        timeline: Whose chapter it shows.
        chapter: That chapter.
        visible: Its boxes and links.
        cards: What is on each box.
        flow: What travels on each link.
    """

    request: LayoutRequest
    timeline: Timeline
    chapter: Chapter
    visible: VisibleGraph
    cards: tuple[Card, ...]
    flow: Flow

    def finish(self, layout: Layout) -> Picture:
        """The picture, with everything where `layout` puts it."""
        return Picture(self, layout)


def prepare(
    recording: Recording,
    timeline: Timeline,
    chapter: Chapter,
    expanded: frozenset[Path] | None = None,
    direction: Direction = "TB",
    *,
    opened: frozenset[Path] = frozenset(),
    closed: frozenset[Path] = frozenset(),
    uses: Uses = Uses(),  # noqa: B008 - immutable
) -> Prepared:
    """Find out what is to be drawn of a chapter.

    Args:
        recording: What happened.
        timeline: Its timeline.
        chapter: One of its chapters.
        expanded: The groups that are open; None for those that are so at first sight.
        direction: Which way gradients flow.
        opened: Groups to open beyond those.
        closed: Groups to close all the same.
        uses: How leaves are drawn that are read several times.
    """
    structure = structure_of(recording, timeline, chapter)
    base = default_expansion(structure.grouping) if expanded is None else expanded
    visible = visible_graph(structure.graph, (base | opened) - closed, structure.grouping, uses)
    planner = CardPlanner(timeline, chapter, visible)
    cards = tuple(planner.plan(box) for box in visible.boxes)
    flow = Flow(timeline, chapter, visible)
    links = _link_requests(timeline, chapter, visible, flow)
    request = LayoutRequest(_box_requests(visible, cards), links, direction, _group_requests(visible))
    return Prepared(request, timeline, chapter, visible, cards, flow)


def build_picture(
    recording: Recording,
    timeline: Timeline,
    chapter: Chapter,
    expanded: frozenset[Path] | None = None,
    direction: Direction = "TB",
    *,
    lay_out: Callable[[LayoutRequest], Layout],
) -> Picture:
    """Prepare, lay out and finish a picture in one go."""
    prepared = prepare(recording, timeline, chapter, expanded, direction)
    return prepared.finish(lay_out(prepared.request))


class Picture:
    """A chapter's boxes and links in their places; nothing of it depends on the step or the theme.

    Attributes:
        timeline: Whose chapter it shows.
        chapter: That chapter.
        graph: Its boxes and links.
        cards: What is on each box.
        layout: Where everything is.
        flow: What travels on each link.
        box_bounds: float32 (boxes, 4): x, y, width, height.
        link_bounds: float32 (links, 4), likewise, with arrow heads and labels.
    """

    def __init__(self, prepared: Prepared, layout: Layout) -> None:
        self.prepared = prepared
        self.timeline = prepared.timeline
        self.chapter = prepared.chapter
        self.graph = prepared.visible
        self.cards = prepared.cards
        self.flow = prepared.flow
        self.layout = layout
        self.frame = lru_cache(_FRAMES_KEPT)(self._frame)
        self.colouring = lru_cache(len(COLOURINGS))(self._colouring)

    def _frame(self, step: int, theme: Theme, options: FrameOptions = FrameOptions()) -> SceneFrame:  # noqa: B008
        """What to draw at a step; the same arguments always give the same frame."""
        return SceneFrame(self, step, theme, options)

    def warm(self) -> None:
        """Compute now what the first frame would else be kept waiting by."""
        _ = self.states, self.box_bounds, self.link_bounds, self.readable_labels, self.timeline.times(self.chapter)

    def look_ahead(self, is_over: Callable[[], bool]) -> None:
        """Read what a jump, a colouring or a search would have to wait for; a little between two `is_over`."""
        self.flow.look_ahead(is_over)
        if is_over():
            return
        calls = chapter_calls(self)
        received = (number for call in calls.values() for number in call.grad_outputs)
        forward = (forward_value(self.graph, node) for node in calls)
        facts_of(self.timeline.recording).look_ahead(chain(received, forward), is_over)

    def hit(self, x: float, y: float) -> Hit | None:
        """What is at a point: a box, a link, or the frame of an open group."""
        return hit(self, x, y)

    def _colouring(self, name: str) -> Colouring:
        """The buckets and legend of a colouring (module `colouring`)."""
        return colouring(self, name)

    @cached_property
    def parameters(self) -> GroupParameters:
        """What arrived at the leaves within closed groups."""
        return GroupParameters(self.timeline, self.chapter, self.graph)

    @cached_property
    def states(self) -> StateTable:
        """What box and link states are computed from; made when the first frame is."""
        return StateTable(self.timeline, self.graph)

    @cached_property
    def readable_labels(self) -> npt.NDArray[np.bool_]:
        """Which links' labels are not covered by another's: where no room was kept for them, a hub's are in a heap."""
        requests = self.prepared.request.links
        readable = np.array([link.label_width > 0 for link in requests], np.bool_)
        bare = np.flatnonzero(~readable)
        cells = np.floor_divide(self.layout.labels[bare], _LABEL_ROOM).astype(np.int64)
        _, firsts = np.unique(cells, axis=0, return_index=True)
        readable[bare[firsts]] = True
        return readable

    @cached_property
    def box_bounds(self) -> Bounds:
        """Where the boxes are."""
        sizes = np.array([(card.width, card.height) for card in self.cards], np.float32).reshape(-1, 2)
        return np.hstack([self.layout.centres.reshape(-1, 2) - sizes / 2, sizes]).astype(np.float32)

    @cached_property
    def link_bounds(self) -> Bounds:
        """Where the links are."""
        curves = self.layout.curves
        bounds = np.zeros((len(curves), 4), np.float32)
        drawn = np.flatnonzero([len(points) > 0 for points in curves])
        if not len(drawn):
            return bounds
        points = np.concatenate(curves)
        starts = np.cumsum([0, *(len(curves[link]) for link in drawn.tolist()[:-1])])
        low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
        requests = self.prepared.request.links
        half = np.array([(link.label_width, link.label_height) for link in requests], np.float32).reshape(-1, 2) / 2
        labelled = half[drawn, :1] > 0
        labels = self.layout.labels[drawn]
        low = np.where(labelled, np.minimum(low, labels - half[drawn]), low)
        high = np.where(labelled, np.maximum(high, labels + half[drawn]), high)
        bounds[drawn] = np.hstack([low - 6, high - low + 12])
        return bounds


def _box_requests(visible: VisibleGraph, cards: tuple[Card, ...]) -> tuple[BoxRequest, ...]:
    pairs = zip(visible.boxes, cards, strict=True)
    return tuple(BoxRequest(box.key, card.width, card.height, box.group) for box, card in pairs)


def _group_requests(visible: VisibleGraph) -> tuple[GroupRequest, ...]:
    return tuple(
        GroupRequest(path, *title_size(group_title(visible.grouping.groups[path])))
        for path in visible.grouping.groups
        if path in visible.expanded
    )


def _link_requests(timeline: Timeline, chapter: Chapter, visible: VisibleGraph, flow: Flow) -> tuple[LinkRequest, ...]:
    final = timeline.state(chapter.last_step)
    labelled = len(visible.links) <= _LABELLED_LINKS
    requests: list[LinkRequest] = []
    ports = source_ports(visible)
    for number, link in enumerate(visible.links):
        width = height = 0.0
        lines = widest_label(flow, number, link.count, final) if labelled and link.kind == "gradient" else []
        if lines:
            width, height = tag_size(lines)
        requests.append(LinkRequest(link.key, link.source, link.target, ports[number], 0.5, width, height))
    return tuple(requests)
