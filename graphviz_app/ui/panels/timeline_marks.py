"""The events of a recording as marks in lanes: numpy columns that are cut and counted without a loop over events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.recording.recording import Recording

    Steps = npt.NDArray[np.int32]


class Lane(Enum):
    """A kind of mark, with the name that the legend gives it."""

    FORWARD = "operations"
    PASS = "passes"
    CALL = "node calls"
    ACCUMULATED = "accumulate"
    CLEARED = "clear"
    UPDATED = "update"
    WRITTEN = "in-place"
    PRINTED = "print"
    ERROR = "error"


LANE_KINDS: dict[Lane, tuple[type[ev.Struct], ...]] = {
    Lane.FORWARD: (ev.OperationRan,),
    Lane.PASS: (ev.BackwardStarted,),
    Lane.CALL: (ev.NodeCalled,),
    Lane.ACCUMULATED: (ev.GradAccumulated,),
    Lane.CLEARED: (ev.GradCleared,),
    Lane.UPDATED: (ev.LeafUpdated,),
    Lane.WRITTEN: (ev.TensorMutated, ev.GradWritten),
    Lane.PRINTED: (ev.Printed,),
    Lane.ERROR: (ev.Raised,),
}


@dataclass(frozen=True)
class PassRow:
    """The passes at one depth of nesting, in the order in which they started.

    Attributes:
        pass_ids: Their numbers.
        starts: Their first steps, ascending.
        ends: Their last steps; those of passes in threads may overlap.
        latest: The latest end so far, ascending, for searching.
    """

    pass_ids: Steps
    starts: Steps
    ends: Steps
    latest: Steps

    def touching(self, first: float, last: float) -> slice:
        """Which of them may touch the steps from `first` to `last`: none that does is left out."""
        from_ = int(np.searchsorted(self.latest, np.int32(math.floor(first))))
        return slice(from_, int(np.searchsorted(self.starts, np.int32(math.ceil(last)), side="right")))


@dataclass(frozen=True)
class Marks:
    """All marks of a recording.

    Attributes:
        step_count: Steps are 0 to `step_count`; the event of step s is the s-th that is a step.
        lanes: For each lane that has any, the steps of its marks, ascending.
        passes: For each depth of nesting, its passes.
        boundaries: Steps at which a pass starts or ends, ascending.
        step_of_event: For each event the step with which it has happened.
    """

    step_count: int
    lanes: dict[Lane, Steps]
    passes: tuple[PassRow, ...]
    boundaries: Steps
    step_of_event: Steps

    @classmethod
    def empty(cls) -> Marks:
        """The marks of no recording."""
        none = np.zeros(0, np.int32)
        return cls(0, {}, (), none, none)

    def nearest_boundary(self, step: int) -> int:
        """The pass boundary nearest to `step`, or `step` itself where there is no pass."""
        if not self.boundaries.size:
            return step
        return int(self.boundaries[np.abs(self.boundaries - step).argmin()])


def marks_of(recording: Recording) -> Marks:
    """Sort the events of a recording into lanes."""
    kind = recording.index.events.kind
    step_of_event = np.cumsum(_table(ev.STEP_KINDS)[kind], dtype=np.int32)
    lanes: dict[Lane, Steps] = {}
    for lane, types in LANE_KINDS.items():
        steps = step_of_event[_table({ev.KIND[event_type] for event_type in types})[kind]]
        if steps.size:
            lanes[lane] = steps
    step_count = int(step_of_event[-1]) if len(step_of_event) else 0
    passes = _rows(recording, step_of_event, step_count)
    ends = [steps for row in passes for steps in (row.starts, row.ends)]
    boundaries = np.unique(np.concatenate(ends)) if ends else np.zeros(0, np.int32)
    return Marks(step_count, lanes, passes, boundaries, step_of_event)


def counts(steps: Steps, edges: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """How many of the ascending `steps` fall between each two neighbouring `edges`: O(edges · log steps)."""
    # Whole numbers: numpy would else turn all of the steps into floating-point numbers first.
    return np.diff(np.searchsorted(steps, np.ceil(edges).astype(np.int32)))


def between(steps: Steps, first: float, last: float) -> Steps:
    """Those of the ascending `steps` that lie within [first, last]."""
    start = np.searchsorted(steps, np.int32(math.ceil(first)))
    return steps[start : np.searchsorted(steps, np.int32(math.floor(last)), side="right")]


def _table(kinds: frozenset[int] | set[int]) -> npt.NDArray[np.bool_]:
    table = np.zeros(len(ev.EVENT_TYPES), np.bool_)
    table[sorted(kinds)] = True
    return table


def _rows(recording: Recording, step_of_event: Steps, step_count: int) -> tuple[PassRow, ...]:
    passes = recording.passes
    pass_ids = np.array([summary.pass_id for summary in passes], np.int32)
    starts = step_of_event[np.array([summary.start for summary in passes], np.int32)]
    end_events = np.array([summary.end for summary in passes], np.int32)
    ends = np.where(end_events == ev.NONE, step_count, step_of_event[end_events]).astype(np.int32)
    depths = _depths(recording)
    rows: list[PassRow] = []
    for depth in range(int(depths.max(initial=-1)) + 1):
        here = depths == depth
        rows.append(PassRow(pass_ids[here], starts[here], ends[here], np.maximum.accumulate(ends[here])))
    return tuple(rows)


def _depths(recording: Recording) -> Steps:
    """In how many other passes each pass runs."""
    depths = np.zeros(len(recording.passes), np.int32)
    known: dict[int, int] = {}
    for position, summary in enumerate(recording.passes):
        if summary.parent != ev.NONE:
            depths[position] = known.get(summary.parent, 0) + 1
            known[summary.pass_id] = int(depths[position])
    return depths
