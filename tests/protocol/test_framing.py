from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphviz_app.protocol import framing
from graphviz_app.protocol.framing import Deframer, FramingError, frame

contents = st.lists(st.binary(max_size=200), max_size=8)


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(contents, st.lists(st.integers(min_value=0), max_size=12))
def test_contents_come_back_however_the_bytes_were_cut(messages, cuts):
    stream = b"".join(frame(message) for message in messages)
    deframer = Deframer()
    received = [content for piece in pieces_of(stream, cuts) for content in deframer.feed(piece)]
    assert received == messages
    assert deframer.is_whole


@given(contents.filter(bool), st.integers(min_value=0))
def test_a_stream_cut_off_anywhere_gives_the_whole_messages_before_the_cut_and_knows_of_it(messages, cut):
    stream = b"".join(frame(message) for message in messages)
    cut %= len(stream)
    deframer = Deframer()
    received = list(deframer.feed(stream[:cut]))
    assert received == messages[: len(received)]
    assert deframer.is_whole == (sum(len(frame(message)) for message in received) == cut)


@given(st.integers(min_value=101, max_value=2**32 - 1), st.binary(max_size=50))
def test_a_hostile_length_is_refused_before_anything_is_held(length, rest):
    deframer = Deframer(largest=100)
    with pytest.raises(FramingError):
        list(deframer.feed(struct.pack("<I", length) + rest))


@given(st.lists(st.binary(max_size=100), max_size=10))
def test_random_bytes_never_do_more_than_raise_a_framing_error(pieces):
    deframer = Deframer(largest=64)
    try:
        for piece in pieces:
            for content in deframer.feed(piece):
                assert len(content) <= 64
    except FramingError:
        pass


def test_a_message_too_large_to_receive_is_not_sent(monkeypatch):
    monkeypatch.setattr(framing, "LARGEST_FRAME", 10)
    with pytest.raises(FramingError, match="11 bytes"):
        frame(b"x" * 11)
