"""How the worker's process finds its end of the channel, and ends when the app does."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from typing import TYPE_CHECKING

from graphviz_app.protocol.channel import ChannelError, WorkerChannel, worker_channel
from graphviz_app.protocol.journal import JournalEnd
from graphviz_app.protocol.transport import PipeTransport, SocketTransport
from graphviz_app.recording.journal import MAGIC

if TYPE_CHECKING:
    from collections.abc import Sequence

PIPES = "--pipes"
"""`--pipes READ WRITE`: two inherited descriptors."""
PORT = "--port"
"""`--port PORT TOKEN`: a socket on this machine that wants to hear the token first."""

TOKEN_LENGTH = 32
_HIGH_DESCRIPTORS = (900, 200, 50)


def connect(arguments: Sequence[str]) -> WorkerChannel:
    """The worker's end of the channel, as the process's arguments name it.

    Children that the program starts do not inherit it; forked ones do, and must not write to it.

    Raises:
        ChannelError: If the arguments name none.
    """
    match arguments:
        case [kind, read, write] if kind == PIPES:
            return worker_channel(PipeTransport(_move_away(int(read)), _move_away(int(write))))
        case [kind, port, token] if kind == PORT:
            connection = socket.create_connection(("127.0.0.1", int(port)))
            connection.sendall(token.encode("ascii"))
            return worker_channel(SocketTransport(connection))
        case _:
            raise ChannelError("This program is started by the Autograd Visualizer, not by hand.")


def end_with_app(channel: WorkerChannel) -> None:
    """From now on this process is killed when the app is gone, whatever it is doing.

    Call it when the last command has been received. On Linux the kernel does it, without a thread or a handler that
    the program could see. On Windows the app's job object does it. Elsewhere the process ends when it next
    sends.
    """
    transport = channel.transport
    if sys.platform != "linux" or not isinstance(transport, PipeTransport):
        return
    import fcntl

    descriptor = transport.read_descriptor
    leads_group = os.getpgid(0) == os.getpid()
    fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpid() if leads_group else os.getpid())
    fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_ASYNC)
    gone = select.poll()
    gone.register(descriptor, select.POLLHUP)
    if gone.poll(0):
        os.kill(os.getpid(), signal.SIGKILL)


def keep_journal(channel: WorkerChannel, path: str) -> None:
    """From now on write what is sent into the journal that the app has made, if it has made one.

    As with the channel, children that the program starts do not inherit it.
    """
    if not path:
        return
    try:
        descriptor = os.open(path, os.O_RDWR)
        if os.read(descriptor, len(MAGIC)) != MAGIC:
            os.close(descriptor)
            return
    except OSError:
        return
    channel.keep_journal(JournalEnd(_move_away(descriptor), channel.transport.has_news))


def _move_away(descriptor: int) -> int:
    """The same, as a high number that is not inherited: the program's own files get the numbers they always get."""
    if sys.platform == "win32":
        return descriptor
    import fcntl

    for high in _HIGH_DESCRIPTORS:
        try:
            moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, high)
        except OSError:
            continue
        os.close(descriptor)
        return moved
    os.set_inheritable(descriptor, False)
    return descriptor
