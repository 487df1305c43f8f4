"""What the leaves within closed groups have received, and when: answered for any step by one binary search."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import statistics

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.graph.visible import VisibleGraph
    from graphviz_app.timeline import Chapter, Timeline


class Received(NamedTuple):
    """How many leaves of a group have received a gradient, of how many, and the norm of all these gradients."""

    arrived: int
    total: int
    norm: float


class _Column(NamedTuple):
    """When something arrived, how many leaves there are; after each arrival read so far: of how many, the squares' sum.

    What arrived may be None, which is no gradient.
    """

    events: npt.NDArray[np.int64]
    total: int
    given: list[int]
    squares: list[float]


class GroupParameters:
    """The gradients that arrived at the leaves of each closed group in a chapter; read up to where one has asked."""

    def __init__(self, timeline: Timeline, chapter: Chapter, visible: VisibleGraph) -> None:
        self._timeline = timeline
        self._chapter = chapter
        self._visible = visible
        self._columns: dict[int, _Column] = {}

    def at(self, box: int, event: int) -> Received | None:
        """What the leaves of group `box` had received just after an event; None for a group without leaves."""
        column = self._columns.get(box)
        if column is None:
            column = self._columns[box] = self._read(box)
        if not column.total:
            return None
        count = int(np.searchsorted(column.events, event, side="right"))
        for number in column.events[len(column.squares) : count].tolist():
            given, squares = (column.given[-1], column.squares[-1]) if column.squares else (0, 0.0)
            square = self._square(number)
            column.given.append(given + (square is not None))
            column.squares.append(squares + (square or 0.0))
        if not count:
            return Received(0, column.total, 0.0)
        return Received(column.given[count - 1], column.total, math.sqrt(column.squares[count - 1]))

    def _read(self, box: int) -> _Column:
        nodes = self._visible.graph.nodes
        leaves = [key for key in self._visible.boxes[box].keys if isinstance(key, int) and nodes[key]["kind"] == "leaf"]
        _, events = self._timeline.calls.of_each(np.array(leaves, np.int64))
        inside = (events >= self._chapter.first_event) & (events < self._chapter.end_event)
        return _Column(np.sort(events[inside]), len(leaves), [], [])

    def _square(self, number: int) -> float | None:
        """The square of the norm of what arrived, or None where nothing was given."""
        recording = self._timeline.recording
        call = recording.event(number)
        if not isinstance(call, ev.NodeCalled) or not call.grad_outputs or call.grad_outputs[0] == ev.NONE:
            return None
        record = recording.value(call.grad_outputs[0])
        figures = None if record is None else statistics(record)
        if figures is None:
            return 0.0
        is_odd = figures.nans or figures.positive_infinities or figures.negative_infinities
        return math.nan if is_odd else figures.norm**2
