"""What a chapter is known to show in the end, before anything is drawn: it decides how large the boxes are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from graphviz_app.timeline import Chapter, Timeline

    Numbers = npt.NDArray[np.int64]

_LAST_EVENTS = 8


class Known(Protocol):
    """Answers with numbers of values; NONE or () where nothing is known."""

    def call(self, node: int, /) -> ev.NodeCalled | None:
        """The last call of a node."""
        ...

    def calls(self, node: int, /) -> list[ev.NodeCalled]:
        """All calls of a node."""
        ...

    def arrived(self, node: int, slot: int, place: int, /) -> tuple[int, ...]:
        """What comes into a slot as its first, second, ... arrival; several where several passes come by."""
        ...

    def count(self, node: int, slot: int, edges: int, /) -> int:
        """How many arrivals come into a slot, of so many edges into it."""
        ...

    def leaf_value(self, leaf: int, /) -> int:
        """The value of a leaf in the end."""
        ...

    def leaf_grad(self, leaf: int, /) -> int:
        """A leaf's `.grad` in the end."""
        ...

    def values_of(self, numbers: Numbers, /) -> tuple[int, ...]:
        """The values before and after, and the contributions, of those events of a leaf's that are in the chapter."""
        ...


class KnownValues:
    """Everything that is known; reads the events of whatever it is asked about."""

    def __init__(self, timeline: Timeline, chapter: Chapter) -> None:
        self._recording = timeline.recording
        self._chapter = chapter
        self._final = timeline.state(chapter.last_step)
        self.call = self._final.call
        self.leaf_value = self._final.leaf_value
        self.leaf_grad = self._final.leaf_grad

    def calls(self, node: int) -> list[ev.NodeCalled]:
        """See `Known`."""
        return self._final.calls_of(node)

    def arrived(self, node: int, slot: int, place: int) -> tuple[int, ...]:
        """See `Known`."""
        return tuple(values[place] for values in self._final.arrivals.by_pass(node, slot) if place < len(values))

    def count(self, node: int, slot: int, edges: int) -> int:
        """See `Known`; 1 where nothing comes, but might have."""
        return max(self._final.arrivals.count(node, slot), 1) if edges > 1 else edges

    def values_of(self, numbers: Numbers) -> tuple[int, ...]:
        """See `Known`; of many events, those of the last few."""
        found: list[int] = []
        inside = [n for n in numbers.tolist() if self._chapter.first_event <= n < self._chapter.end_event]
        for number in inside[-_LAST_EVENTS:]:
            match self._recording.event(number):
                case ev.GradAccumulated(before=before, contribution=contribution, after=after):
                    found += [before, contribution, after]
                case ev.GradCleared() | ev.GradWritten() | ev.LeafUpdated() as event:
                    found += [event.before, event.after]
                case _:
                    pass
        return tuple(found)


class KnownHooks:
    """Nothing but what hooks of the user's did: for pictures whose boxes do not depend on values."""

    def __init__(self, timeline: Timeline, chapter: Chapter) -> None:
        events = timeline.recording.events(chapter.first_event, chapter.end_event)
        self._hooked = {event.node: event for event in events if isinstance(event, ev.NodeCalled) and event.hooks}

    def call(self, node: int) -> ev.NodeCalled | None:
        """See `Known`; None for a call that no hook changed anything about."""
        return self._hooked.get(node)

    def calls(self, node: int) -> list[ev.NodeCalled]:
        """See `Known`; the last one that a hook changed anything about."""
        return [self._hooked[node]] if node in self._hooked else []

    def arrived(self, _node: int, _slot: int, _place: int) -> tuple[int, ...]:
        """See `Known`."""
        return ()

    def count(self, _node: int, _slot: int, edges: int) -> int:
        """See `Known`."""
        return edges

    def leaf_value(self, _leaf: int) -> int:
        """See `Known`."""
        return ev.NONE

    def leaf_grad(self, _leaf: int) -> int:
        """See `Known`."""
        return ev.NONE

    def values_of(self, _numbers: Numbers) -> tuple[int, ...]:
        """See `Known`."""
        return ()
