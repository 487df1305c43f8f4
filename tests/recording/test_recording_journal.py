"""A recording that broke off is completed from the journal beside it, and from no other."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_journal import batch, broken_off, journal, opened

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording import journal as journal_module
from graphviz_app.recording.joined import joined
from graphviz_app.recording.journal import Mark, journal_path, pack_record
from graphviz_app.recording.limits import IS_FULL, PRINTS_KEPT
from graphviz_app.recording.values import record_array

NAMES = [ev.NameBound(number, f"x{number}") for number in range(9)]
VALUES = [record_array(np.full(2, number, np.float32)) for number in range(9)]


def out(text):
    return ev.Printed("stdout", text)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.agrec"


def test_what_the_file_lacks_follows_and_that_it_ends_early_is_still_said(path):
    broken_off(path, batch(*NAMES[:3], values=VALUES[:2]))
    journal(
        path,
        batch(*NAMES[:2], values=VALUES[:1]),
        batch(*NAMES[2:5], first=1, values=VALUES[1:4]),
        batch(*NAMES[5:7], first=4),
    )
    assert opened(path) == (NAMES[:7], VALUES[:4], True)


def test_nothing_is_written_by_opening(path):
    broken_off(path, batch(NAMES[0]))
    before = journal(path, batch(*NAMES[:3])), path.read_bytes()
    opened(path)
    assert (journal_path(path).read_bytes(), path.read_bytes()) == before
    assert len(list(path.parent.iterdir())) == 2


def test_a_completed_recording_is_saved_whole(path, tmp_path):
    broken_off(path, batch(NAMES[0], values=VALUES[:1]))
    journal(path, batch(*NAMES[:3], values=VALUES[:2]))
    recording = Recording.open(path)
    recording.check()
    recording.save(tmp_path / "saved.agrec")
    recording.close()
    assert opened(tmp_path / "saved.agrec") == (NAMES[:3], VALUES[:2], True)


def test_a_file_that_was_closed_properly_needs_no_journal(path):
    broken_off(path, batch(NAMES[0]), finished=True)
    journal(path, batch(*NAMES[:3]))
    assert opened(path) == (NAMES[:1], [], False)


@pytest.mark.parametrize(("in_file", "in_journal"), [("a" * 32, "b" * 32), ("", "a" * 32)])
def test_the_journal_of_another_run_is_not_believed(path, in_file, in_journal):
    broken_off(path, batch(NAMES[0]), token=in_file)
    journal(path, batch(*NAMES[:3]), token=in_journal)
    assert opened(path) == (NAMES[:1], [], True)


def test_a_journal_that_begins_in_the_middle_of_the_run_is_counted_from_there(path):
    broken_off(path, batch(*NAMES[:5]))
    journal(path, batch(*NAMES[3:6]), batch(*NAMES[6:8]), beginning=Mark(1000, 3))
    assert opened(path)[0] == NAMES[:8]


def test_a_journal_that_begins_behind_the_files_end_adds_nothing(path):
    # As when the file was read, then both were written to, and then the journal was read.
    broken_off(path, batch(*NAMES[:2]))
    journal(path, batch(*NAMES[3:6]), beginning=Mark(1000, 3))
    assert opened(path)[0] == NAMES[:2]


def test_values_that_do_not_follow_on_the_files_end_the_completion(path):
    broken_off(path, batch(NAMES[0], values=VALUES[:1]))
    journal(path, batch(NAMES[0], values=VALUES[:1]), batch(NAMES[1]), batch(NAMES[2], first=2, values=VALUES[2:3]))
    assert opened(path)[:2] == (NAMES[:2], VALUES[:1])


def test_values_that_were_written_before_their_events_are_not_doubled(path):
    broken_off(path, batch(NAMES[0], values=VALUES[:3]))
    journal(path, batch(NAMES[0], values=VALUES[:1]), batch(NAMES[1], first=1, values=VALUES[1:5]))
    assert opened(path)[:2] == (NAMES[:2], VALUES[:5])


def test_what_the_program_printed_is_told_once(path):
    broken_off(path, batch(NAMES[0], out("a\n"), out("a\n"), ev.Printed("stderr", "e\n")))
    said = [NAMES[0], out("a\n"), out("a\n"), ev.Printed("stderr", "e\n"), ev.Printed("stderr", "e\n"), out("a\n")]
    journal(path, batch(*said), batch(NAMES[1], out("a\n")))
    assert opened(path)[0] == [*said, NAMES[1], out("a\n")]


def test_prints_that_the_app_had_joined_are_known_again(path):
    broken_off(path, batch(NAMES[0], out("a\nb\n")))
    journal(path, batch(NAMES[0], out("a\n"), out("b\n"), out("c\n")))
    assert opened(path)[0] == [NAMES[0], out("a\nb\n"), out("c\n")]


def test_prints_among_those_of_c_code_and_children_are_known_again(path):
    in_file = [NAMES[0], out("from C\n"), out("a\n"), out("a child's\n"), out("b\n")]
    broken_off(path, batch(*in_file))
    journal(path, batch(NAMES[0], out("a\n"), out("b\n"), out("c\n")))
    assert opened(path)[0] == [*in_file, out("c\n")]


def test_prints_from_before_the_journals_beginning_are_not_taken_for_later_ones(path):
    in_file = [NAMES[0], out("a\n"), out("a\n")]
    broken_off(path, batch(*in_file))
    journal(path, batch(out("a\n"), out("a\n")), beginning=Mark(500, 1, stdout=2))
    assert opened(path)[0] == [*in_file, out("a\n")]


def test_a_stream_of_which_enough_was_kept_is_not_continued(path):
    broken_off(path, batch(NAMES[0], out("x" * PRINTS_KEPT)))
    journal(
        path, batch(NAMES[0], out("x" * PRINTS_KEPT + "yz"), out("z"), ev.Printed("stderr", "e"), NAMES[1], out("z"))
    )
    assert opened(path)[0] == [NAMES[0], out("x" * PRINTS_KEPT), ev.Printed("stderr", "e"), NAMES[1]]


def test_notices_are_told_once_and_the_end_of_the_program_is_not_told(path):
    first, second = ev.Notice("One thing."), ev.Notice("Another.")
    broken_off(path, batch(NAMES[0], first))
    journal(path, batch(NAMES[0], first, second), batch(ev.Finished("returned", 0), out("bye")))
    assert opened(path)[0] == [NAMES[0], first, second, out("bye")]


def test_a_recording_that_is_full_gets_no_longer(path):
    full = [NAMES[0], ev.Notice(IS_FULL)]
    broken_off(path, batch(*full))
    journal(path, batch(*NAMES[:3]))
    assert opened(path)[0] == full


@pytest.mark.parametrize("event", [ev.NodesMade((ev.Node(7, "X"),), ()), ev.NameBound(1 << 40, "x")])
def test_a_journal_whose_events_do_not_fit_is_left_alone(path, event):
    broken_off(path, batch(NAMES[0]))
    journal(path, batch(NAMES[0], event))
    assert opened(path) == (NAMES[:1], [], True)


def test_more_than_a_journal_may_hold_is_not_read(path, monkeypatch):
    broken_off(path, batch(NAMES[0]))
    content = journal(path, *(batch(each) for each in NAMES))
    monkeypatch.setattr(journal_module, "LARGEST_JOURNAL", len(content) - 1)
    assert opened(path)[0] == NAMES
    monkeypatch.setattr(journal_module, "LARGEST_JOURNAL", len(content) // 2)
    assert NAMES[:1] != opened(path)[0] != NAMES


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_journal_completes_up_to_the_damage_and_never_raises(path, data):
    said = [batch(NAMES[0], values=VALUES[:2]), batch(*NAMES[1:3]), batch(*NAMES[3:6], first=2, values=VALUES[2:5])]
    broken_off(path, batch(*NAMES[:2], values=VALUES[:2]))
    content = bytearray(journal(path, *said))
    where = data.draw(st.integers(0, len(content) - 1))
    match data.draw(st.sampled_from(["cut", "byte", "overwritten", "zeros"])):
        case "cut":
            del content[where:]
        case "byte":
            content[where] ^= data.draw(st.integers(1, 255))
        case "overwritten":
            piece = data.draw(st.binary(max_size=200))
            content[where : where + len(piece)] = piece
        case _:
            content[where:] = bytes(len(content) - where)
    journal_path(path).write_bytes(content)
    events, values, ends_early = opened(path)
    assert ends_early
    assert len(events) >= 2
    assert events == NAMES[:6][: len(events)]
    assert len(values) >= 2
    assert values == VALUES[:5][: len(values)]


messages = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda content: len(content).to_bytes(4, "little") + content, st.binary(max_size=60)),
    st.builds(
        lambda content: (len(content) + 10).to_bytes(4, "little") + b"\x92\xa8recorded" + content,
        st.binary(max_size=60)
        | st.just(b"\x93\x00\x90\x91\x91\xa1\x80")
        | st.just(b"\x93\xff\x90\x91\x92\xa6notice\xa1a"),
    ),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(messages, max_size=4), st.tuples(*[st.integers(0, 2**64 - 1) | st.integers(0, 2)] * 4))
def test_a_hostile_journal_never_raises_and_takes_nothing_away(path, contents, beginning):
    broken_off(path, batch(*NAMES[:2], values=VALUES[:2]))
    content = journal(path, beginning=Mark(*beginning))
    place = beginning[0]
    for each in contents:
        content += pack_record(place % 2**64, each)
        place += len(each)
    journal_path(path).write_bytes(content)
    events, values, _ = opened(path)
    assert events[:2] == NAMES[:2]
    assert values[:2] == VALUES[:2]


def test_a_folder_in_the_journals_place_is_no_journal(path):
    broken_off(path, batch(NAMES[0]))
    journal_path(path).mkdir()
    assert opened(path)[0] == NAMES[:1]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.integers(0, 40), st.binary(max_size=40), st.data())
def test_two_files_are_read_as_one(first, length, second, data):
    length = min(length, len(first))
    whole = io.BytesIO(first[:length] + second)
    both = joined(io.BytesIO(first), length, io.BytesIO(second))
    for _ in range(5):
        position = data.draw(st.integers(0, 80))
        size = data.draw(st.integers(-1, 80))
        assert both.seek(position) == whole.seek(position)
        assert both.read(size) == whole.read(size)
        assert both.tell() == whole.tell()
    assert both.seek(0, 2) == whole.seek(0, 2)
    both.close()
    both.close()
