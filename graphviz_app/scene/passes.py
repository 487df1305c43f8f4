"""When a backward pass started."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphviz_app.recording import Recording

NEVER = 1 << 62
"""The event of what never happened."""


def start_of_pass(recording: Recording, pass_id: int) -> int:
    """The event with which a pass started, or NEVER."""
    summary = recording.pass_summary(pass_id)
    return NEVER if summary is None else summary.start
