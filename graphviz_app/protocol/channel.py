"""Messages over a transport: what one side sends, the other receives, whole and in order."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.protocol.framing import Deframer, FramingError, frame
from graphviz_app.protocol.messages import Command, Message, Report

if TYPE_CHECKING:
    from graphviz_app.protocol.journal import JournalEnd
    from graphviz_app.protocol.transport import Transport

_Incoming = TypeVar("_Incoming")
_Outgoing = TypeVar("_Outgoing", bound=Message)

_WRITE_SIZE = 1 << 16


class ChannelError(Exception):
    """The other side is gone, or talks nonsense; the message is a sentence."""


class MessageTooLarge(ChannelError):
    """This message cannot be sent; the channel is as good as before."""


class Decoder(Generic[_Incoming]):
    """Bytes in pieces of any size become messages; hostile ones a `ChannelError`."""

    def __init__(self, union: Any) -> None:
        self._deframer = Deframer()
        self._decode = msgspec.msgpack.Decoder(union).decode

    def feed(self, data: bytes) -> list[_Incoming]:
        """The messages that are whole by now, in order.

        Raises:
            ChannelError: If the bytes are not such messages.
        """
        try:
            return [self._decode(content) for content in self._deframer.feed(data)]
        except (FramingError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ChannelError(f"What came over the channel is not a message: {error}") from error

    @property
    def is_whole(self) -> bool:
        """True where the stream may end: no message has begun that is not complete."""
        return self._deframer.is_whole

    @property
    def taken(self) -> int:
        """How many bytes the messages so far had."""
        return self._deframer.taken


class Channel(Generic[_Incoming, _Outgoing]):
    """One side of the conversation.

    Sending is safe from any thread, and from a signal handler that interrupts a sending; receiving is for one
    thread.
    """

    def __init__(self, transport: Transport, union: Any) -> None:
        self.transport = transport
        self._decoder: Decoder[_Incoming] = Decoder(union)
        self._encode = msgspec.msgpack.Encoder().encode
        self._received: list[_Incoming] = []
        self._lock = threading.RLock()
        self._unsent = (bytearray(), list[int](), 0)
        self._journal: JournalEnd | None = None
        # Kept here because the program may replace os.getpid.
        self._getpid = os.getpid
        self._process = os.getpid()

    def keep_journal(self, journal: JournalEnd) -> None:
        """From now on, write what is sent into a journal first."""
        with self._lock:
            self._unsent = (bytearray(), [], journal.place)
            self._journal = journal

    def send(self, message: _Outgoing) -> None:
        """Send a message, waiting while the other side is busy.

        If a signal's handler raises meanwhile (Ctrl-C), the rest goes out before the next message. Where a journal is
        kept and has room, nobody needs to listen: this process is about to end with the app.

        Raises:
            MessageTooLarge: If it is.
            ChannelError: If nobody listens any more, or this is a forked child, which inherited the channel and would
                talk in between.
        """
        if self._getpid() != self._process:
            raise ChannelError("A forked child has no channel.")
        try:
            content = frame(self._encode(message))
        except FramingError as error:
            raise MessageTooLarge(str(error)) from error
        with self._lock:
            self._unsent[0].extend(content)
            self._keep_rest()
            try:
                self._send_rest()
            except ChannelError:
                if self._journal is None or not self._journal.has_room:
                    raise
                self._begin_anew()

    def receive(self) -> _Incoming | None:
        """The next message, waiting for it; None at the end of the conversation.

        Raises:
            ChannelError: If what comes is not a message, or ends within one.
        """
        while not self._received:
            try:
                data = self.transport.read()
            except OSError:
                data = b""
            if not data:
                if self._decoder.is_whole:
                    return None
                raise ChannelError("The conversation broke off within a message.")
            self._received.extend(self._decoder.feed(data))
        return self._received.pop(0)

    def has_news(self, timeout: float) -> bool:
        """Whether the other side has said something, or hung up; waits up to `timeout` seconds for it."""
        return bool(self._received) or self.transport.has_news(timeout)

    def feed(self, data: bytes) -> list[_Incoming]:
        """For a reader that watches the transport's descriptor itself: the messages that `data` completes.

        Raises:
            ChannelError: If the bytes are not messages.
        """
        messages = [*self._received, *self._decoder.feed(data)]
        self._received.clear()
        return messages

    @property
    def heard(self) -> int:
        """How many bytes the messages had that came so far."""
        return self._decoder.taken

    def close(self) -> None:
        """End the conversation."""
        self.transport.close()

    def _keep_rest(self) -> None:
        if self._journal is not None:
            buffer, _, place = self._unsent
            self._journal.append(buffer[self._journal.place - place :])

    def _send_rest(self) -> None:
        # A signal's handler may raise after any call that returns to Python, and the length that os.write
        # returned would be lost with it; then half a message would be sent twice. So write and the noting of its
        # result are one call, in C.
        buffer, lengths, _ = self._unsent
        while (position := sum(lengths)) < len(buffer):
            if not self.transport.is_ours():
                raise ChannelError("The channel was closed by the program.")
            piece = bytes(buffer[position : position + _WRITE_SIZE])
            try:
                lengths.extend(map(self.transport.write, (piece,)))
            except OSError as error:
                raise ChannelError("Nobody listens any more.") from error
        self._begin_anew()

    def _begin_anew(self) -> None:
        buffer, _, place = self._unsent
        self._unsent = (bytearray(), [], place + len(buffer))


WorkerChannel = Channel[Command, Report]
"""The worker's side."""
AppChannel = Channel[Report, Command]
"""The app's side."""


def worker_channel(transport: Transport) -> WorkerChannel:
    """The worker's side of a conversation over `transport`."""
    return Channel(transport, Command)


def app_channel(transport: Transport) -> AppChannel:
    """The app's side of a conversation over `transport`."""
    return Channel(transport, Report)
