"""Python's built-in functions as they were at the start: the program may replace `len`, `print` or `open`.

A module of the tracer that imports `__builtins__` from here keeps using these, because a function takes its
built-ins from its module at the moment at which it is defined.
"""

from __future__ import annotations

import builtins

__builtins__ = dict(vars(builtins))
