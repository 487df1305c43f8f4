"""Something that a person should be told, where it happened, and in whose words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from graphviz_app.recording import Recording


class Problem(NamedTuple):
    """One thing that went wrong.

    Attributes:
        sentence: For the user, in the app's words.
        detail: PyTorch's or Python's own words, or "".
        path: The file it happened in, or "".
        line: The line, from 1, or NONE.
    """

    sentence: str
    detail: str = ""
    path: str = ""
    line: int = ev.NONE


def problem_of(recording: Recording) -> Problem | None:
    """What ended a recorded program, or None where it ran to its end."""
    raised = _last(recording, ev.Raised)
    if isinstance(raised, ev.Raised):
        path, line = "", ev.NONE
        if raised.span is not None and 0 <= raised.span.file < len(recording.sources):
            path, line = recording.sources[raised.span.file].path, raised.span.line
        detail = f"{raised.exception}: {raised.message}" if raised.message else raised.exception
        return Problem(raised.sentence or detail, detail, path, line)
    finished = _last(recording, ev.Finished)
    if isinstance(finished, ev.Finished) and (finished.status != 0 or finished.how in ("killed", "stopped")):
        return Problem(finished.sentence or f"The program ended with exit status {finished.status}.")
    if recording.warning:
        return Problem(recording.warning)
    return None


def _last(recording: Recording, event_type: type[ev.Struct]) -> ev.Event | None:
    kinds = recording.index.events.kind
    # What ends a program is among the last events; looking further back would only cost time.
    start = max(len(kinds) - 64, 0)
    for number in range(len(kinds) - 1, start - 1, -1):
        if kinds[number] == ev.KIND[event_type]:
            return recording.event(number)
    return None
