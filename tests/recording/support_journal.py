"""Recordings that broke off, with journals beside them, made by hand."""

from __future__ import annotations

import msgspec

from graphviz_app.protocol import Recorded
from graphviz_app.protocol.framing import frame
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording.journal import (
    BEGINNING,
    RECORDS,
    Mark,
    journal_path,
    pack_header,
    pack_mark,
    pack_record,
)
from graphviz_app.recording.writer import RecordingWriter

TOKEN = "0123456789abcdef" * 2
_START = Mark()
PROGRAM, ENVIRONMENT = ev.Program("program.py", ""), ev.Environment("3", "2", "0")


def broken_off(path, *batches, token=TOKEN, finished=False):
    """A file that holds these batches and then ends."""
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, PROGRAM, ENVIRONMENT, token)
        for each in batches:
            writer.append(each)
        writer.flush()
        if finished:
            writer.finish()


def journal(path, *batches, token=TOKEN, beginning=_START):
    """The journal beside it, in which these batches were kept."""
    content = bytearray(pack_header(token))
    content[BEGINNING : BEGINNING + len(pack_mark(beginning))] = pack_mark(beginning)
    assert len(content) == RECORDS
    place = beginning.place
    for each in batches:
        messages = frame(msgspec.msgpack.encode(Recorded(each)))
        content += pack_record(place, messages)
        place += len(messages)
    journal_path(path).write_bytes(bytes(content))
    return bytes(content)


def batch(*events, first=0, values=()):
    return ev.Batch(first, tuple(values), events)


def opened(path):
    """Events and values of a file, and whether it says that it ends early."""
    recording = Recording.open(path)
    try:
        values = [recording.value(number) for number in range(recording.value_count)]
        return list(recording.events()), values, bool(recording.warning)
    finally:
        recording.close()
