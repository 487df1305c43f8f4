"""When a backward pass started."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphviz_app.recording import Recording

NEVER = 1 << 62
"""The event of what never happened."""


def start_of_pass(recording: Recording, pass_id: int) -> int:
    """The event with which a pass started, or NEVER."""
    passes = recording.passes
    # A pass's number is its place in time, unless passes of several threads arrived out of order.
    if 0 <= pass_id < len(passes) and passes[pass_id].pass_id == pass_id:
        return passes[pass_id].start
    return next((summary.start for summary in passes if summary.pass_id == pass_id), NEVER)
