"""What Windows does otherwise: a socket instead of inherited pipes, a job object instead of a process group."""

from __future__ import annotations

import contextlib
import hmac
import secrets
import socket
import subprocess
import sys
from typing import Any

from graphviz_app.protocol.transport import SocketTransport
from graphviz_app.protocol.worker_end import PORT, TOKEN_LENGTH

_POLL_SECONDS = 0.1
_TOKEN_SECONDS = 5.0


class Listener:
    """Waits on this machine for the one process that knows a token."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(TOKEN_LENGTH // 2)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(_POLL_SECONDS)

    def __enter__(self) -> Listener:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._socket.close()

    @property
    def arguments(self) -> tuple[str, str, str]:
        """What the process must be told on its command line."""
        return PORT, str(self._socket.getsockname()[1]), self._token

    def accept(self, process: subprocess.Popen[bytes]) -> SocketTransport:
        """The connection of the process, once it has shown the token.

        Raises:
            OSError: If the process ends first.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                connection, _ = self._socket.accept()
                if self._knows_token(connection):
                    connection.settimeout(None)
                    return SocketTransport(connection)
                connection.close()
            if process.poll() is not None:
                raise OSError("Python ended before it began.")

    def _knows_token(self, connection: socket.socket) -> bool:
        connection.settimeout(_TOKEN_SECONDS)
        said = b""
        with contextlib.suppress(OSError):
            while len(said) < TOKEN_LENGTH and (piece := connection.recv(TOKEN_LENGTH - len(said))):
                said += piece
        return hmac.compare_digest(said, self._token.encode("ascii"))


def creation_flags(*, capture: bool) -> int:
    """No console window of its own for a program that runs inside the app's window."""
    if sys.platform == "win32" and capture:
        return subprocess.CREATE_NO_WINDOW
    return 0


class Job:
    """A job object: all processes in it end together, at the latest when the app does."""

    def __init__(self, kernel32: Any, handle: int) -> None:
        self._kernel32 = kernel32
        self._handle = handle

    @classmethod
    def of(cls, process: subprocess.Popen[bytes]) -> Job | None:
        """Put a process into a new job; None where the system does not let us."""
        if sys.platform != "win32":
            return None
        import ctypes

        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.CreateJobObjectW.restype = ctypes.c_void_p
        job = kernel32.CreateJobObjectW(None, None)
        if not job:
            return None
        # JOBOBJECT_EXTENDED_LIMIT_INFORMATION, of which only LimitFlags is set: at byte 16, in 144 or 112 bytes.
        size = 144 if ctypes.sizeof(ctypes.c_void_p) == 8 else 112
        information = ctypes.create_string_buffer(size)
        kill_on_close = 0x2000
        information[16:20] = kill_on_close.to_bytes(4, "little")
        extended_limit_information = 9
        handle = ctypes.c_void_p(int(getattr(process, "_handle")))  # noqa: B009 - there is no other way to it
        if not (
            kernel32.SetInformationJobObject(ctypes.c_void_p(job), extended_limit_information, information, size)
            and kernel32.AssignProcessToJobObject(ctypes.c_void_p(job), handle)
        ):
            kernel32.CloseHandle(ctypes.c_void_p(job))
            return None
        return cls(kernel32, job)

    def terminate(self) -> None:
        """End every process in it."""
        import ctypes

        self._kernel32.TerminateJobObject(ctypes.c_void_p(self._handle), 1)

    def close(self) -> None:
        """Let go of it; what still runs in it ends."""
        import ctypes

        self._kernel32.CloseHandle(ctypes.c_void_p(self._handle))
