"""A recording in chapters: one for each backward pass that the program itself started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.recording.events import KIND, NONE, NodesMade

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.recording import Recording
    from graphviz_app.recording.index import PassSummary


@dataclass(frozen=True)
class Chapter:
    """A stretch of the run that is shown as one graph.

    It begins after the chapter before it and ends with its own top-level backward pass; clears and updates after a
    pass thus belong to the next one, as they do in a training loop. What follows the last pass belongs to the
    last chapter, unless it builds a graph of its own that never meets a backward pass.

    Attributes:
        index: Its position among the chapters.
        pass_id: Its top-level pass, or NONE.
        title: Such as "Pass 2".
        first_event: Its first event.
        end_event: The event after its last.
        first_step: The first step that shows it.
        last_step: The last one.
    """

    index: int
    pass_id: int
    title: str
    first_event: int
    end_event: int
    first_step: int
    last_step: int


def divide(recording: Recording, step_events: npt.NDArray[np.int64]) -> tuple[Chapter, ...]:
    """The chapters of a recording; there is always one at least.

    Args:
        recording: The recording.
        step_events: The numbers of the events that are steps, ascending.
    """
    stretches = _stretches(recording)
    # Step s stands after the first s step events, so a chapter ends with the step that its last event is, and the
    # next one begins with the step after it; step 0 opens the first.
    last_steps = np.searchsorted(step_events, [end for *_, end in stretches]).tolist()
    first_steps = [0, *(last_step + 1 for last_step in last_steps)]
    return tuple(
        Chapter(index, *stretch, first_steps[index], last_steps[index]) for index, stretch in enumerate(stretches)
    )


def _stretches(recording: Recording) -> list[tuple[int, str, int, int]]:
    """Pass, title, first event and end event of each chapter."""
    stretches: list[tuple[int, str, int, int]] = []
    passes = [summary for summary in recording.passes if summary.parent == NONE]
    first = 0
    for number, summary in enumerate(passes, start=1):
        end = _end_of(summary, len(recording))
        # Passes of two threads may overlap; the later one's chapter is then what is left of it.
        if end <= first:
            continue
        if number == len(passes) and not _builds_graph(recording, end):
            end = len(recording)
        stretches.append((summary.pass_id, f"Pass {number}", first, end))
        first = end
    if first < len(recording) or not stretches:
        title = "After the last pass" if stretches else "No backward pass"
        stretches.append((NONE, title, first, len(recording)))
    return stretches


def _end_of(summary: PassSummary, event_count: int) -> int:
    return event_count if summary.end == NONE else summary.end + 1


def _builds_graph(recording: Recording, after: int) -> bool:
    return bool((recording.index.events.kind[after:] == KIND[NodesMade]).any())
