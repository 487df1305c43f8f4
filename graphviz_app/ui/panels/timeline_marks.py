"""The events of a recording as marks in lanes: numpy columns that are cut and counted without a loop over events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.ui.panels.passes import pass_name

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


class PassSpan(NamedTuple):
    """A backward pass: its number and name, first and last step, and how many passes it runs inside of."""

    pass_id: int
    name: str
    first: int
    last: int
    depth: int
    finished: bool


@dataclass(frozen=True)
class Marks:
    """All marks of a recording.

    Attributes:
        step_count: Steps are 0 to `step_count`; the event of step s is the s-th that is a step.
        lanes: For each lane that has any, the steps of its marks, ascending.
        passes: All passes in the order in which they started.
        starts: Their first steps, for searching.
        ends: Their last steps, for searching.
        depths: How deep each pass is nested.
        step_of_event: For each event the step with which it has happened.
    """

    step_count: int
    lanes: dict[Lane, Steps]
    passes: tuple[PassSpan, ...]
    starts: Steps
    ends: Steps
    depths: Steps
    step_of_event: Steps

    @classmethod
    def empty(cls) -> Marks:
        """The marks of no recording."""
        none = np.zeros(0, np.int32)
        return cls(0, {}, (), none, none, none, none)

    def boundaries(self) -> Steps:
        """Steps at which a pass starts or ends, ascending."""
        return np.unique(np.concatenate([self.starts, self.ends]))

    def nearest_boundary(self, step: int) -> int:
        """The pass boundary nearest to `step`, or `step` itself where there is no pass."""
        boundaries = self.boundaries()
        if not boundaries.size:
            return step
        return int(boundaries[np.abs(boundaries - step).argmin()])

    def spans_between(self, first: float, last: float) -> npt.NDArray[np.intp]:
        """Positions in `passes` of those that touch the steps from `first` to `last`."""
        return np.flatnonzero((self.starts <= last) & (self.ends >= first))


def marks_of(recording: Recording) -> Marks:
    """Sort the events of a recording into lanes."""
    kind = recording.index.events.kind
    is_step = np.isin(kind, np.fromiter(ev.STEP_KINDS, np.int32))
    step_of_event = np.cumsum(is_step, dtype=np.int32)
    lanes: dict[Lane, Steps] = {}
    for lane, types in LANE_KINDS.items():
        steps = step_of_event[np.isin(kind, [ev.KIND[event_type] for event_type in types])]
        if steps.size:
            lanes[lane] = steps
    step_count = int(step_of_event[-1]) if len(step_of_event) else 0
    passes = _spans(recording, step_of_event, step_count)
    return Marks(
        step_count,
        lanes,
        passes,
        np.array([span.first for span in passes], np.int32),
        np.array([span.last for span in passes], np.int32),
        np.array([span.depth for span in passes], np.int32),
        step_of_event,
    )


def counts(steps: Steps, edges: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """How many of the ascending `steps` fall between each two neighbouring `edges`: O(edges · log steps)."""
    return np.diff(np.searchsorted(steps, edges))


def between(steps: Steps, first: float, last: float) -> Steps:
    """Those of the ascending `steps` that lie within [first, last]."""
    return steps[np.searchsorted(steps, first) : np.searchsorted(steps, last, side="right")]


def _spans(recording: Recording, step_of_event: Steps, step_count: int) -> tuple[PassSpan, ...]:
    depths: dict[int, int] = {}
    spans: list[PassSpan] = []
    for summary in recording.passes:
        depth = depths.get(summary.parent, -1) + 1
        depths[summary.pass_id] = depth
        finished = summary.end != ev.NONE
        last = int(step_of_event[summary.end]) if finished else step_count
        spans.append(
            PassSpan(
                summary.pass_id,
                pass_name(recording, summary.pass_id),
                int(step_of_event[summary.start]),
                last,
                depth,
                finished,
            )
        )
    return tuple(spans)
