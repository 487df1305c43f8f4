"""A descriptor of ours in a process whose program may close it, and open a file of its own under the same number."""

from __future__ import annotations

import os

from graphviz_app.own import __builtins__  # noqa: F401


class OwnDescriptor:
    """Knows a descriptor again by the file that was behind it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        # Kept here because the program may replace it.
        self._fstat = os.fstat
        self._identity = self._identify()

    def is_ours(self) -> bool:
        """Whether the file behind it is still the one that was; False where there was none."""
        return self._identity is not None and self._identify() == self._identity

    def _identify(self) -> tuple[int, int] | None:
        try:
            status = self._fstat(self._descriptor)
        except OSError:
            return None
        return status.st_dev, status.st_ino
