"""Time: which steps there are, what was true at each, and where the cursor can go from it.

Everything here is pure, over an immutable recording: the same step always gives the same state, however one came to
it. No question walks over the events: columns answer it, by binary search, and at most one block is decoded.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.timeline.chapters import Chapter, divide
from graphviz_app.timeline.ledger import GRAD_EVENTS, LEDGER_EVENTS, Ledger
from graphviz_app.timeline.lookup import Adjacency, EventLookup
from graphviz_app.timeline.state import ChapterTimes, StepState

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from graphviz_app.recording import Recording
    from graphviz_app.recording.index import LeafSummary

_STATES_KEPT = 64
_CHAPTERS_KEPT = 4

_MOST_NAMES = 4
"""Names that are told of a node of many results."""


class Timeline:
    """The steps of a recording.

    Step s stands after the first s step events; step 0 is before anything happened, and `step_count` is the last.

    Attributes:
        recording: What happened.
        step_count: The number of the last step.
        chapters: The run, one backward pass at a time.
        ledger: Everything that happened to the leaves.
    """

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        kinds = recording.index.events.kind
        is_step = np.zeros(len(ev.EVENT_TYPES), np.bool_)
        is_step[sorted(ev.STEP_KINDS)] = True
        self._step_events = np.flatnonzero(is_step[kinds])
        self.step_count = len(self._step_events)
        self.chapters = divide(recording, self._step_events)
        self._chapter_starts = [chapter.first_step for chapter in self.chapters]
        self.state = lru_cache(_STATES_KEPT)(self._state)
        self._times = lru_cache(_CHAPTERS_KEPT)(self._chapter_times)

    # -- steps and events ------------------------------------------------------------------

    def event_number(self, step: int) -> int:
        """The number of the event that `step` ended with; NONE for step 0.

        Raises:
            IndexError: If there is no such step.
        """
        if not 0 <= step <= self.step_count:
            raise IndexError(f"There is no step {step}; the recording has steps 0 to {self.step_count}.")
        return ev.NONE if step == 0 else int(self._step_events[step - 1])

    def event(self, step: int) -> ev.StepEvent | None:
        """The event that `step` ended with; None for step 0."""
        number = self.event_number(step)
        return None if number == ev.NONE else self.recording.event(number)  # pyright: ignore[reportReturnType]

    def step_of_event(self, number: int) -> int:
        """The first step at which that event has happened (the last step, for what follows the last one)."""
        return min(int(np.searchsorted(self._step_events, number)) + 1, self.step_count)

    def chapter_at(self, step: int) -> Chapter:
        """The chapter that shows `step`."""
        return self.chapters[max(bisect_right(self._chapter_starts, step) - 1, 0)]

    def chapter_of_pass(self, pass_id: int) -> Chapter:
        """The chapter in which a pass ran, nested ones included.

        Raises:
            IndexError: If there is no such pass.
        """
        for summary in self.recording.passes:
            if summary.pass_id == pass_id:
                return self.chapter_at(self.step_of_event(summary.start))
        raise IndexError(f"There is no pass {pass_id}; the recording has {len(self.recording.passes)}.")

    def _state(self, step: int) -> StepState:
        return StepState(self, step)

    # -- where the cursor can go; None where there is no such step --------------------------

    def next_pass(self, step: int) -> int | None:
        """The next step at which a backward pass starts."""
        return self.next_of_kind(step, (ev.BackwardStarted,))

    def previous_pass(self, step: int) -> int | None:
        """The last step before this one at which a backward pass started."""
        return self.previous_of_kind(step, (ev.BackwardStarted,))

    def next_accumulation(self, step: int) -> int | None:
        """The next step at which a leaf's `.grad` grew."""
        return self.next_of_kind(step, (ev.GradAccumulated,))

    def previous_accumulation(self, step: int) -> int | None:
        """The last step before this one at which a leaf's `.grad` grew."""
        return self.previous_of_kind(step, (ev.GradAccumulated,))

    def next_call_of(self, step: int, node: int) -> int | None:
        """The next step at which the engine called this node."""
        return self._step_after(step, self.calls.of(node))

    def previous_call_of(self, step: int, node: int) -> int | None:
        """The last step before this one at which the engine called this node."""
        return self._step_before(step, self.calls.of(node))

    def next_step_on_line(self, step: int, file: int, line: int) -> int | None:
        """The next step that ran on a line of the program."""
        columns = self.recording.index.events
        return self._step_after(step, np.flatnonzero((columns.line == line) & (columns.file == file)))

    def next_of_kind(self, step: int, types: Iterable[type[ev.Struct]]) -> int | None:
        """The next step whose event is of one of these types."""
        return self._step_after(step, self.events_of(*types))

    def previous_of_kind(self, step: int, types: Iterable[type[ev.Struct]]) -> int | None:
        """The last step before this one whose event is of one of these types."""
        return self._step_before(step, self.events_of(*types))

    def next_step_of(self, step: int, events: npt.NDArray[np.integer]) -> int | None:
        """The next step of these events, whose numbers ascend."""
        return self._step_after(step, events)

    def _step_after(self, step: int, events: npt.NDArray[np.integer]) -> int | None:
        position = int(np.searchsorted(events, self.event_number(step), side="right"))
        return None if position == len(events) else self.step_of_event(int(events[position]))

    def _step_before(self, step: int, events: npt.NDArray[np.integer]) -> int | None:
        position = int(np.searchsorted(events, self.event_number(step))) - 1
        return None if position < 0 else self.step_of_event(int(events[position]))

    # -- columns, grouped; made when first asked for ----------------------------------------

    def events_of(self, *types: type[ev.Struct]) -> npt.NDArray[np.int64]:
        """The numbers of all events of these types, ascending."""
        return self._events_of_kinds(frozenset(ev.KIND[event_type] for event_type in types))

    @cached_property
    def pass_starts(self) -> npt.NDArray[np.int64]:
        """The event at which each pass started, ascending, as `recording.passes`."""
        return np.array([summary.start for summary in self.recording.passes], np.int64)

    @cached_property
    def _events_of_kinds_cache(self) -> dict[frozenset[int], npt.NDArray[np.int64]]:
        return {}

    def _events_of_kinds(self, kinds: frozenset[int]) -> npt.NDArray[np.int64]:
        cache = self._events_of_kinds_cache
        if kinds not in cache:
            wanted = np.zeros(len(ev.EVENT_TYPES), np.bool_)
            wanted[sorted(kinds)] = True
            cache[kinds] = np.flatnonzero(wanted[self.recording.index.events.kind])
        return cache[kinds]

    def _lookup(self, *types: type[ev.Struct]) -> EventLookup:
        events = self.events_of(*types)
        return EventLookup(events, self.recording.index.events.subject[events])

    @cached_property
    def calls(self) -> EventLookup:
        """`NodeCalled` events by node."""
        return self._lookup(ev.NodeCalled)

    @cached_property
    def grad_events(self) -> EventLookup:
        """What happened to each leaf's `.grad`."""
        return self._lookup(*GRAD_EVENTS)

    @cached_property
    def update_events(self) -> EventLookup:
        """What happened to each leaf's value."""
        return self._lookup(ev.LeafUpdated)

    @cached_property
    def edges_into(self) -> Adjacency:
        """Edge numbers by the node that they lead to."""
        return Adjacency(self.recording.index.edges.target)

    @cached_property
    def edges_out_of(self) -> Adjacency:
        """Edge numbers by the node that they leave."""
        return Adjacency(self.recording.index.edges.source)

    @cached_property
    def ledger(self) -> Ledger:
        """Everything that happened to the leaves."""
        events = self.events_of(*LEDGER_EVENTS)
        return Ledger(self.recording, self._step_events, events, self._lookup(*LEDGER_EVENTS))

    @cached_property
    def _names_of_tensors(self) -> dict[int, list[tuple[int, str]]]:
        names: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for bound in self.recording.index.tensor_names:
            names[bound.tensor].append((bound.event, bound.name))
        return dict(names)

    @cached_property
    def _names_of_leaves(self) -> dict[int, str]:
        """What the program calls leaves that no line gave a name to, a module's parameters for example."""
        leaves = self.recording.leaves
        return {summary.tensor: summary.name for summary in leaves if summary.name != f"leaf{summary.leaf}"}

    def tensor_name(self, tensor: int, event: int | None = None) -> str:
        """What the program called a tensor, at an event or at last, a leaf by its name; "" where it had no name."""
        names = self._names_of_tensors.get(tensor, [])
        leaf = self._names_of_leaves.get(tensor, "")
        if leaf or not names:
            # Not by the `p` of a loop over the parameters that comes later, or came before.
            return leaf
        if event is None:
            return names[-1][1]
        earlier = [name for when, name in names if when <= event]
        # A name is bound just after the operation: up to then, the name it is about to get says most.
        return earlier[-1] if earlier else names[0][1]

    def node_variable(self, node: int, event: int | None = None) -> str:
        """What the program called the tensors whose `grad_fn` a node is; for `AccumulateGrad` the leaf's name."""
        nodes = self.recording.index.nodes
        leaf = int(nodes.leaf[node])
        if leaf != ev.NONE:
            return self.leaf_name(leaf)
        return self.tensor_names(self.node_tensors(node), event)

    def tensor_names(self, tensors: Iterable[int], event: int | None = None) -> str:
        """The names of tensors that one node stands for, as `tensor_name` gives them, the first few of many."""
        every = (self.tensor_name(tensor, event) for tensor in tensors)
        names = list(dict.fromkeys(name for name in every if name))
        return ", ".join(names if len(names) <= _MOST_NAMES else [*names[:_MOST_NAMES], "…"])

    def node_tensors(self, node: int) -> tuple[int, ...]:
        """The tensors whose `grad_fn` a node is, as far as they are known: several where an operation gave several."""
        nodes = self.recording.index.nodes
        tensor = int(nodes.tensor[node])
        operation = self.recording.operation(int(nodes.operation[node])) if nodes.slots[node] > 1 else None
        given = () if operation is None else tuple(use.tensor for use in operation.outputs if use.node == node)
        return given or (() if tensor == ev.NONE else (tensor,))

    def leaf_name(self, leaf: int) -> str:
        """The program's name of a leaf, or "leaf0", "leaf1", ..."""
        summary = self.leaf_summary(leaf)
        return f"leaf{leaf}" if summary is None else summary.name

    def leaf_summary(self, leaf: int) -> LeafSummary | None:
        """What is known of a leaf over the whole run, or None where the recording ends before it was met."""
        return self._leaves.get(leaf)

    @cached_property
    def used_leaves(self) -> frozenset[int]:
        """The leaves to which any edge of the whole run leads."""
        index = self.recording.index
        return frozenset(np.unique(index.nodes.leaf[index.edges.target]).tolist())

    @cached_property
    def _leaves(self) -> dict[int, LeafSummary]:
        return {summary.leaf: summary for summary in self.recording.leaves}

    def node_span(self, node: int) -> ev.Span | None:
        """The line whose operation made a node, or None."""
        number = int(self.recording.index.nodes.operation[node])
        operation = None if number == ev.NONE else self.recording.operation(number)
        return None if operation is None else operation.span

    def times(self, chapter: Chapter) -> ChapterTimes:
        """When each node of a chapter first ran and first received; made once per chapter."""
        return self._times(chapter.index)

    def _chapter_times(self, index: int) -> ChapterTimes:
        return ChapterTimes(self, self.chapters[index])
