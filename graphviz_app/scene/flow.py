"""What each link of a picture carries, and when: columns that answer for all links at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.scene.travels import TravelReader
from graphviz_app.scene.value_facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.graph.visible import VisibleGraph
    from graphviz_app.timeline import Chapter, Timeline

_LOOKED_AT_ONCE = 64


class Travel(NamedTuple):
    """One gradient that travelled on a link: on which edge, at which event, and its value (NONE for None)."""

    edge: int
    event: int
    value: int


class LinkStates(NamedTuple):
    """Of every link: has carried; all that it carried last is None; carried NaN or Inf; carries at this very step."""

    carried: npt.NDArray[np.bool_]
    none: npt.NDArray[np.bool_]
    odd: npt.NDArray[np.bool_]
    moving: npt.NDArray[np.bool_]


class Flow:
    """Everything that travels on the links of a picture in its chapter, by link and then by time.

    Values are read only once a step is asked for at which they have travelled: ten thousand of them take half a
    second, and a picture opens where its pass begins.
    """

    def __init__(self, timeline: Timeline, chapter: Chapter, visible: VisibleGraph) -> None:
        self._links = len(visible.links)
        self._horizon = chapter.end_event + 1
        self._facts = facts_of(timeline.recording)
        self._reader = TravelReader(timeline, chapter)
        self._visible = visible
        self._merged = np.array([len(link.edges) > 1 for link in visible.links], np.bool_)
        self._travels = self._reader.read(visible)
        self._keys = self._travels.links * self._horizon + self._travels.events
        self._starts = np.searchsorted(self._travels.links, np.arange(self._links + 1))
        self._defined = self._travels.values != ev.NONE
        self._defined_before = np.concatenate(([0], np.cumsum(self._defined)))
        self._odd = np.zeros(len(self._keys), np.bool_)
        self._looked = np.zeros(len(self._keys), np.bool_)
        self._looked_until = -1

    def at(self, event: int) -> LinkStates:
        """What was true of every link just after an event."""
        queries = np.arange(self._links, dtype=np.int64) * self._horizon + min(event, self._horizon - 1)
        last = np.searchsorted(self._keys, queries, side="right") - 1
        carried = last >= self._starts[:-1]
        if not len(self._keys):
            nothing = np.zeros(self._links, np.bool_)
            return LinkStates(nothing, nothing, nothing, nothing)
        none = carried & ~self._any(self._defined_before, last, self._defined)
        moving = carried & (self._travels.events[last] == event)
        return LinkStates(carried, none, carried & self._odd_up_to(last, event), moving)

    def look_ahead(self, is_over: Callable[[], bool]) -> None:
        """Read the values of the whole chapter, so that a jump to its end need not; a few between two `is_over`."""
        events = np.sort(self._travels.events)
        for event in events[_LOOKED_AT_ONCE - 1 :: _LOOKED_AT_ONCE].tolist():
            if is_over():
                return
            self._look(event)

    def carries(self, link: int) -> bool:
        """Whether a link carries anything in its chapter."""
        return bool(self._starts[link + 1] > self._starts[link])

    def travelled(self, link: int, event: int) -> list[Travel]:
        """What has travelled on a link up to an event, the last on each of its edges, in order."""
        first, end = int(self._starts[link]), int(self._starts[link + 1])
        end = first + int(np.searchsorted(self._travels.events[first:end], event, side="right"))
        _, edges, events, values = (column[first:end].tolist() for column in self._travels)
        last: dict[int, Travel] = {}
        for edge, when, value in zip(edges, events, values, strict=True):
            last.pop(edge, None)
            last[edge] = Travel(edge, when, value)
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
        return self._visible.graph.graph["arrivals"][node, slot] == 1

    def _odd_up_to(self, last: npt.NDArray[np.int64], event: int) -> npt.NDArray[np.bool_]:
        """Of every link whether what it carried last is odd."""
        self._look(event)
        return self._any(np.concatenate(([0], np.cumsum(self._odd))), last, self._odd)

    def _any(
        self, count: npt.NDArray[np.int64], last: npt.NDArray[np.int64], which: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.bool_]:
        """Of every link whether what it carried last is one of `which`; `count` of them there are before each travel.

        A link that stands for many edges must not forget one edge's gradient, or its NaN, when the next one carries
        None, or a number.
        """
        return np.where(self._merged, count[last + 1] > count[self._starts[:-1]], which[last])

    def _look(self, event: int) -> None:
        """Find out which of the values that have travelled by an event are odd."""
        if event <= self._looked_until:
            return
        rows = np.flatnonzero((self._travels.events <= event) & ~self._looked)
        known, position = np.unique(self._travels.values[rows], return_inverse=True)
        facts = self._facts.of_all(known.tolist())
        self._odd[rows] = np.array([fact.is_odd for fact in facts], np.bool_)[position]
        self._looked[rows] = True
        self._looked_until = event
