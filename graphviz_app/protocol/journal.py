"""The worker's end of a journal: what goes over the channel is written here first."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.protocol.descriptor import OwnDescriptor
from graphviz_app.recording.journal import (
    BEGINNING,
    LARGEST_JOURNAL,
    REACHED,
    RECORDS,
    Mark,
    pack_mark,
    pack_record,
    unpack_mark,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ENOUGH = 1 << 22
"""Bytes from which on the records begin anew as soon as the app has written down everything; writing over a few pages
again costs much less than writing new ones."""
PLENTY = 1 << 27
"""Bytes from which on the app is waited for, once, that it may do so."""
_WAITS, _WAIT_SECONDS = 200, 0.005


class JournalEnd:
    """Appends to a journal. Nothing here raises: a journal that cannot be written is none.

    Args:
        descriptor: The file, open for reading and writing; from now on it belongs to this object.
        is_app_gone: Waits so many seconds for the app's end, and says whether it came.

    Attributes:
        place: How many bytes of the stream were appended.
    """

    def __init__(self, descriptor: int, is_app_gone: Callable[[float], bool]) -> None:
        self.place = 0
        self._is_app_gone = is_app_gone
        self._offset = RECORDS
        self._has_waited = False
        self._descriptor = descriptor
        self._own = OwnDescriptor(descriptor)
        # Kept here because the program may replace them.
        self._pwrite, self._pread = os.pwrite, os.pread
        self._works = self._own.is_ours()

    @property
    def has_room(self) -> bool:
        """Whether what is appended next will be kept without anybody else's help."""
        return self._works and self._offset <= PLENTY

    def append(self, messages: bytes | bytearray) -> None:
        """Append whole messages, as they go over the channel; those for which there is no room are left out."""
        if self._offset > ENOUGH:
            self._make_room()
        offset, place = self._offset, self.place
        if self._works and offset + len(messages) < LARGEST_JOURNAL:
            record = pack_record(place, messages)
            self._write(record, offset)
            offset += len(record)
        # Both at once, after the writing: where a signal's handler raises before, the same is written there again.
        self._offset, self.place = offset, place + len(messages)

    def _make_room(self) -> None:
        """Let the records begin anew if all of them are in the recording; wait a moment for that if they are many."""
        if self._begin_anew() or self._offset <= PLENTY or self._has_waited:
            return
        self._has_waited = True
        for _ in range(_WAITS):
            if self._is_gone() or self._begin_anew():
                return

    def _is_gone(self) -> bool:
        try:
            return self._is_app_gone(_WAIT_SECONDS)
        except (OSError, ValueError):
            return True

    def _begin_anew(self) -> bool:
        mark = self._reached()
        if mark is None or mark.place != self.place:
            return False
        self._write(pack_mark(mark), BEGINNING)
        self._offset, self._has_waited = RECORDS, False
        return True

    def _reached(self) -> Mark | None:
        if not self._is_ours():
            return None
        try:
            return unpack_mark(self._pread(self._descriptor, RECORDS - REACHED, REACHED))
        except OSError:
            return None

    def _write(self, data: bytes, offset: int) -> None:
        try:
            self._works = self._is_ours() and self._pwrite(self._descriptor, data, offset) == len(data)
        except OSError:
            self._works = False

    def _is_ours(self) -> bool:
        return self._works and self._own.is_ours()
