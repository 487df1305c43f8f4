"""The typed messages between the app and the traced program's process, and their framing."""

from graphviz_app.protocol.channel import (
    AppChannel,
    Channel,
    ChannelError,
    MessageTooLarge,
    WorkerChannel,
    app_channel,
    worker_channel,
)
from graphviz_app.protocol.messages import (
    Command,
    Ended,
    Ready,
    Recorded,
    Report,
    RunOptions,
    RunProgram,
    Shutdown,
    Unready,
)
from graphviz_app.protocol.pieces import in_pieces
from graphviz_app.protocol.worker_end import connect, end_with_app, keep_journal

__all__ = [
    "AppChannel",
    "Channel",
    "ChannelError",
    "Command",
    "Ended",
    "MessageTooLarge",
    "Ready",
    "Recorded",
    "Report",
    "RunOptions",
    "RunProgram",
    "Shutdown",
    "Unready",
    "WorkerChannel",
    "app_channel",
    "connect",
    "end_with_app",
    "in_pieces",
    "keep_journal",
    "worker_channel",
]
