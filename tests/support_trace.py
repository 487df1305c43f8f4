"""Real recordings for tests: runs a small program under the tracer, in this very process."""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING

from graphviz_app.recording import Recording
from graphviz_app.tracer.tracer import Tracer

if TYPE_CHECKING:
    from pathlib import Path

    from graphviz_app.recording import events as ev


def trace_source(source: str, path: Path) -> Recording:
    """Write a program to a file, run it, and return its recording."""
    batches: list[ev.Batch] = []
    path.write_text(source)
    # Another program may have been there before.
    linecache.clearcache()
    tracer = Tracer(batches.append, folder=str(path.parent), is_memory_lent=False)
    tracer.start()
    try:
        exec(compile(source, str(path), "exec"), {"__name__": "program"})  # noqa: S102 - the program
    finally:
        tracer.stop()
    return Recording.of(batches)
