"""Room on the stack for the end of deep graphs.

torch destroys a node that Python has looked at within the destruction of the node that leads to it, and so on down:
a chain of forty thousand operations, which plain Python lets go of quietly, would end the program by a segmentation
fault once it was walked over. The main thread's stack grows up to the soft limit as it is at that moment.
"""

from __future__ import annotations

import contextlib

try:
    import resource
except ImportError:
    # Windows has no such limits; there a thread's stack has the size that it was started with.
    resource = None

from graphviz_app.tracer.own import __builtins__  # noqa: F401

_WANTED = 120 << 20
"""Bytes; beyond about 128 MiB Linux has other things in the way of the stack. Enough for half a million nodes."""


def make_room() -> None:
    """Let the main thread's stack grow larger than usual, from now on: graphs may die after the recording has ended."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    if soft == resource.RLIM_INFINITY or soft >= _WANTED:
        return
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
