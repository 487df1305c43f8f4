"""`sys.stdout` and `sys.stderr` as the program expects them, and heard by the recording.

In the window nothing reaches a descriptor, unless the program has led it elsewhere: what is written becomes events at
once. On the command line the text takes plain Python's own way to the descriptor, with plain Python's buffering, and is
heard on the way.
"""

from __future__ import annotations

import ctypes
import io
import os
import sys
from types import FunctionType
from typing import TYPE_CHECKING, Any

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording.encodable import encodable
from graphviz_app.tracer import watchers_in_c

if TYPE_CHECKING:
    from collections.abc import Callable


_getpid = os.getpid
_profiler, _tracer = watchers_in_c.current_profiler, watchers_in_c.current_tracer


class _Hearing:
    """Who hears a text layer; kept apart from it, where the program does not see it.

    Attributes:
        hear: Takes what was written.
        flushed: Called when the program flushes.
        owed: Bytes that were heard as text, and have not arrived at the buffer yet.
        has_buffer: Whether there is one at which they arrive.
        newline: What the layer makes of the end of a line.
    """

    __slots__ = ("flushed", "has_buffer", "hear", "newline", "owed")

    def __init__(self, hear: Callable[[Any], None], flushed: Callable[[], None] | None, has_buffer: bool) -> None:
        self.hear = hear
        self.flushed = flushed
        self.owed = b""
        self.has_buffer = has_buffer
        self.newline = "\r\n" if sys.platform == "win32" else "\n"

    def arrived(self, text: io.TextIOWrapper, data: Any) -> None:
        """Bytes arrive at the buffer: the text layer's own, which were heard before, or the program's."""
        content = bytes(data)
        if content == self.owed:
            self.owed = b""
        elif self.owed.startswith(content):
            self.owed = self.owed[len(content) :]
        else:
            self.hear(content.decode(text.encoding, "replace"))


# By the id of a text layer, of a buffer with its text layer, and of a descriptor's file with its process and what is
# behind the descriptor there.
_hearings: dict[int, _Hearing] = {}
_texts: dict[int, io.TextIOWrapper] = {}
_processes: dict[int, tuple[int, tuple[int, int] | None]] = {}
# Called first where something watches the calls of the thread that writes: what is called next, it would be told of.
_met: list[Callable[[], None]] = [lambda: None]


def _in_full(text: str) -> str:
    """Of some of their own classes, not of those made from them, io's objects say that they are io's."""
    return text if text.startswith("<_io.") else f"<_io.{text[1:]}"


# The classes of the streams depend on no variable of this module: when the interpreter ends, it empties modules, and
# after that objects of the program's may still write, and the streams write out what lies in them.


def _make_behind() -> Callable[[int], tuple[int, int] | None]:
    fstat, error = os.fstat, OSError

    def behind(descriptor: int) -> tuple[int, int] | None:
        """What a descriptor leads to now, None where it is closed."""
        try:
            found = fstat(descriptor)
        except error:
            return None
        return found.st_dev, found.st_ino

    return behind


_behind = _make_behind()


def _make_raw() -> type[io.FileIO]:
    file, processes, getpid, behind = io.FileIO, _processes, _getpid, _behind

    class Raw(file):
        """The descriptor's file, which takes everything and writes nothing."""

        def __init__(self, descriptor: int) -> None:
            file.__init__(self, descriptor, "w", closefd=False)
            processes[id(self)] = (getpid(), behind(descriptor))

        def write(self, data: Any) -> int:
            """Take all of it. A forked child cannot be heard, and writes to the descriptor, where the app reads it.

            So does a program that has led the descriptor elsewhere.
            """
            is_heard = (getpid(), behind(file.fileno(self))) == processes[id(self)]
            return len(data) if is_heard else file.write(self, data)

    return Raw


def _make_buffer() -> type[io.BufferedWriter]:
    buffered, texts, hearings, in_full = io.BufferedWriter, _texts, _hearings, _in_full

    class Buffer(buffered):
        """A buffer that hears what is written to it past the text layer."""

        def write(self, data: Any) -> int:
            """Write as ever."""
            text = texts.get(id(self))
            if text is not None:
                hearings[id(text)].arrived(text, data)
            return buffered.write(self, data)

        def __repr__(self) -> str:
            return in_full(buffered.__repr__(self))

    return Buffer


def _make_text() -> type[io.TextIOWrapper]:
    wrapper, hearings, met, in_full = io.TextIOWrapper, _hearings, _met, _in_full
    profiler, tracer = _profiler, _tracer

    class Text(wrapper):
        """A text layer that hears what is written to it, at the moment at which it is."""

        def write(self, text: str) -> int:
            """Write as ever."""
            if profiler() is not None or tracer() is not None:
                met[-1]()
            hearing = hearings.get(id(self))
            if hearing is None:
                return wrapper.write(self, text)
            if hearing.has_buffer and type(text) is str:
                shown = text if hearing.newline == "\n" else text.replace("\n", hearing.newline)
                try:
                    hearing.owed += shown.encode(self.encoding, self.errors or "strict")
                except (UnicodeError, LookupError):
                    shown = ""  # it will not be written either
            count = wrapper.write(self, text)
            hearing.hear(text)
            return count

        def flush(self) -> None:
            """Flush as ever."""
            if profiler() is not None or tracer() is not None:
                met[-1]()
            wrapper.flush(self)
            hearing = hearings.get(id(self))
            if hearing is not None and hearing.flushed is not None:
                hearing.flushed()

        def __repr__(self) -> str:
            return in_full(wrapper.__repr__(self))

    return Text


def _names(stream: Any) -> list[str]:
    """What `dir()` lists of a stream of Python's own."""
    return [*dir(type(stream).__base__), *vars(stream)]


_Raw, _Buffer, _Text = _make_raw(), _make_buffer(), _make_text()
for _kind, _shown in ((_Raw, "FileIO"), (_Buffer, "BufferedWriter"), (_Text, "TextIOWrapper")):
    _kind.__module__, _kind.__name__, _kind.__qualname__ = "_io", _shown, _shown
    for _method in [_each for _each in vars(_kind).values() if isinstance(_each, FunctionType)]:
        _method.__qualname__ = f"{_shown}.{_method.__name__}"
    _kind.__dir__ = _names


CALLING = (_Buffer.write, _Text.write, _Text.flush)


def _nothing() -> None:
    """Nobody needs to know that something watches."""


class Streams:
    """Puts the streams in place.

    Args:
        hear: Takes the name of a stream and a text that was written to it.
        flushed: Called when the program flushes a stream.
        watched: Called when a thread writes while something watches its calls.
    """

    def __init__(
        self,
        hear: Callable[[str, str], None],
        flushed: Callable[[], None] | None = None,
        watched: Callable[[], None] = lambda: None,
    ) -> None:
        self._hear = hear
        self._flushed = flushed
        _met.append(watched)
        # The ids of text layers and of their buffers, which the program may have taken apart.
        self._heard: list[tuple[int, int]] = []

    def capture(self) -> None:
        """Make all that is written an event, and nothing else."""
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            errors = "backslashreplace" if name == "stderr" else "strict"
            stream = _Text(_Buffer(_Raw(descriptor)), "utf-8", errors, line_buffering=True)
            self._install(name, stream, descriptor)

    def overhear(self) -> None:
        """Let everything go where it goes, and hear it."""
        for name in ("stdout", "stderr"):
            old = getattr(sys, name)
            if type(old) is not io.TextIOWrapper or type(old.buffer) not in (io.BufferedWriter, io.FileIO):
                # Somebody was here before: leave it alone.
                continue
            old.flush()
            buffering: dict[str, Any] = {"line_buffering": old.line_buffering, "write_through": old.write_through}
            # Where the interpreter runs unbuffered (`python -u`) there is no buffer to hear, but text still is heard.
            below: Any = old.buffer
            if type(below) is io.BufferedWriter:
                below = _Buffer(below.raw, below.__sizeof__() - io.BufferedWriter.__basicsize__)
            stream = _Text(below, old.encoding, old.errors, **buffering)
            self._heard.append((id(stream), id(below)))
            self._install(name, stream)

    def flush(self) -> None:
        """Write out what is still in the buffers, as Python does when the program's last line has run."""
        for name in ("stderr", "stdout"):
            try:
                getattr(sys, name).flush()
            except BaseException:  # noqa: BLE001 - the program may have put anything there, or closed it
                continue

    def unhear(self) -> None:
        """Nobody hears any more what goes to the descriptors; it goes there as ever."""
        for stream, buffer in self._heard:
            # Held by nobody but the program, it writes out what lies in it when it goes.
            _texts.pop(buffer, None)
            _hearings.pop(stream, None)
        self._heard = []
        _met.append(_nothing)

    def _install(self, name: str, stream: Any, descriptor: int | None = None) -> None:
        hear, behind = self._hear, _behind
        here = None if descriptor is None else behind(descriptor)

        def tell(text: Any) -> None:
            if type(text) is str and text and (descriptor is None or behind(descriptor) == here):
                hear(name, text if text.isascii() else encodable(text))

        stream.mode = "w"  # type: ignore[attr-defined]
        _hearings[id(stream)] = _Hearing(tell, self._flushed, type(stream.buffer) is _Buffer)
        _texts[id(stream.buffer)] = stream
        # The old streams are kept for ever: the first to go would close the file that all have in common.
        for old in (getattr(sys, name), getattr(sys, f"__{name}__")):
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(old))
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
