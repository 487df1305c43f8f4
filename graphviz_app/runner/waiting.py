"""Whether a program waits for its user to type something, as far as the system tells."""

from __future__ import annotations

import platform
import sys
from itertools import islice
from pathlib import Path

_READ = {"x86_64": "0", "aarch64": "63"}
"""The number of the system call `read`, by machine."""
_THREADS_LOOKED_AT = 16


def waits_for_input(process: int) -> bool | None:
    """Whether a thread of the process is reading its stdin just now.

    Args:
        process: The process's number.

    Returns:
        None where the system does not say.
    """
    number = _READ.get(platform.machine()) if sys.platform == "linux" else None
    if number is None:
        return None
    try:
        for task in islice(Path(f"/proc/{process}/task").iterdir(), _THREADS_LOOKED_AT):
            call, _, rest = (task / "syscall").read_text().partition(" ")
            if call == number and rest.startswith("0x0 "):
                return True
    except OSError:
        return None
    return False
