"""What was true at one step."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.timeline.arrivals import Arrivals, started

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from graphviz_app.recording.index import PassSummary
    from graphviz_app.timeline.chapters import Chapter
    from graphviz_app.timeline.timeline import Timeline

NEVER = np.iinfo(np.int32).max
"""The time of what does not happen in a chapter."""


class Phase(IntEnum):
    """How far a node has come in a chapter."""

    UNBORN = 0
    BORN = 1
    RECEIVING = 2
    RUNNING = 3
    DONE = 4


class ChapterTimes:
    """When, in one chapter, each node was first called and first received a gradient (event numbers, or NEVER)."""

    def __init__(self, timeline: Timeline, chapter: Chapter) -> None:
        recording = timeline.recording
        columns, nodes, edges = recording.index.events, recording.index.nodes, recording.index.edges
        calls = timeline.events_of(ev.NodeCalled)
        start, stop = np.searchsorted(calls, [chapter.first_event, chapter.end_event])
        calls = calls[start:stop]
        self.first_call = np.full(len(nodes), NEVER, np.int32)
        # Written backwards, so that the first of several calls of a node is the one that stays.
        called = columns.subject[calls]
        self.first_call[called[::-1]] = calls[::-1]
        self.first_arrival = np.full(len(nodes), NEVER, np.int32)
        # Of a long run's edges, those that carried something in this chapter are few.
        carried = timeline.edges_out_of.of_all(np.unique(called))
        np.minimum.at(self.first_arrival, edges.target[carried], self.first_call[edges.source[carried]])
        first, end = np.searchsorted(timeline.pass_starts, [chapter.first_event, chapter.end_event])
        for summary in recording.passes[first:end]:
            for root in started(recording, summary).roots:
                if root.node == ev.NONE:
                    continue
                self.first_arrival[root.node] = min(int(self.first_arrival[root.node]), summary.start)


class StepState:
    """The state after one step; all value numbers are of the recording, NONE for None.

    Attributes:
        timeline: Whose step it is.
        step: Its number.
        event_number: The event that it ended with, or NONE.
        event: That event, or None at step 0.
        chapter: The chapter that shows it.
    """

    def __init__(self, timeline: Timeline, step: int) -> None:
        self.timeline = timeline
        self.recording = timeline.recording
        self.step = step
        self.event_number = timeline.event_number(step)
        self.event = timeline.event(step)
        self.chapter = timeline.chapter_at(step)

    def __repr__(self) -> str:
        return f"StepState(step={self.step}, event={type(self.event).__name__})"

    # -- the pass ----------------------------------------------------------------------------

    @cached_property
    def _passes(self) -> tuple[PassSummary, ...]:
        """The passes of this chapter that have started by now, in order."""
        start, stop = np.searchsorted(self.timeline.pass_starts, [self.chapter.first_event, self.event_number + 1])
        return self.recording.passes[start:stop]

    def _is_running(self, summary: PassSummary) -> bool:
        return summary.end == ev.NONE or summary.end > self.event_number

    @cached_property
    def pass_id(self) -> int:
        """The innermost pass that is running, else the last top-level one that ended in this chapter, else NONE."""
        for summary in reversed(self._passes):
            if self._is_running(summary) or summary.parent == ev.NONE:
                return summary.pass_id
        return ev.NONE

    @cached_property
    def running(self) -> bool:
        """Whether the engine is running."""
        return any(self._is_running(summary) for summary in self._passes)

    @cached_property
    def backward(self) -> ev.BackwardStarted | None:
        """How `pass_id` was started."""
        return None if self._current is None else started(self.recording, self._current)

    @cached_property
    def returned(self) -> tuple[ev.Returned, ...]:
        """What `pass_id` has given back, where it has ended and was not to accumulate gradients."""
        if self._current is None or self._is_running(self._current):
            return ()
        event = self.recording.event(self._current.end)
        return event.returned if isinstance(event, ev.BackwardFinished) else ()

    @cached_property
    def _current(self) -> PassSummary | None:
        return next((summary for summary in self._passes if summary.pass_id == self.pass_id), None)

    @cached_property
    def span(self) -> ev.Span | None:
        """The user's line that this step is about: for a node, the one whose operation made it, else its pass's."""
        match self.event:
            case None | ev.Printed() | ev.Finished():
                return None
            case ev.NodeCalled() if (made := self.timeline.node_span(self.event.node)) is not None:
                return made
            case ev.NodeCalled() | ev.GradAccumulated() | ev.BackwardFinished():
                return None if self.backward is None else self.backward.span
            case _:
                return self.event.span

    # -- nodes and edges -----------------------------------------------------------------------

    @property
    def running_node(self) -> int:
        """The node that this step called, or NONE."""
        return self.event.node if isinstance(self.event, ev.NodeCalled) else ev.NONE

    def node_phase(self, node: int) -> Phase:
        """How far one node has come."""
        return Phase(int(self.node_phases(np.array([node]))[0]))

    def node_phases(self, nodes: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
        """How far each of `nodes` has come; a `Phase` each, in the same shape."""
        times = self.timeline.times(self.chapter)
        now = self.event_number
        phases = (self.recording.index.nodes.birth[nodes] <= now).astype(np.uint8)
        phases[times.first_arrival[nodes] <= now] = Phase.RECEIVING
        phases[times.first_call[nodes] <= now] = Phase.DONE
        if self.running_node != ev.NONE:
            phases[nodes == self.running_node] = Phase.RUNNING
        return phases

    def may_still_run(self, node: int) -> bool:
        """Whether a node that was not called yet will be in this chapter, as far as one can know by now."""
        if self.timeline.times(self.chapter).first_call[node] != NEVER:
            return True
        is_made_here = int(self.recording.index.nodes.birth[node]) >= self.chapter.first_event
        return is_made_here and (self.running or self.pass_id == ev.NONE)

    def is_complete(self, node: int) -> bool:
        """Whether all that will be sent to a node in this chapter has arrived by now."""
        sources = self.recording.index.edges.source[self.timeline.edges_into.of(node)]
        first_call = self.timeline.times(self.chapter).first_call[sources]
        return bool((first_call[first_call != NEVER] <= self.event_number).all())

    def coming(self, node: int, slot: int) -> int:
        """How many edges bring something into a slot in this chapter, by now or later."""
        edges = self.recording.index.edges
        into = self.timeline.edges_into.of(node)
        runs = self.timeline.times(self.chapter).first_call[edges.source[into]] != NEVER
        return int((runs & (edges.target_slot[into] == slot)).sum())

    def edges_carried(self, edges: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """Which of `edges` have carried a gradient in this chapter by now, also an undefined one."""
        first_call = self.timeline.times(self.chapter).first_call
        return first_call[self.recording.index.edges.source[edges]] <= self.event_number

    def call(self, node: int) -> ev.NodeCalled | None:
        """The last call of a node in this chapter up to now."""
        return self.arrivals.last_call(node)

    def calls(self, nodes: Iterable[int]) -> dict[int, ev.NodeCalled]:
        """The last calls of many nodes in this chapter up to now; of those that were called."""
        wanted = np.fromiter(nodes, np.int64)
        numbers = self.timeline.calls.last_of_each(wanted, self.event_number, since=self.chapter.first_event)
        # In the order in which they were recorded: neighbours are decoded together.
        order = np.argsort(numbers, kind="stable")
        order = order[numbers[order] != ev.NONE]
        called = zip(wanted[order].tolist(), self.recording.events_at(numbers[order].tolist()), strict=True)
        return {node: event for node, event in called if isinstance(event, ev.NodeCalled)}

    def calls_of(self, node: int) -> list[ev.NodeCalled]:
        """All calls of a node in this chapter up to now: several where there are nested passes."""
        return [call for _, call in self.arrivals.calls(node)]

    @cached_property
    def arrivals(self) -> Arrivals:
        """What has come into the nodes in this chapter by now."""
        return Arrivals(self.timeline, self.chapter, self.event_number, self._passes)

    def contribution(self, edge: int) -> int:
        """The value that travelled on an edge, or NONE where nothing, or an undefined gradient, has."""
        edges = self.recording.index.edges
        call = self.call(int(edges.source[edge]))
        slot = int(edges.source_slot[edge])
        return call.grad_inputs[slot] if call is not None and slot < len(call.grad_inputs) else ev.NONE

    # -- leaves ---------------------------------------------------------------------------------

    def leaf_grad(self, leaf: int) -> int:
        """The value of a leaf's `.grad`, or NONE where it is None."""
        last = self.timeline.grad_events.last(leaf, self.event_number)
        if last != ev.NONE:
            return _after(self.recording.event(last))
        coming = self.timeline.grad_events.next(leaf, self.event_number)
        return ev.NONE if coming == ev.NONE else _before(self.recording.event(coming))

    def leaf_value(self, leaf: int) -> int:
        """The value of a leaf itself, or NONE where it was not recorded."""
        last = self.timeline.update_events.last(leaf, self.event_number)
        if last != ev.NONE:
            return _after(self.recording.event(last))
        coming = self.timeline.update_events.next(leaf, self.event_number)
        if coming != ev.NONE:
            return _before(self.recording.event(coming))
        summary = self.timeline.leaf_summary(leaf)
        return ev.NONE if summary is None else summary.value

    # -- the program's own words ------------------------------------------------------------------

    @cached_property
    def printed_count(self) -> int:
        """How many `Printed` events have happened."""
        return int(np.searchsorted(self.timeline.events_of(ev.Printed), self.event_number, side="right"))

    def printed(self, start: int = 0) -> list[ev.Printed]:
        """What the program has printed by now, from the `start`-th `Printed` event on."""
        numbers = self.timeline.events_of(ev.Printed)[start : self.printed_count]
        events = (self.recording.event(int(number)) for number in numbers)
        return [event for event in events if isinstance(event, ev.Printed)]


def _after(event: ev.Event) -> int:
    assert isinstance(event, ev.GradAccumulated | ev.GradCleared | ev.GradWritten | ev.LeafUpdated)
    return event.after


def _before(event: ev.Event) -> int:
    assert isinstance(event, ev.GradAccumulated | ev.GradCleared | ev.GradWritten | ev.LeafUpdated)
    return event.before
