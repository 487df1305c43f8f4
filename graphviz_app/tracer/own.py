"""Python's built-in functions as they were at the start: the program may replace `len`, `print` or `open`.

A module of the tracer that imports `__builtins__` from here keeps using these, because a function takes its
built-ins from its module at the moment at which it is defined.
"""

from __future__ import annotations

import builtins
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__builtins__ = dict(vars(builtins))


@contextlib.contextmanager
def original_builtins() -> Generator[None]:
    """Let also the standard library, which always uses what stands in `builtins` now, have the original functions."""
    programs = dict(vars(builtins))
    vars(builtins).update(__builtins__)
    try:
        yield
    finally:
        vars(builtins).update(programs)
