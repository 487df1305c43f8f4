"""Reads what travelled in a chapter: the calls of its nodes, each decoded once, in the order in which they happened."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.scene.passes import NEVER, start_of_pass
from graphviz_app.timeline.lookup import EventLookup

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.graph.visible import VisibleGraph
    from graphviz_app.timeline import Chapter, Timeline

    Numbers = npt.NDArray[np.int64]


class Travels(NamedTuple):
    """Gradients on links, by link and then by time; a row each.

    Attributes:
        links: On which link.
        edges: On which of the recorded edges; NONE for a seed.
        events: At which event.
        values: Which value; NONE for None.
    """

    links: Numbers
    edges: Numbers
    events: Numbers
    values: Numbers


class TravelReader:
    """Reads the calls of a chapter."""

    def __init__(self, timeline: Timeline, chapter: Chapter) -> None:
        self._recording = timeline.recording
        self._edges = timeline.recording.index.edges
        numbers = timeline.events_of(ev.NodeCalled)
        first, end = np.searchsorted(numbers, [chapter.first_event, chapter.end_event])
        self._numbers = numbers[first:end]

    @cached_property
    def _calls(self) -> EventLookup:
        return EventLookup(self._numbers, self._recording.index.events.subject[self._numbers])

    def read(self, visible: VisibleGraph) -> Travels:
        """Everything that travelled on the links of a picture."""
        counts = [len(link.edges) for link in visible.links]
        links = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
        edges = np.array([edge for link in visible.links for edge in link.edges], np.int64)
        rows, events = self._calls.of_each(self._edges.source[edges])
        travels = Travels(links[rows], edges[rows], events, self._values(edges[rows], events))
        return _in_order(travels, self._seeds(visible))

    def hooks(self, node: int, direction: str, slot: int, event: int) -> list[ev.HookChange]:
        """What hooks changed about one slot of a node at its last call up to an event, in order."""
        number = self._calls.last(node, event)
        call = None if number == ev.NONE else self._recording.event(number)
        if not isinstance(call, ev.NodeCalled):
            return []
        return [hook for hook in call.hooks if (hook.direction, hook.slot) == (direction, slot)]

    def _values(self, edges: Numbers, events: Numbers) -> Numbers:
        """What each edge carried at each event."""
        known, position = np.unique(events, return_inverse=True)
        calls = list(self._recording.events_at(known.tolist()))
        sent = [call.grad_inputs if isinstance(call, ev.NodeCalled) else () for call in calls]
        slots = self._edges.source_slot[edges].tolist()
        pairs = zip(position.tolist(), slots, strict=True)
        return np.array([sent[at][slot] if slot < len(sent[at]) else ev.NONE for at, slot in pairs], np.int64)

    def _seeds(self, visible: VisibleGraph) -> Travels:
        rows: list[tuple[int, int, int, int]] = []
        for number, link in enumerate(visible.links):
            if link.kind == "root":
                root = visible.graph.nodes[link.nodes[0]]
                start = start_of_pass(self._recording, root["pass_id"])
                rows += [] if start == NEVER else [(number, ev.NONE, start, root["seed"])]
        return Travels(*np.array(rows, np.int64).reshape(-1, 4).T)


def _in_order(*travels: Travels) -> Travels:
    together = [np.concatenate(columns) for columns in zip(*travels, strict=True)]
    order = np.lexsort((together[2], together[0]))
    return Travels(*(column[order] for column in together))
