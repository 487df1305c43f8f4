"""The worker: imports torch while it waits, runs one program, and ends with it.

It is started by the app, with a channel on inherited descriptors; see `protocol`.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import platform
import sys
import traceback

import graphviz_app
from graphviz_app.protocol import (
    ChannelError,
    Ended,
    MessageTooLarge,
    Ready,
    Recorded,
    RunProgram,
    Unready,
    connect,
    end_with_app,
    in_pieces,
    keep_journal,
)
from graphviz_app.recording import events as ev
from graphviz_app.recording.encodable import encodable
from graphviz_app.tracer import absent
from graphviz_app.tracer.warming import restore, warm_further

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graphviz_app.protocol import WorkerChannel
    from graphviz_app.tracer.launch import Ending, Program

_NO_TORCH = "PyTorch cannot be imported by this Python ({executable}): {error}"

_EARLY = (
    "The program computes {names} before it imports torch. Here torch is imported by then, and has read its "
    "environment: set it to a text that stands in the program, or where the program is started."
)


def main() -> int:
    """Serve one run; returns the exit status."""
    last = _LastWords()
    # Handlers run in reverse order: this one comes after all others, also the ones that torch's import registers, among
    # which those of `weakref.finalize` and `logging` run code of the program's.
    atexit.register(last.say)
    try:
        channel = connect(sys.argv[1:])
    except (ChannelError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not _warm(channel):
        return 2
    warm_further(channel.has_news)
    command = channel.receive()
    if not isinstance(command, RunProgram):
        return 0
    keep_journal(channel, command.journal)
    end_with_app(channel)
    return _run(channel, command, last)


def _warm(channel: WorkerChannel) -> bool:
    try:
        with absent.withholding():
            import torch
        with absent.bringing():
            from graphviz_app.tracer import launch
    except Exception as error:  # noqa: BLE001 - a broken installation can raise anything here
        sentence = _NO_TORCH.format(executable=sys.executable, error=error)
        channel.send(Unready(sentence, traceback.format_exc()))
        return False
    del launch
    environment = ev.Environment(
        platform.python_version(), str(torch.__version__), graphviz_app.__version__, platform.platform()
    )
    channel.send(Ready(environment, os.getpid()))
    return True


def _run(channel: WorkerChannel, command: RunProgram, last: _LastWords) -> int:
    from graphviz_app.tracer.launch import Program
    from graphviz_app.tracer.options import TracerOptions
    from graphviz_app.tracer.start import start_of

    wished = command.options
    options = TracerOptions(wished.element_budget, wished.recording_bytes, wished.operations, wished.forward_values)
    restore(dict(command.environment))
    start = start_of(command.path, command.directory, module=command.module, container=command.container)
    program = Program(
        start,
        command.source,
        command.arguments,
        command.directory,
        capture=command.capture,
        sink=lambda batch: _send(channel, batch),
        options=options,
    )
    if command.early:
        program.say(_EARLY.format(names=", ".join(command.early)))
    ending = program.run()
    last.of = channel, program, ending
    # Plain Python ends by the signal itself after Ctrl-C, but only when it has cleared up. The app sees to that.
    return ending.status if ending.status >= 0 else 128 - ending.status


def _send(channel: WorkerChannel, batch: ev.Batch) -> None:
    try:
        channel.send(Recorded(batch))
    except MessageTooLarge:
        for piece in in_pieces(batch):
            channel.send(Recorded(piece))
    except UnicodeEncodeError:
        _send(channel, encodable(batch))


class _LastWords:
    """Says how it ended, when the program's threads and exit handlers are through.

    Attributes:
        of: The channel, the program, and its end; None before that.
    """

    def __init__(self) -> None:
        # Kept here because the program may replace `os.getpid`.
        self._getpid = os.getpid
        self._process = os.getpid()
        self.of: tuple[WorkerChannel, Program, Ending] | None = None

    def say(self) -> None:
        """Send it, unless this is a forked child."""
        if self.of is None or self._getpid() != self._process:
            return
        channel, program, ending = self.of
        program.finish(ending)
        with contextlib.suppress(ChannelError):
            channel.send(Ended(ending.how, ending.status))


if __name__ == "__main__":
    status = main()
    if status:
        sys.exit(status)
    # Else as a program ends: with PYTHONINSPECT, Python shows every SystemExit.
