"""The ledger as curves over the passes: norms, or single elements, of a leaf's `.grad`, contributions and value.

A long run has more entries than a plot has pixels: then every n-th is taken, evenly. Values are read a few at a time,
so that the window never waits for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.recording.events import NONE
from graphviz_app.recording.values import elements, statistics
from graphviz_app.scene.heatmap import real_values
from graphviz_app.timeline.ledger import LEDGER_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from graphviz_app.recording import TensorRecord
    from graphviz_app.timeline import LedgerEntry, Timeline

MOST_ENTRIES = 1000
"""So many entries of a leaf are read at most."""
MOST_ELEMENTS = 8
"""Leaves of up to so many elements can be drawn element by element."""
_GAP = float("nan")


class Point(NamedTuple):
    """One change: where it stands, its step, and the norm and elements after it.

    The norm is NaN where there is no tensor, and where it is `odd`: where it holds NaN or Inf.
    """

    x: float
    step: int
    kind: str
    norm: float
    elements: tuple[float, ...]
    odd: bool = False


@dataclass
class Series:
    """What is known so far of one leaf.

    Attributes:
        leaf: The leaf.
        name: Its name.
        grad: `.grad` after each change of it.
        contributions: What came in each accumulation.
        value: The leaf's value after each change of it.
        stride: Every how many entries of a kind one was taken.
    """

    leaf: int
    name: str
    stride: int = 1
    grad: list[Point] = field(default_factory=list["Point"])
    contributions: list[Point] = field(default_factory=list["Point"])
    value: list[Point] = field(default_factory=list["Point"])

    @property
    def element_count(self) -> int:
        """How many elements can be drawn one by one; 0 where they are too many."""
        return max((len(point.elements) for point in (*self.grad, *self.value)), default=0)


class PassAxis:
    """Steps as places on an axis of passes: the last step of the n-th top-level pass stands at n."""

    def __init__(self, timeline: Timeline) -> None:
        tops = [summary for summary in timeline.recording.passes if summary.parent == NONE]
        end_events = np.array([summary.end for summary in tops], np.int64)
        step_of_event = np.cumsum(np.isin(timeline.recording.index.events.kind, sorted(ev.STEP_KINDS)))
        known = end_events != NONE
        # Passes of threads may end in another order than they began; an axis goes forwards only.
        ends = np.sort(np.where(known, step_of_event[end_events] if len(tops) else 0, timeline.step_count)).tolist()
        self.count = len(ends)
        after = [timeline.step_count] if not ends or ends[-1] < timeline.step_count else []
        self._steps = np.array([0, *ends, *after], np.float64)
        self._places = np.arange(len(self._steps), dtype=np.float64)

    def place(self, step: int) -> float:
        """Where a step stands."""
        return float(np.interp(step, self._steps, self._places))


def read_series(timeline: Timeline, leaf: int, axis: PassAxis, most: int = MOST_ENTRIES) -> Iterator[Series]:
    """Read the entries of a leaf, evenly spaced where there are more than `most`.

    Of a long run only accumulations and updates are read: between two of its points lie so many clears that a curve
    through them would be a solid band.

    Yields:
        The same `Series` after each entry, so that the caller can stop, draw, and go on.
    """
    series = Series(leaf, timeline.leaf_name(leaf))
    positions = timeline.ledger.positions_of(leaf)
    if len(positions) > most:
        positions, series.stride = _thinned(timeline, positions, most)
    _add_start(series, timeline, leaf)
    yield series
    for position in positions.tolist():
        _add_entry(series, timeline, timeline.ledger.entry(position), axis)
        yield series


def _thinned(timeline: Timeline, positions: npt.NDArray[np.int64], most: int) -> tuple[npt.NDArray[np.int64], int]:
    """Every n-th accumulation and every n-th update, in order, with the last of each; and n."""
    kinds = timeline.recording.index.events.kind[timeline.events_of(*LEDGER_EVENTS)[positions]]
    kept: list[npt.NDArray[np.int64]] = []
    longest = 1
    for event_type in (ev.GradAccumulated, ev.LeafUpdated):
        of_kind = positions[kinds == ev.KIND[event_type]]
        stride = max(-(-len(of_kind) * 2 // most), 1)
        longest = max(longest, stride)
        kept += [of_kind[::stride], of_kind[-1:]]
    return np.unique(np.concatenate(kept)), longest


def _add_start(series: Series, timeline: Timeline, leaf: int) -> None:
    summary = timeline.leaf_summary(leaf)
    if summary is not None and summary.value != NONE:
        series.value.append(_point(0.0, 0, "start", timeline.recording.value(summary.value)))


def _add_entry(series: Series, timeline: Timeline, entry: LedgerEntry, axis: PassAxis) -> None:
    recording = timeline.recording
    x = axis.place(entry.step)
    after = _point(x, entry.step, entry.kind, recording.value(entry.after))
    if entry.kind == "updated":
        series.value.append(after)
        return
    series.grad.append(after)
    if entry.kind == "accumulated":
        series.contributions.append(_point(x, entry.step, entry.kind, recording.value(entry.contribution)))


def _point(x: float, step: int, kind: str, record: TensorRecord | None) -> Point:
    if record is None:
        return Point(x, step, kind, _GAP, ())
    figures = statistics(record)
    # What is not finite has no place on the axis: a gap shows it, rather than a norm of the rest.
    odd = figures is not None and bool(figures.nans or figures.positive_infinities or figures.negative_infinities)
    norm = _GAP if figures is None or odd else figures.norm
    values = elements(record) if record.numel <= MOST_ELEMENTS else None
    singles = () if values is None else tuple(real_values(values).reshape(-1).tolist())
    return Point(x, step, kind, norm, singles, odd)
