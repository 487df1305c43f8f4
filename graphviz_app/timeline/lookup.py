"""Sorted event numbers by subject: what happened to this node, or this leaf, last before now?

Everything that is searched is int64: numpy makes a wider copy of a narrower column at every single question, which
takes half a millisecond for a million events.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.recording.events import NONE

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.int64]
    Column = npt.NDArray[np.int32]


class EventLookup:
    """Some of a recording's events, grouped by what they are about.

    Args:
        events: Event numbers, ascending.
        subjects: What each of them is about.
    """

    def __init__(self, events: Numbers, subjects: Column) -> None:
        # A stable sort keeps the events of one subject in their order.
        order = np.argsort(subjects, kind="stable")
        self._events = events[order]
        self._subjects = subjects[order].astype(np.int64)

    def of(self, subject: int) -> Numbers:
        """The numbers of all events about `subject`, ascending."""
        start, stop = np.searchsorted(self._subjects, [subject, subject + 1])
        return self._events[start:stop]

    def of_each(self, subjects: npt.NDArray[np.integer]) -> tuple[Numbers, Numbers]:
        """The events of many subjects at once: the row of `subjects` that each belongs to, and its number."""
        wanted = subjects.astype(np.int64)
        starts = np.searchsorted(self._subjects, wanted)
        counts = np.searchsorted(self._subjects, wanted, side="right") - starts
        rows = np.repeat(np.arange(len(wanted)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        return rows, self._events[starts[rows] + within]

    def last(self, subject: int, event: int, *, since: int = 0) -> int:
        """The last event about `subject` up to and including `event`, but not before `since`; else NONE."""
        events = self.of(subject)
        position = int(np.searchsorted(events, event, side="right")) - 1
        if position < 0 or events[position] < since:
            return NONE
        return int(events[position])

    def last_of_each(self, subjects: npt.NDArray[np.integer], event: int, *, since: int = 0) -> Numbers:
        """`last` for many subjects at once, in the same shape."""
        wanted = subjects.astype(np.int64)
        if not len(self._events):
            return np.full(wanted.shape, NONE, np.int64)
        last = np.searchsorted(self._keys, self._key(wanted, event), side="right") - 1
        found = self._events[last]
        fits = (last >= 0) & (self._subjects[last] == wanted) & (found >= since)
        return np.where(fits, found, NONE)

    @cached_property
    def _keys(self) -> Numbers:
        """One ascending number each, of its subject and its event."""
        return self._key(self._subjects, self._events)

    @cached_property
    def _latest(self) -> int:
        return int(self._events.max())

    def _key(self, subjects: Numbers, events: Numbers | int) -> Numbers:
        return subjects * (self._latest + 1) + np.minimum(events, self._latest)

    def next(self, subject: int, event: int) -> int:
        """The first event about `subject` after `event`, or NONE."""
        events = self.of(subject)
        position = int(np.searchsorted(events, event, side="right"))
        return NONE if position == len(events) else int(events[position])


class Adjacency:
    """Edge numbers by the node at one of their ends."""

    def __init__(self, ends: Column) -> None:
        self._order = np.argsort(ends, kind="stable")
        self._ends = ends[self._order].astype(np.int64)

    def of(self, node: int) -> Numbers:
        """The numbers of the edges with `node` at this end, in the order in which they were met."""
        start, stop = np.searchsorted(self._ends, [node, node + 1])
        return self._order[start:stop]

    def of_all(self, nodes: Column) -> Numbers:
        """The numbers of the edges with any of `nodes` at this end, node by node."""
        wanted = nodes.astype(np.int64)
        starts = np.searchsorted(self._ends, wanted)
        counts = np.searchsorted(self._ends, wanted, side="right") - starts
        before = np.cumsum(counts) - counts
        return self._order[np.repeat(starts - before, counts) + np.arange(counts.sum())]
