"""What a program prints, kept within bounds: the beginning, the end, and a sentence about what lay between."""

from __future__ import annotations

from graphviz_app.recording import events as ev
from graphviz_app.recording.limits import PRINTS_KEPT

TAIL = 1 << 16
"""Characters of each stream that it keeps from the end, where there was more."""


class StreamBudget:
    """Decides how much of one stream ("stdout", "stderr") is recorded."""

    def __init__(self, stream: str, kept: int = PRINTS_KEPT, tail: int = TAIL) -> None:
        self._stream = stream
        self._left = kept
        self._kept = kept
        self._tail_size = tail
        self._tail: list[str] = []
        self._tail_length = 0
        self._total = 0

    def admit(self, text: str) -> str:
        """The part of `text` that is recorded now; the rest may be recorded at the end, or never."""
        self._total += len(text)
        now, rest = text[: self._left], text[self._left :]
        self._left -= len(now)
        if rest:
            self._tail.append(rest[-self._tail_size :])
            self._tail_length += len(self._tail[-1])
            if self._tail_length > 2 * self._tail_size:
                self._join()
        return now

    def finish(self) -> list[ev.Event]:
        """What is recorded at the end of the run: nothing where everything was kept."""
        if not self._tail:
            return []
        self._join()
        missing = self._total - self._kept - self._tail_length
        ending = ev.Printed(self._stream, self._tail[0])
        if missing <= 0:
            return [ending]
        return [
            ev.Notice(
                f"The program wrote {self._total:,} characters to {self._stream}; the recording keeps the first "
                f"{self._kept:,} and the last {self._tail_length:,} of them."
            ),
            ending,
        ]

    def _join(self) -> None:
        joined = "".join(self._tail)[-self._tail_size :] if self._tail_size else ""
        self._tail = [joined]
        self._tail_length = len(joined)


LIVE = 1 << 14
"""Characters that a person is shown at a time."""


class LiveConsole:
    """Text on its way to a person who watches: bounded, since nobody reads a hundred megabytes."""

    def __init__(self, limit: int = LIVE) -> None:
        self._limit = limit
        self._texts: list[tuple[str, str]] = []
        self._length = 0
        self._dropped = 0

    def add(self, stream: str, text: str) -> None:
        """Take what a stream said."""
        if self._texts and self._texts[-1][0] == stream and len(self._texts[-1][1]) < 1024:
            self._texts[-1] = (stream, self._texts[-1][1] + text)
        else:
            self._texts.append((stream, text))
        self._length += len(text)
        if self._length > 2 * self._limit:
            self._shorten()

    def take(self) -> tuple[tuple[str, str], ...]:
        """What came since the last call, as (stream, text); a long text is cut at its beginning, and says so."""
        self._shorten()
        taken = tuple(self._texts)
        if self._dropped:
            taken = ((taken[0][0], f"\n[{self._dropped:,} characters are not shown here]\n"), *taken)
        self._texts, self._length, self._dropped = [], 0, 0
        return taken

    def _shorten(self) -> None:
        too_many = self._length - self._limit
        first = 0
        while too_many > 0:
            stream, text = self._texts[first]
            cut = min(too_many, len(text))
            self._texts[first] = (stream, text[cut:])
            too_many -= cut
            self._length -= cut
            self._dropped += cut
            first += cut == len(text)
        del self._texts[:first]
