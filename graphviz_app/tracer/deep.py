"""Room on the stack for the end of deep graphs.

Since torch 2.13 a node that was ever seen from Python is destroyed through Python, and destroys the nodes that it leads
to from within: a chain of some ten thousand operations would overflow the stack, where without us none of its nodes
might ever have been seen. On Linux the stack of the main thread grows as far as its limit allows at that moment.
"""

from __future__ import annotations

import sys

from graphviz_app.own import __builtins__  # noqa: F401

MANY = 10_000
"""From how many nodes at once on a graph may be too deep for the usual eight megabytes."""
_STACK_BYTES = 1 << 30


def make_room() -> None:
    """Let the main thread's stack grow further, where the system allows it."""
    if sys.platform != "linux":
        return
    import resource

    limit, most = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = _STACK_BYTES if most == resource.RLIM_INFINITY else min(_STACK_BYTES, most)
    if limit != resource.RLIM_INFINITY and limit < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_STACK, (wanted, most))
        except (OSError, ValueError):
            return
