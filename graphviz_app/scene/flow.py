"""What each link of a picture carries, and when: columns that answer for all links at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.scene.oddity import is_odd
from graphviz_app.scene.passes import NEVER, start_of_pass

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.graph.visible import VisibleGraph
    from graphviz_app.recording import Recording
    from graphviz_app.timeline import Chapter, Timeline


class Travel(NamedTuple):
    """One gradient that travelled on a link: on which edge, at which event, and its value (NONE for None)."""

    edge: int
    event: int
    value: int


class Flow:
    """Everything that travels on the links of a picture in its chapter, by link and then by time.

    Attributes:
        carried: For `at`: which links had carried something; likewise the others of `LinkStates`.
    """

    def __init__(self, timeline: Timeline, chapter: Chapter, visible: VisibleGraph) -> None:
        self._links = len(visible.links)
        self._horizon = chapter.end_event + 1
        self._reader = _Reader(timeline, chapter)
        self._visible = visible
        links: list[int] = []
        travels: list[Travel] = []
        merged = np.zeros(self._links, np.bool_)
        for number, link in enumerate(visible.links):
            merged[number] = len(link.edges) > 1
            travelled = self._reader.travels(link.edges)
            if link.kind == "root":
                travelled = self._reader.seed(visible, number)
            links.extend([number] * len(travelled))
            travels.extend(travelled)
        self._link = np.array(links, np.int64)
        self._event = np.array([travel.event for travel in travels], np.int64)
        self._value = np.array([travel.value for travel in travels], np.int64)
        self._edge = np.array([travel.edge for travel in travels], np.int64)
        self._keys = self._link * self._horizon + self._event
        self._starts = np.searchsorted(self._link, np.arange(self._links + 1))
        self._odd = _odd_values(timeline.recording, self._value)
        _keep_within(self._odd, self._link, merged)

    def at(self, event: int) -> LinkStates:
        """What was true of every link just after an event."""
        queries = np.arange(self._links, dtype=np.int64) * self._horizon + min(event, self._horizon - 1)
        last = np.searchsorted(self._keys, queries, side="right") - 1
        carried = last >= self._starts[:-1]
        if not len(self._keys):
            nothing = np.zeros(self._links, np.bool_)
            return LinkStates(nothing, nothing, nothing, nothing)
        none = carried & (self._value[last] == ev.NONE)
        odd = carried & self._odd[last]
        moving = carried & (self._event[last] == event)
        return LinkStates(carried, none, odd, moving)

    def travelled(self, link: int, event: int) -> list[Travel]:
        """What has travelled on a link up to an event, the last on each of its edges, in order."""
        last: dict[int, Travel] = {}
        for position in range(int(self._starts[link]), int(self._starts[link + 1])):
            if self._event[position] > event:
                break
            edge = int(self._edge[position])
            last.pop(edge, None)
            last[edge] = Travel(edge, int(self._event[position]), int(self._value[position]))
        return list(last.values())

    def hooks(self, link: int, event: int) -> list[ev.HookChange]:
        """What hooks of the user's changed about the gradient on a link up to an event, in order.

        A hook on the way out of a node, or the hook of a tensor, which changes what comes into the next node; where
        several gradients meet there, it changed their sum, which is not on any one link.
        """
        shown = self._visible.links[link]
        if shown.kind == "cut" or shown.count > 1:
            return []
        source, target = shown.nodes
        source_slot, target_slot = shown.slots
        found: list[ev.HookChange] = []
        for node, direction, slot in ((source, "grad_inputs", source_slot), (target, "grad_outputs", target_slot)):
            if isinstance(node, int) and (direction == "grad_inputs" or self._is_alone(node, slot)):
                found += self._reader.hooks(node, direction, slot, event)
        return found

    def hooks_into(self, node: int, slot: int, event: int) -> list[ev.HookChange]:
        """What hooks changed about what came into a slot of a node, up to an event, in order."""
        return self._reader.hooks(node, "grad_outputs", slot, event)

    def _is_alone(self, node: int, slot: int) -> bool:
        edges = self._visible.graph.in_edges(node, data=True)
        return sum(edge["target_slot"] == slot and edge["kind"] != "cut" for _, _, edge in edges) == 1


class LinkStates(NamedTuple):
    """Of every link: has carried; carried None; carried NaN or Inf; carries at this very step."""

    carried: npt.NDArray[np.bool_]
    none: npt.NDArray[np.bool_]
    odd: npt.NDArray[np.bool_]
    moving: npt.NDArray[np.bool_]


class _Reader:
    """Reads the calls of a chapter, each once."""

    def __init__(self, timeline: Timeline, chapter: Chapter) -> None:
        self._timeline = timeline
        self._chapter = chapter
        self._calls: dict[int, list[tuple[int, ev.NodeCalled]]] = {}
        self._edges = timeline.recording.index.edges

    def travels(self, edges: tuple[int, ...]) -> list[Travel]:
        found: list[Travel] = []
        for edge in edges:
            slot = int(self._edges.source_slot[edge])
            for number, call in self._calls_of(int(self._edges.source[edge])):
                value = call.grad_inputs[slot] if slot < len(call.grad_inputs) else ev.NONE
                found.append(Travel(edge, number, value))
        found.sort(key=lambda travel: travel.event)
        return found

    def seed(self, visible: VisibleGraph, number: int) -> list[Travel]:
        root = visible.graph.nodes[visible.links[number].nodes[0]]
        start = start_of_pass(self._timeline.recording, root["pass_id"])
        return [] if start == NEVER else [Travel(ev.NONE, start, root["seed"])]

    def hooks(self, node: int, direction: str, slot: int, event: int) -> list[ev.HookChange]:
        last = [call for number, call in self._calls_of(node) if number <= event][-1:]
        return [hook for call in last for hook in call.hooks if (hook.direction, hook.slot) == (direction, slot)]

    def _calls_of(self, node: int) -> list[tuple[int, ev.NodeCalled]]:
        if node not in self._calls:
            numbers = self._timeline.calls.of(node)
            first, end = np.searchsorted(numbers, [self._chapter.first_event, self._chapter.end_event])
            events = [(int(number), self._timeline.recording.event(int(number))) for number in numbers[first:end]]
            self._calls[node] = [(number, event) for number, event in events if isinstance(event, ev.NodeCalled)]
        return self._calls[node]


def _odd_values(recording: Recording, values: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    known, position = np.unique(values, return_inverse=True)
    return np.array([is_odd(recording.value(int(value))) for value in known], np.bool_)[position]


def _keep_within(odd: npt.NDArray[np.bool_], links: npt.NDArray[np.int64], merged: npt.NDArray[np.bool_]) -> None:
    # A link that stands for many edges must not forget one edge's NaN when the next one carries a number.
    for position in range(1, len(odd)):
        if merged[links[position]] and links[position] == links[position - 1]:
            odd[position] |= odd[position - 1]
