"""What has come into the nodes of a chapter by one of its events: on which edge, in which pass, in which order."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from graphviz_app.recording import Recording
    from graphviz_app.recording.index import PassSummary
    from graphviz_app.timeline.chapters import Chapter
    from graphviz_app.timeline.timeline import Timeline


class Arrival(NamedTuple):
    """What came into a slot of a node: at which event, on which edge (NONE for a seed), which value, in which pass."""

    event: int
    edge: int
    value: int
    pass_id: int


class Arrivals:
    """What has come into the nodes of a chapter up to an event, and their calls up to then.

    Args:
        timeline: Whose chapter it is.
        chapter: The chapter.
        event_number: The last event that counts.
        passes: The chapter's passes that have started by then, in order.
    """

    def __init__(
        self, timeline: Timeline, chapter: Chapter, event_number: int, passes: tuple[PassSummary, ...]
    ) -> None:
        self._timeline = timeline
        self._recording = timeline.recording
        self._chapter = chapter
        self._event_number = event_number
        self._passes = passes

    def of(self, node: int, slot: int = 0) -> list[tuple[int, int]]:
        """What has come into a slot so far, in order of arrival: (edge, value); the edge of a seed is NONE.

        Where a chapter has nested passes, of the one that came to the node last: what different passes bring is not
        added up.
        """
        shown = self._shown_pass(node)
        return [(one.edge, one.value) for one in self._all(node, slot) if shown is None or one.pass_id == shown]

    def by_pass(self, node: int, slot: int) -> list[list[int]]:
        """The values that have come into a slot so far, in order of arrival, for each pass that brought any."""
        values: defaultdict[int, list[int]] = defaultdict(list)
        for one in self._all(node, slot):
            values[one.pass_id].append(one.value)
        return list(values.values())

    def count(self, node: int, slot: int) -> int:
        """How many times something has come into a slot so far, in the pass that brought most."""
        if self._is_nested:
            return max(map(len, self.by_pass(node, slot)), default=0)
        return len(self._edges(node, slot)) + len(self._seeds(node, slot))

    def was_given(self, node: int) -> bool:
        """Whether a gradient has come into a node so far; None is not one."""
        return any(one.value != ev.NONE for slot in self._slots(node) for one in self._all(node, slot))

    def shown_call(self, node: int) -> ev.NodeCalled | None:
        """The call of a node for which what has come came, or None where it is still to be called for that."""
        call, shown = self.last_call(node), self._shown_pass(node)
        return call if call is None or shown is None or call.pass_id == shown else None

    def calls(self, node: int) -> list[tuple[int, ev.NodeCalled]]:
        """The calls of a node in the chapter so far, each with its event's number."""
        numbers = self._timeline.calls.of(node)
        start, stop = np.searchsorted(numbers, [self._chapter.first_event, self._event_number + 1])
        events = ((number, self._recording.event(number)) for number in numbers[start:stop].tolist())
        return [(number, event) for number, event in events if isinstance(event, ev.NodeCalled)]

    def last_call(self, node: int) -> ev.NodeCalled | None:
        """The last call of a node in the chapter so far."""
        number = self._last_call_number(node)
        event = None if number == ev.NONE else self._recording.event(number)
        return event if isinstance(event, ev.NodeCalled) else None

    def _last_call_number(self, node: int) -> int:
        return self._timeline.calls.last(node, self._event_number, since=self._chapter.first_event)

    @property
    def _is_nested(self) -> bool:
        """Whether more than one pass has started by now in the chapter."""
        return len(self._passes) > 1

    def _shown_pass(self, node: int) -> int | None:
        """The pass that came to a node last, or called it; None where there is only one."""
        if not self._is_nested:
            return None
        latest = max((one for slot in self._slots(node) for one in self._all(node, slot)), default=None)
        call = self.last_call(node)
        if call is not None and (latest is None or self._last_call_number(node) > latest.event):
            return call.pass_id
        return None if latest is None else latest.pass_id

    def _slots(self, node: int) -> range:
        return range(int(self._recording.index.nodes.slots[node]))

    def _edges(self, node: int, slot: int) -> list[int]:
        """The edges that have brought something into a slot in the chapter, also an undefined gradient."""
        edges = self._recording.index.edges
        into = self._timeline.edges_into.of(node)
        first_call = self._timeline.times(self._chapter).first_call
        # A leaf that lives for thousands of iterations has an edge from each; only this chapter's have anything to say.
        come = (first_call[edges.source[into]] <= self._event_number) & (edges.target_slot[into] == slot)
        return into[come].tolist()

    def _all(self, node: int, slot: int) -> list[Arrival]:
        """Everything that has come into a slot in the chapter, in order of arrival."""
        edges = self._recording.index.edges
        found = [Arrival(when, ev.NONE, seed, pass_id) for when, seed, pass_id in self._seeds(node, slot)]
        for edge in self._edges(node, slot):
            source_slot = int(edges.source_slot[edge])
            for number, call in self.calls(int(edges.source[edge])):
                sent = call.grad_inputs
                value = sent[source_slot] if source_slot < len(sent) else ev.NONE
                found.append(Arrival(number, edge, value, call.pass_id))
        return sorted(found)

    def _seeds(self, node: int, slot: int) -> list[tuple[int, int, int]]:
        return [
            (summary.start, root.seed, summary.pass_id)
            for summary in self._passes
            for root in started(self._recording, summary).roots
            if (root.node, root.slot) == (node, slot)
        ]


def started(recording: Recording, summary: PassSummary) -> ev.BackwardStarted:
    """How a pass was started."""
    event = recording.event(summary.start)
    assert isinstance(event, ev.BackwardStarted)
    return event
