"""The layout process: reads jobs from stdin, answers on stdout, ends when its parent does."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
from pathlib import Path
from typing import IO

from graphviz_app.layout.engine import lay_out
from graphviz_app.layout.model import BoxRequest, LayoutError, LayoutRequest, LinkRequest
from graphviz_app.layout.wire import Answer, Job, packed, read_job, write


def main() -> None:
    """Serve until stdin ends."""
    # Ctrl+C in a terminal goes to every process there; only the app decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    jobs = sys.stdin.buffer
    with _private_stdout() as answers, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        _warm_up()
        while (job := read_job(jobs)) is not None:
            # The watchdog is a thread in C: it ends the process even while Graphviz holds the interpreter's lock.
            faulthandler.dump_traceback_later(job.patience, exit=True, file=nowhere)
            answer = _answer(job)
            faulthandler.cancel_dump_traceback_later()
            try:
                write(answers, answer)
            except OSError:
                return


def _private_stdout() -> IO[bytes]:
    """Return the pipe to the parent; what anything else writes to stdout goes to stderr instead."""
    channel = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(channel, "wb")


def _warm_up() -> None:
    lay_out(LayoutRequest((BoxRequest("a", 10, 10), BoxRequest("b", 10, 10)), (LinkRequest("l", 0, 1),)))


def _answer(job: Job) -> Answer:
    try:
        return Answer(packed(lay_out(job.request, timeout=job.timeout, previous=job.previous(), only=job.only)))
    except LayoutError as error:
        return Answer(None, str(error))
    except (ArithmeticError, LookupError, TypeError, ValueError, MemoryError) as error:
        return Answer(None, f"This graph could not be laid out ({type(error).__name__}: {error}).")


if __name__ == "__main__":
    main()
