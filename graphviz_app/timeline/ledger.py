"""The ledger: everything that happened to every leaf's `.grad` and value, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from graphviz_app.recording import Recording
    from graphviz_app.timeline.lookup import EventLookup

LedgerKind = Literal["accumulated", "cleared", "written", "updated"]

LEDGER_EVENTS = (ev.GradAccumulated, ev.GradCleared, ev.GradWritten, ev.LeafUpdated)
GRAD_EVENTS = (ev.GradAccumulated, ev.GradCleared, ev.GradWritten)


class LedgerEntry(NamedTuple):
    """One line of the ledger; values are value numbers, NONE for None.

    Attributes:
        step: The first step at which it has happened.
        event_number: Its event.
        leaf: Whose.
        kind: "accumulated", "cleared" and "written" speak of `.grad`, "updated" of the leaf's value.
        pass_id: The pass that accumulated, else NONE.
        file: The file of the line, or NONE.
        line: For an accumulation the line that called backward, else the one that cleared, wrote or updated; or NONE.
        how: What did it ("Tensor.zero_", "SGD.step"), or "".
        before: Before.
        contribution: What was added; NONE for other kinds.
        after: After.
    """

    step: int
    event_number: int
    leaf: int
    kind: LedgerKind
    pass_id: int
    file: int
    line: int
    how: str
    before: int
    contribution: int
    after: int


class Ledger:
    """All entries of a recording, decoded when asked for."""

    def __init__(
        self,
        recording: Recording,
        step_events: npt.NDArray[np.int64],
        events: npt.NDArray[np.int64],
        by_leaf: EventLookup,
    ) -> None:
        self._recording = recording
        self._step_events = step_events
        self._events = events
        self._by_leaf = by_leaf
        self._start_of_pass = {summary.pass_id: summary.start for summary in recording.passes}

    def __len__(self) -> int:
        return len(self._events)

    def entry(self, position: int) -> LedgerEntry:
        """The entry at a position of the whole ledger."""
        return self._decode(int(self._events[position]))

    def entries(self, start: int = 0, stop: int | None = None) -> list[LedgerEntry]:
        """The entries of all leaves from `start` up to but not including `stop`, in order."""
        return [self._decode(int(number)) for number in self._events[start:stop]]

    def of_leaf(self, leaf: int) -> list[LedgerEntry]:
        """The entries of one leaf, in order."""
        return [self._decode(int(number)) for number in self._by_leaf.of(leaf)]

    def positions_of(self, leaf: int) -> npt.NDArray[np.int64]:
        """Where in the whole ledger the entries of one leaf stand."""
        return np.searchsorted(self._events, self._by_leaf.of(leaf))

    def position_at(self, event_number: int) -> int:
        """How many entries have happened once `event_number` has."""
        return int(np.searchsorted(self._events, event_number, side="right"))

    def accumulations(self, leaf: int) -> Iterator[LedgerEntry]:
        """The accumulations of one leaf, in order: a column of the leaf × pass table."""
        return (entry for entry in self.of_leaf(leaf) if entry.kind == "accumulated")

    def _decode(self, number: int) -> LedgerEntry:
        event = self._recording.event(number)
        step = int(np.searchsorted(self._step_events, number)) + 1
        match event:
            case ev.GradAccumulated():
                start = self._start_of_pass.get(event.pass_id, ev.NONE)
                columns = self._recording.index.events
                file, line = (
                    (int(columns.file[start]), int(columns.line[start])) if start != ev.NONE else (ev.NONE, ev.NONE)
                )
                return LedgerEntry(
                    step, number, event.leaf, "accumulated", event.pass_id, file, line, "",
                    event.before, event.contribution, event.after,
                )  # fmt: skip
            case ev.GradCleared():
                return self._change(step, number, "cleared", event)
            case ev.GradWritten():
                return self._change(step, number, "written", event)
            case ev.LeafUpdated():
                return self._change(step, number, "updated", event)
            case _:
                raise TypeError(f"{type(event).__name__} is not an entry of the ledger.")

    @staticmethod
    def _change(
        step: int, number: int, kind: LedgerKind, event: ev.GradCleared | ev.GradWritten | ev.LeafUpdated
    ) -> LedgerEntry:
        file, line = (ev.NONE, ev.NONE) if event.span is None else (event.span.file, event.span.line)
        return LedgerEntry(
            step, number, event.leaf, kind, ev.NONE, file, line, event.how, event.before, ev.NONE, event.after
        )  # fmt: skip
