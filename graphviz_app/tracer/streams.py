"""`sys.stdout` and `sys.stderr` as the program expects them, and heard by the recording.

In the window nothing reaches a descriptor: what is written becomes events at once. On the command line the text takes
plain Python's own way to the descriptor, with plain Python's buffering, and is heard on the way.
"""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import watchers_in_c

if TYPE_CHECKING:
    from collections.abc import Callable


_getpid = os.getpid
_profiler, _tracer = watchers_in_c.current_profiler, watchers_in_c.current_tracer


class _Raw(io.FileIO):
    """The descriptor's file, which takes everything and writes nothing."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._graphviz_app_process = _getpid()

    def write(self, data: Any) -> int:
        """Take all of it. A forked child cannot be heard, and writes to the descriptor, where the app reads it."""
        return len(data) if _getpid() == self._graphviz_app_process else super().write(data)


class _Buffer(io.BufferedWriter):
    """A buffer that hears what is written to it past the text layer."""

    _graphviz_app_text: Any = None

    def write(self, data: Any) -> int:
        """Write as ever."""
        text = self._graphviz_app_text
        if text is not None:
            text._graphviz_app_bytes(data)
        return super().write(data)


class _Text(io.TextIOWrapper):
    """A text layer that hears what is written to it, at the moment at which it is."""

    _graphviz_app_hear: Any = None
    _graphviz_app_owed = b""
    _graphviz_app_crlf: str | None = None
    _graphviz_app_flushed: Callable[[], None] | None = None
    _graphviz_app_watched: Callable[[], None]

    def write(self, text: str) -> int:
        """Write as ever."""
        if _profiler() is not None or _tracer() is not None:
            self._graphviz_app_watched()
        before = self._graphviz_app_owed
        if type(text) is str:
            shown = text if self._graphviz_app_crlf is None else text.replace("\n", self._graphviz_app_crlf)
            self._graphviz_app_owed = before + shown.encode(self.encoding, "replace")
        count = super().write(text)
        hear = self._graphviz_app_hear
        if hear is not None:
            hear(text)
        return count

    def flush(self) -> None:
        """Flush as ever."""
        if _profiler() is not None or _tracer() is not None:
            self._graphviz_app_watched()
        super().flush()
        if self._graphviz_app_flushed is not None:
            self._graphviz_app_flushed()

    def _graphviz_app_bytes(self, data: Any) -> None:
        """Bytes arrive at the buffer: the text layer's own, which were heard before, or the program's."""
        content = bytes(data)
        if content == self._graphviz_app_owed:
            self._graphviz_app_owed = b""
        elif self._graphviz_app_owed.startswith(content):
            self._graphviz_app_owed = self._graphviz_app_owed[len(content) :]
        elif self._graphviz_app_hear is not None:
            self._graphviz_app_hear(content.decode(self.encoding, "replace"))


for _kind, _shown in ((_Raw, "FileIO"), (_Buffer, "BufferedWriter"), (_Text, "TextIOWrapper")):
    _kind.__module__, _kind.__name__, _kind.__qualname__ = "_io", _shown, _shown


CALLING = (_Buffer.write, _Text.write, _Text.flush)


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
        self._watched = watched
        self._old: list[Any] = []

    def capture(self) -> None:
        """Make all that is written an event, and nothing else."""
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            errors = "backslashreplace" if name == "stderr" else "strict"
            self._install(name, _Text(_Buffer(_Raw(descriptor)), "utf-8", errors, line_buffering=True))

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
            below: Any = _Buffer(old.buffer.raw) if type(old.buffer) is io.BufferedWriter else old.buffer
            self._install(name, _Text(below, old.encoding, old.errors, **buffering))

    def flush(self) -> None:
        """Write out what is still in the buffers, as Python does at its end."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # noqa: BLE001 - the program may have put anything there, or closed it
                continue

    def _install(self, name: str, stream: _Text) -> None:
        hear = self._hear

        def tell(text: Any) -> None:
            if type(text) is str and text:
                hear(name, text)

        stream.mode = "w"  # type: ignore[attr-defined]
        stream._graphviz_app_hear = tell
        stream._graphviz_app_flushed = self._flushed
        stream._graphviz_app_watched = self._watched
        if sys.platform == "win32":
            stream._graphviz_app_crlf = "\r\n"
        buffer: Any = stream.buffer
        buffer._graphviz_app_text = stream
        # The old stream is kept: collected, it would close the descriptor.
        self._old.append((getattr(sys, name), getattr(sys, f"__{name}__")))
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
