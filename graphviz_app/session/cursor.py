"""Where the cursor is, and where it can go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from graphviz_app.timeline import StepState, Timeline


class Cursor:
    """A step of a timeline. Every method returns the step to go to; at the ends it stays where it is.

    It holds no state beyond the step: the same step is the same picture, however one came to it.
    """

    def __init__(self, timeline: Timeline, step: int) -> None:
        self._timeline = timeline
        self.step = min(max(step, 0), timeline.step_count)

    @property
    def state(self) -> StepState:
        """What is true there."""
        return self._timeline.state(self.step)

    @property
    def at_end(self) -> bool:
        """Whether there is no step after this one."""
        return self.step == self._timeline.step_count

    def forward(self) -> int:
        """One step on."""
        return min(self.step + 1, self._timeline.step_count)

    def back(self) -> int:
        """One step back."""
        return max(self.step - 1, 0)

    def next_pass(self) -> int:
        """Where the next backward pass starts, else the end."""
        return self._or(self._timeline.next_pass(self.step), self._timeline.step_count)

    def previous_pass(self) -> int:
        """Where the pass before starts, else the beginning."""
        return self._or(self._timeline.previous_pass(self.step), 0)

    def next_accumulation(self) -> int:
        """Where the next `.grad` grows; stays where none does."""
        return self._or(self._timeline.next_accumulation(self.step), self.step)

    def previous_accumulation(self) -> int:
        """Where the last `.grad` grew; stays where none did."""
        return self._or(self._timeline.previous_accumulation(self.step), self.step)

    def next_call_of(self, node: int) -> int:
        """Where this node runs next; stays where it does not."""
        return self._or(self._timeline.next_call_of(self.step, node), self.step)

    @staticmethod
    def _or(step: int | None, otherwise: int) -> int:
        return otherwise if step is None else step


def first_sight(timeline: Timeline) -> int:
    """The step that a finished run is shown at: something to look at, and something to press.

    Where the first backward pass starts: the whole graph is there, and the seed is about to flow. A program without
    one, or one that failed before it, is shown at its end.
    """
    start = timeline.next_of_kind(0, (ev.BackwardStarted,))
    return timeline.step_count if start is None else start
