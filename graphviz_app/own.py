"""Python's built-in functions as they were at the start: the program may replace `len`, `print` or `open`.

A module that imports `__builtins__` from here, as all do that run in the program's process, keeps using these, because
a function takes its built-ins from its module at the moment at which it is defined.
"""

from __future__ import annotations

import builtins
from typing import Any

__builtins__ = dict(vars(builtins))
_now: dict[str, Any] = vars(builtins)  # pyright: ignore[reportAssignmentType]


class original_builtins:
    """Let also the standard library, which always uses what stands in `builtins` now, have the original functions.

    No generator: those of `contextlib` use built-in functions themselves.
    """

    def __enter__(self) -> None:
        self._programs: dict[str, Any] = dict(_now)
        _now.update(__builtins__)

    def __exit__(self, *_: object) -> None:
        _now.update(self._programs)
