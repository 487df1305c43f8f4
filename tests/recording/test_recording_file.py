import io
import threading
import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphviz_app.recording import Recording, RecordingError, blocks
from graphviz_app.recording import events as ev
from graphviz_app.recording import recording as recording_module
from graphviz_app.recording.values import record_array
from graphviz_app.recording.writer import RecordingWriter
from tests.support_synthetic import accumulation

numbers = st.integers(-1, 5)
spans = st.none() | st.builds(ev.Span, st.integers(0, 3), st.integers(1, 99))
texts = st.text(max_size=20)
any_event = st.one_of(
    st.builds(ev.NodeCalled, numbers, st.integers(0, 5), st.lists(numbers).map(tuple), st.lists(numbers).map(tuple)),
    st.builds(ev.OperationRan, st.integers(0, 50), texts, spans),
    st.builds(ev.GradAccumulated, numbers, numbers, numbers, numbers, numbers),
    st.builds(ev.GradCleared, numbers, numbers, numbers, spans, texts),
    st.builds(ev.LeafUpdated, numbers, numbers, numbers, spans, texts),
    st.builds(ev.BackwardStarted, st.integers(0, 9)),
    st.builds(ev.BackwardFinished, st.integers(0, 9)),
    st.builds(ev.Printed, st.sampled_from(["stdout", "stderr"]), texts),
    st.builds(ev.NameBound, numbers, texts, spans),
    st.builds(ev.Raised, texts, texts),
    st.builds(ev.Notice, texts),
)
any_values = st.lists(
    st.lists(st.floats(width=32), max_size=8).map(lambda row: record_array(np.array(row, np.float32))), max_size=6
)


def batches_of(chunks):
    first = 0
    for values, events in chunks:
        yield ev.Batch(first, tuple(values), tuple(events))
        first += len(values)


def stored(recording):
    return [list(recording.events()), [recording.value(number) for number in range(recording.value_count)]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(any_values, st.lists(any_event, max_size=30)), max_size=6))
def test_what_is_written_is_read_back_whatever_the_batches(chunks):
    chunks = [([], [ev.NodesMade(tuple(ev.Node(number, "N") for number in range(6)), ())]), *chunks]
    recording = Recording.of(batches_of(chunks))
    values = [value for chunk, _ in chunks for value in chunk]
    events = [event for _, chunk in chunks for event in chunk]
    assert stored(recording) == [events, values]
    assert recording.warning == ""


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_many_events_at_once_are_those_of_each_number(data):
    stream = io.BytesIO()
    writer = RecordingWriter(stream, ev.Program("p.py", ""), ev.Environment("3", "2", "0"))
    count = data.draw(st.integers(1, 30))
    for number in range(count):
        writer.append(ev.Batch(0, (), (ev.Notice(str(number)),)))
        if data.draw(st.booleans()):
            writer.flush()
    writer.finish()
    stream.seek(0)
    recording = Recording(stream)
    asked = data.draw(st.lists(st.integers(0, count - 1)))
    assert list(recording.events_at(asked)) == [recording.event(number) for number in asked]
    for missing in ([0, count], [-1]):
        with pytest.raises(IndexError):
            list(recording.events_at(missing))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_cut_off_anywhere_opens_up_to_there_or_says_why_not(data):
    whole = io.BytesIO()
    writer = RecordingWriter(whole, ev.Program("p.py", ""), ev.Environment("3", "2", "0"))
    script = accumulation(3)
    writer.append(script.batch())
    writer.flush()
    writer.append(ev.Batch(len(script.values), (), (ev.Printed("stdout", "more"),)))
    writer.finish()
    content = whole.getvalue()
    cut = data.draw(st.integers(0, len(content) - 1))
    try:
        recording = Recording(io.BytesIO(content[:cut]))
    except RecordingError as error:
        assert str(error).endswith(".")  # noqa: PT017 - either outcome is right
        return
    assert "ends early" in recording.warning
    events = list(recording.events())
    assert events == [*script.events, ev.Printed("stdout", "more")][: len(events)]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_byte_never_passes_unnoticed_and_never_crashes(data):
    stream = io.BytesIO()
    writer = RecordingWriter(stream, ev.Program("p.py", ""), ev.Environment("3", "2", "0"))
    script = accumulation(2)
    writer.append(script.batch())
    writer.finish()
    content = bytearray(stream.getvalue())
    where = data.draw(st.integers(0, len(content) - 1))
    content[where] ^= data.draw(st.integers(1, 255))
    try:
        recording = Recording(io.BytesIO(bytes(content)))
        events, values = stored(recording)
    except RecordingError as error:
        assert str(error).endswith(".")  # noqa: PT017 - either outcome is right
        return
    # What can be opened is a beginning of what was written, or differs in nothing.
    assert events == script.events[: len(events)]
    assert values == script.values[: len(values)]


def test_an_index_makes_no_difference_to_what_is_found():
    script = accumulation(4)
    stream = io.BytesIO()
    writer = RecordingWriter(stream, ev.Program("p.py", ""), ev.Environment("3", "2", "0"))
    writer.append(script.batch())
    writer.flush()
    without = Recording(io.BytesIO(stream.getvalue()))
    writer.finish()
    with_index = Recording(io.BytesIO(stream.getvalue()))
    assert without.warning
    assert not with_index.warning
    for name in ("kind", "pass_id", "subject", "file", "line"):
        assert (getattr(without.index.events, name) == getattr(with_index.index.events, name)).all()
    assert without.passes == with_index.passes
    assert without.leaves == with_index.leaves


def test_a_file_is_saved_and_opened_again(tmp_path):
    recording = accumulation(2).recording("source")
    recording.save(tmp_path / "run.agrec")
    again = Recording.open(tmp_path / "run.agrec")
    assert stored(again) == stored(recording)
    assert again.program.source == "source"
    again.close()


def test_a_recording_is_saved_onto_its_own_file(tmp_path):
    accumulation(2).recording("source").save(tmp_path / "run.agrec")
    (tmp_path / "link.agrec").symlink_to(tmp_path / "run.agrec")
    content = (tmp_path / "run.agrec").read_bytes()
    for name in ("run.agrec", "link.agrec"):
        recording = Recording.open(tmp_path / "run.agrec")
        recording.save(tmp_path / name)
        assert (tmp_path / "run.agrec").read_bytes() == content
        assert stored(recording) == stored(accumulation(2).recording("source"))
        recording.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.agrec", "run.agrec"]


def test_a_recording_is_saved_whole_while_somebody_looks_at_it(tmp_path, monkeypatch):
    monkeypatch.setattr(recording_module, "_BLOCKS_KEPT", 1)
    values = tuple(record_array(np.full(4096, number, np.float32)) for number in range(300))
    Recording.of([ev.Batch(0, values, ())]).save(tmp_path / "run.agrec")
    recording = Recording.open(tmp_path / "run.agrec")
    done = threading.Event()

    def look():
        while not done.is_set():
            for number in range(0, 300, 37):
                recording.value(number)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(10):
            recording.save(tmp_path / "saved.agrec")
            assert (tmp_path / "saved.agrec").read_bytes() == (tmp_path / "run.agrec").read_bytes()
    finally:
        done.set()
        thread.join()
        recording.close()


def test_bad_files_are_refused_in_a_sentence(tmp_path):
    path = tmp_path / "run.agrec"
    cases = {
        b"": "empty",
        b"print('hello')\n" * 9: "not a recording",
        blocks.MAGIC[:4]: "ends within its first bytes",
        blocks.MAGIC + (99).to_bytes(4, "little") + b"x" * 99: "newer",
        blocks.MAGIC + (1).to_bytes(4, "little"): "ends within its first bytes",
    }
    for content, words in cases.items():
        path.write_bytes(content)
        with pytest.raises(RecordingError, match=words):
            Recording.open(path)
    with pytest.raises(RecordingError, match="no file"):
        Recording.open(tmp_path / "missing.agrec")
    with pytest.raises(RecordingError, match="cannot be"):
        Recording.open(tmp_path)
    with pytest.raises(RecordingError, match="cannot be written"):
        accumulation().recording().save(tmp_path / "no" / "such" / "folder.agrec")


def test_a_block_that_claims_to_unpack_to_gigabytes_is_refused():
    stream = io.BytesIO()
    blocks.start_file(stream, 1)
    bomb = zlib.compress(b"\0" * (1 << 20))
    frame = blocks._FRAME.pack(b"H", 1, 1 << 31, len(bomb), zlib.crc32(bomb), 0, 0)
    stream.write(frame + bomb)
    with pytest.raises(RecordingError, match="damaged"):
        Recording(io.BytesIO(stream.getvalue()))


def test_hostile_numbers_in_a_well_formed_file_are_refused():
    def with_events(*events):
        stream = io.BytesIO()
        writer = RecordingWriter(stream, ev.Program("p.py", ""), ev.Environment("3", "2", "0"))
        content = msgspec.msgpack.encode(events)
        blocks.write_block(stream, blocks.EVENTS, content, first=0, count=len(events))
        del writer
        return io.BytesIO(stream.getvalue())

    with pytest.raises(RecordingError, match="damaged"):
        Recording(with_events(ev.NodesMade((ev.Node(10**9, "X"),), ())))
    with pytest.raises(RecordingError, match="damaged"):
        Recording(with_events(ev.OperationRan(10**9, "x")))
    with pytest.raises(RecordingError, match="damaged"):
        Recording(with_events(ev.NodesMade((ev.Node(0, "X"),), (ev.Edge(0, 0, 7, 0),))))
    with pytest.raises(RecordingError, match="damaged"):
        Recording(with_events(ev.NodeCalled(0, 7, (), ())))
    with pytest.raises(RecordingError, match="damaged"):
        Recording(with_events(ev.NameBound(1 << 40, "x")))


def test_a_tag_that_is_not_text_is_refused():
    stream = io.BytesIO()
    RecordingWriter(stream, ev.Program("p.py", ""), ev.Environment("3", "2", "0"))
    blocks.write_block(stream, blocks.EVENTS, b"\x91\x91\xa1\x80", first=0, count=1)
    with pytest.raises(RecordingError, match="damaged"):
        Recording(io.BytesIO(stream.getvalue()))


def test_an_event_or_value_that_is_not_there_is_an_index_error():
    recording = accumulation().recording()
    with pytest.raises(IndexError):
        recording.event(len(recording))
    with pytest.raises(IndexError):
        recording.value(recording.value_count)
    assert recording.value(ev.NONE) is None


def test_values_out_of_order_are_refused_by_the_writer():
    writer = RecordingWriter(io.BytesIO(), ev.Program("p.py", ""), ev.Environment("3", "2", "0"))
    with pytest.raises(ValueError, match="expected"):
        writer.append(ev.Batch(3, (record_array(np.zeros(1)),), ()))


def test_damage_anywhere_is_found_by_a_check_and_a_sound_file_passes_it():
    stream = io.BytesIO()
    writer = RecordingWriter(stream, ev.Program("program.py", ""), ev.Environment("3", "2", "0"))
    writer.append(accumulation(5).batch())
    writer.finish()
    content = stream.getvalue()
    sound = Recording(io.BytesIO(content))
    sound.check()
    for block in (*sound._event_blocks, *sound._value_blocks):
        damaged = bytearray(content)
        damaged[block.offset + 40] ^= 0xFF
        with pytest.raises(RecordingError, match="damaged"):
            Recording(io.BytesIO(bytes(damaged))).check()
