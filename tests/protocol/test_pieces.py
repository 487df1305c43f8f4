from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphviz_app.protocol import in_pieces
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import record_array

VALUE = record_array(np.ones(2, np.float32))
EVENTS = st.one_of(
    st.builds(ev.Printed, st.sampled_from(["stdout", "stderr"]), st.text(max_size=30)),
    st.builds(ev.NameBound, st.integers(0, 5), st.just("x")),
)


@given(st.lists(EVENTS, max_size=20), st.integers(0, 3), st.integers(1, 10))
def test_pieces_say_the_same_in_the_same_order_and_number_values_as_before(events, value_count, size):
    pieces = list(in_pieces(ev.Batch(7, (VALUE,) * value_count, tuple(events)), size))
    told = [event for piece in pieces for event in piece.events]
    for stream in ("stdout", "stderr"):
        assert text_of(told, stream) == text_of(events, stream)
    assert [e for e in told if not isinstance(e, ev.Printed)] == [e for e in events if not isinstance(e, ev.Printed)]
    assert all(len(event.text) <= size for event in told if isinstance(event, ev.Printed))
    assert sum(len(piece.values) for piece in pieces) == value_count
    assert all(piece.first_value == 7 for piece in pieces if piece.values)


def text_of(events, stream):
    return "".join(event.text for event in events if isinstance(event, ev.Printed) and event.stream == stream)
