"""Jobs and answers as bytes, between the app and its layout process: msgpack, each with its length in front."""

from __future__ import annotations

import struct
from typing import IO, NamedTuple

import msgspec
import numpy as np

from graphviz_app.layout.compose import cut
from graphviz_app.layout.model import Anchor, Engine, GroupPlace, Layout, LayoutRequest

_LENGTH = struct.Struct("<Q")


class PackedLayout(NamedTuple):
    """A layout with its arrays as bytes: float32 points, int64 offsets into the curves."""

    width: float
    height: float
    centres: bytes
    points: bytes
    offsets: bytes
    labels: bytes
    groups: tuple[GroupPlace, ...]
    engine: str


class Job(NamedTuple):
    """What the layout process is asked; `patience` is after how many seconds it ends itself if it hangs."""

    request: LayoutRequest
    patience: float
    timeout: float | None = None
    only: Engine | None = None
    previous_request: LayoutRequest | None = None
    previous_layout: PackedLayout | None = None

    def previous(self) -> Anchor | None:
        """Return the earlier layout that came with the job."""
        if self.previous_request is None or self.previous_layout is None:
            return None
        return Anchor(self.previous_request, unpacked(self.previous_layout))


class Answer(NamedTuple):
    """What comes back: a layout, or a sentence that says why there is none."""

    layout: PackedLayout | None
    problem: str = ""


_encoder = msgspec.msgpack.Encoder()
_jobs = msgspec.msgpack.Decoder(Job)
_answers = msgspec.msgpack.Decoder(Answer)


def packed(layout: Layout) -> PackedLayout:
    """Return a layout ready to be sent."""
    points = np.concatenate(layout.curves) if layout.curves else np.zeros((0, 2), np.float32)
    offsets = np.cumsum([0, *(len(curve) for curve in layout.curves)], dtype=np.int64)
    return PackedLayout(
        layout.width,
        layout.height,
        layout.centres.tobytes(),
        points.tobytes(),
        offsets.tobytes(),
        layout.labels.tobytes(),
        layout.groups,
        layout.engine,
    )


def unpacked(sent: PackedLayout) -> Layout:
    """Return the layout that was packed, byte for byte."""
    centres, points, labels = (
        np.frombuffer(part, np.float32).reshape(-1, 2) for part in (sent.centres, sent.points, sent.labels)
    )
    curves = cut(points, np.frombuffer(sent.offsets, np.int64))
    return Layout(sent.width, sent.height, centres, curves, labels, sent.groups, sent.engine)


def write(stream: IO[bytes], message: Job | Answer) -> None:
    """Send a message.

    Raises:
        OSError: The other side is gone.
    """
    body = _encoder.encode(message)
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def read_job(stream: IO[bytes]) -> Job | None:
    """Return the next job, None at the end of the stream."""
    body = _read(stream)
    return None if body is None else _jobs.decode(body)


def read_answer(stream: IO[bytes]) -> Answer | None:
    """Return the next answer, None at the end of the stream."""
    body = _read(stream)
    return None if body is None else _answers.decode(body)


def _read(stream: IO[bytes]) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    return body if len(body) == length else None
