"""A worker without torch, for tests of the runner: it starts in a tenth of a second and records only prints."""

from __future__ import annotations

import io
import os
import sys

from graphviz_app.protocol import Ended, Ready, Recorded, RunProgram, Unready, connect, end_with_app
from graphviz_app.recording import events as ev


class Speaker(io.TextIOBase):
    def __init__(self, channel, stream):
        self._channel = channel
        self._stream = stream
        self._process = os.getpid()

    def write(self, text):
        if os.getpid() == self._process:
            self._channel.send(Recorded(ev.Batch(0, (), (ev.Printed(self._stream, text),))))
        return len(text)


def main():
    channel = connect(sys.argv[1:])
    if "unready" in os.environ.get("PLAIN_WORKER", ""):
        channel.send(Unready("PyTorch cannot be imported.", "No module named torch"))
        return
    channel.send(Ready(ev.Environment("3", "0", "0"), os.getpid()))
    command = channel.receive()
    if not isinstance(command, RunProgram):
        return
    end_with_app(channel)
    os.chdir(command.directory)
    if command.capture:
        sys.stdout, sys.stderr = Speaker(channel, "stdout"), Speaker(channel, "stderr")
    sys.argv = [command.path, *command.arguments]
    how, status = "returned", 0
    try:
        exec(compile(command.source, command.path, "exec"), {"__name__": "__main__", "channel": channel, "ev": ev})  # noqa: S102
    except SystemExit as error:
        how, status = "exited", error.code or 0
    except BaseException as error:  # noqa: BLE001
        status = 1
        line = error.__traceback__.tb_next.tb_lineno
        raised = ev.Raised(type(error).__name__, str(error), span=ev.Span(0, line))
        channel.send(Recorded(ev.Batch(0, (), (raised,))))
    sys.stdout.flush()
    channel.send(Recorded(ev.Batch(0, (), (ev.Finished(how, status),))))
    channel.send(Ended(how, status))
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    sys.exit(status)


main()
