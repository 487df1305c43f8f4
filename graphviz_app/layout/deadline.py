"""A time by which to be done."""

from __future__ import annotations

import time


class Deadline:
    """Counts down from a number of seconds; None never ends."""

    def __init__(self, seconds: float | None) -> None:
        """Start counting now."""
        self._end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left, infinite where there is no end."""
        return float("inf") if self._end is None else self._end - time.monotonic()
