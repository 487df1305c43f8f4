"""Being invisible between a program and whoever sends it signals: they reach it, and its death by one is ours too."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_FROM_THE_TERMINAL = ("SIGINT", "SIGQUIT")


@contextlib.contextmanager
def passing_signals_on(send: Callable[[int], None]) -> Generator[None]:
    """While this lasts, signals to this process go to the program, and do nothing here."""

    def pass_on(number: int, _: object) -> None:
        if not (signal.Signals(number).name in _FROM_THE_TERMINAL and _is_in_the_foreground()):
            send(number)

    previous = {}
    for name in _PASSED_ON:
        number = getattr(signal, name, None)
        # One that was ignored when we were started is ignored by the program as well.
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            previous[number] = signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def end_like(status: int) -> int:
    """End this process as the program ended: by the same signal, or return the exit status."""
    if status >= 0 or sys.platform == "win32":
        return status
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        # One core file, the program's, is enough.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with contextlib.suppress(OSError, ValueError):
        signal.signal(-status, signal.SIG_DFL)
    sys.stdout.flush()
    sys.stderr.flush()
    os.kill(os.getpid(), -status)
    return 128 - status


def _is_in_the_foreground() -> bool:
    """Whether Ctrl-C in a terminal reaches us; then it has reached the program too, and must not reach it twice."""
    if sys.platform == "win32":
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
