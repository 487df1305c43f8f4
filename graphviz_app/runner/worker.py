"""A process that can run one program: how it is started, asked to stop, and ended for good."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graphviz_app.protocol import AppChannel, app_channel
from graphviz_app.protocol.transport import PipeTransport
from graphviz_app.protocol.worker_end import PIPES
from graphviz_app.runner import interpreter, windows

if TYPE_CHECKING:
    from collections.abc import Mapping

TRACER = ("-m", "graphviz_app.tracer")
_PIPE_BYTES = 1 << 20


@dataclass
class Worker:
    """A worker's process and everything that leads to it.

    Attributes:
        process: It.
        channel: The app's side of the conversation.
        capture: True where it has pipes for stdin, stdout and stderr and a process group of its own; False where it
            has the caller's.
    """

    process: subprocess.Popen[bytes]
    channel: AppChannel
    capture: bool
    job: windows.Job | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs. An ended process is reaped by this, its group must be dead by then."""
        return self.process.poll() is None

    def interrupt(self) -> None:
        """Ask the program to end, as Ctrl-C does."""
        if sys.platform == "win32":
            self.kill()
        else:
            self.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End the program, and what it started, whatever it is doing."""
        if self.job is not None:
            self.job.terminate()
        elif sys.platform == "win32":
            self.process.kill()
        else:
            self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Kill the process if it lives, and let go of everything."""
        if self.process.returncode is None:
            self.kill()
            self.process.wait()
        self.channel.close()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        if self.job is not None:
            self.job.close()

    def send_signal(self, number: int) -> None:
        """Send a signal to the program; with `capture`, to what it started as well."""
        # The process is reaped only by `is_alive` and `close`, so its number cannot be another's here.
        if self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.capture:
                os.killpg(self.process.pid, number)
            else:
                os.kill(self.process.pid, number)


def spawn_worker(
    *,
    capture: bool,
    python: str = sys.executable,
    entry: tuple[str, ...] = TRACER,
    changes: Mapping[str, str | None] | None = None,
) -> Worker:
    """Start a worker, which begins to import torch at once.

    Args:
        capture: See `Worker`.
        python: The interpreter that has torch.
        entry: What it is to run.
        changes: Variables of its environment that are not ours, None for those that it has not.

    Raises:
        OSError: If the process cannot be started.
    """
    if sys.platform == "win32":
        return spawn_calling_back(capture=capture, python=python, entry=entry, changes=changes)
    _take_standard_descriptors()
    command_read, command_write = os.pipe()
    report_read, report_write = os.pipe()
    try:
        _widen(report_write)
        process = subprocess.Popen(
            [python, *interpreter.options(), *entry, PIPES, str(command_read), str(report_write)],
            pass_fds=(command_read, report_write),
            stdin=subprocess.PIPE if capture else None,
            stdout=subprocess.PIPE if capture else None,
            stderr=subprocess.PIPE if capture else None,
            bufsize=0,
            cwd=_neutral_directory(),
            env=_changed(changes),
            start_new_session=capture,
        )
    except BaseException:
        os.close(command_write)
        os.close(report_read)
        raise
    finally:
        os.close(command_read)
        os.close(report_write)
    return Worker(process, app_channel(PipeTransport(report_read, command_write)), capture)


def spawn_calling_back(
    *, capture: bool, python: str, entry: tuple[str, ...], changes: Mapping[str, str | None] | None = None
) -> Worker:
    """Start a worker that calls back on a socket, since pipes are not so easily inherited on Windows."""
    with windows.Listener() as listener:
        process = subprocess.Popen(
            [python, *interpreter.options(), *entry, *listener.arguments],
            stdin=subprocess.PIPE if capture else None,
            stdout=subprocess.PIPE if capture else None,
            stderr=subprocess.PIPE if capture else None,
            bufsize=0,
            cwd=_neutral_directory(),
            env=_changed(changes),
            creationflags=windows.creation_flags(capture=capture),
            start_new_session=capture,
        )
        job = windows.Job.of(process) if sys.platform == "win32" else None
        try:
            return Worker(process, app_channel(listener.accept(process)), capture, job)
        except BaseException:
            process.kill()
            process.wait()
            raise


def _changed(changes: Mapping[str, str | None] | None) -> dict[str, str] | None:
    if not changes:
        return None
    environment = {**os.environ, **changes}
    return {name: value for name, value in environment.items() if value is not None}


def _take_standard_descriptors() -> None:
    """Whoever started us may have closed standard streams: no pipe of ours may become the program's output.

    What takes their places here is not inherited, so the program finds them closed.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _neutral_directory() -> str:
    # `-m` puts the working directory on the path: one in which no file is called torch.py.
    return Path(sys.executable).anchor


def _widen(descriptor: int) -> None:
    # A wider pipe lets the program go on while the window is busy painting.
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
