"""The timeline strip: what its marks are, where they lie, and what hands and keys do with it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording.passes import pass_name
from graphviz_app.timeline import Timeline
from graphviz_app.ui.panels.timeline_marks import Lane, PassRow, between, counts, marks_of
from graphviz_app.ui.panels.timeline_painter import round_distance
from graphviz_app.ui.panels.timeline_strip import TimelineStrip
from graphviz_app.ui.panels.timeline_view import StripView
from tests.ui_panels import panel_recordings as recordings


@pytest.fixture
def timeline():
    return Timeline(recordings.training(3))


@pytest.fixture
def strip(qtbot, timeline):
    widget = TimelineStrip()
    qtbot.addWidget(widget)
    widget.resize(900, 180)
    widget.step_requested.connect(lambda step: widget.set_state(timeline.state(step)))
    with qtbot.waitExposed(widget):
        widget.show()
    widget.set_recording(timeline.recording, timeline)
    return widget


def point(strip, step):
    return QPoint(round(strip.view.x_of(step)), 20)


def test_every_step_event_is_a_mark_on_the_lane_of_its_kind(timeline):
    marks = marks_of(timeline.recording)
    assert len(marks.lanes[Lane.CALL]) == 9
    assert len(marks.lanes[Lane.ACCUMULATED]) == len(marks.lanes[Lane.CLEARED]) == 3
    assert isinstance(timeline.event(int(marks.lanes[Lane.UPDATED][1])), ev.LeafUpdated)
    assert Lane.ERROR not in marks.lanes


def test_a_nested_pass_lies_inside_its_parent_and_one_deeper():
    recording = recordings.nested()
    outer, inner = marks_of(recording).passes
    assert outer.starts[0] < inner.starts[0]
    assert inner.ends[0] < outer.ends[0]
    assert [pass_name(recording, row.pass_ids[0]) for row in (outer, inner)] == ["1", "1.1"]


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 30)), min_size=1, max_size=30), st.floats(0, 100))
def test_no_pass_that_is_in_view_is_left_out(spans, first):
    starts = np.sort(np.array([start for start, _ in spans], np.int32))
    ends = starts + np.array([length for _, length in spans], np.int32)
    row = PassRow(np.arange(len(spans), dtype=np.int32), starts, ends, np.maximum.accumulate(ends))
    last = first + 10
    shown = set(row.pass_ids[row.touching(first, last)].tolist())
    assert shown >= set(np.flatnonzero((starts <= last) & (ends >= first)).tolist())


def test_a_recording_without_events_shows_the_hint(qtbot):
    widget = TimelineStrip()
    qtbot.addWidget(widget)
    empty = Recording.of([])
    widget.set_recording(empty, Timeline(empty))
    widget.show()
    widget.grab()
    assert widget.maximum() == 0


@given(
    st.integers(1, 100_000),
    st.floats(50, 3000),
    st.lists(st.tuples(st.floats(0.2, 8), st.floats(0, 1), st.floats(-500, 500)), max_size=8),
)
def test_zooming_and_panning_never_leave_the_run_and_keep_what_is_under_the_pointer(step_count, width, moves):
    view = StripView.whole(step_count, 50, width)
    for factor, share, pan in moves:
        x = 50 + share * width
        under = view.first + (x - 50) / view.pixels_per_step
        zoomed = view.zoomed(factor, x)
        free = zoomed.first > -0.5 + 1e-6 and zoomed.last < step_count + 0.5 - 1e-6
        if free:
            assert zoomed.first + (x - 50) / zoomed.pixels_per_step == pytest.approx(under, rel=1e-6, abs=1e-3)
        view = zoomed.panned(pan)
        assert view.first >= -0.5 - 1e-6
        assert view.last <= step_count + 0.5 + 1e-6
        assert 0 <= view.step_at(x) <= step_count


@given(st.lists(st.integers(1, 500), max_size=60, unique=True), st.integers(1, 300))
def test_every_mark_falls_into_exactly_one_pixel(steps, columns):
    ascending = np.array(sorted(steps), np.int32)
    assert counts(ascending, np.linspace(-0.5, 500.5, columns + 1)).sum() == len(steps)
    assert between(ascending, 10, 20).tolist() == [step for step in sorted(steps) if 10 <= step <= 20]


@pytest.mark.parametrize(("least", "distance"), [(0.3, 1), (1, 1), (3, 5), (11, 20), (999, 1000)])
def test_axis_numbers_stand_at_round_distances(least, distance):
    assert round_distance(least) == distance


def test_a_click_asks_for_the_step_under_it(qtbot, strip):
    with qtbot.waitSignal(strip.step_requested) as asked:
        qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, pos=point(strip, 12))
    assert asked.args == [12]
    assert strip.value() == 12


def test_dragging_scrubs_and_ends_where_the_pointer_is(qtbot, strip):
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=point(strip, 2))
    for step in (5, 9, 17, 30):
        qtbot.mouseMove(strip, point(strip, step))
    qtbot.waitUntil(lambda: strip.value() == 30)


def test_while_a_step_is_not_painted_only_the_newest_wish_waits(qtbot, strip):
    asked = []
    strip.step_requested.connect(asked.append)
    for step in (3, 4, 5, 6, 7):
        strip.request(step)
    assert asked == [3]
    qtbot.waitUntil(lambda: asked == [3, 7])


def test_shift_snaps_to_the_ends_of_passes(qtbot, strip, timeline):
    first = marks_of(timeline.recording).passes[0].starts[1]
    with qtbot.waitSignal(strip.step_requested) as asked:
        place = point(strip, first - 1)
        qtbot.mouseClick(strip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, place)
    assert asked.args == [first]


@pytest.mark.parametrize(
    ("key", "modifier", "step"),
    [
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 11),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 9),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 0),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, 34),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, 14),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier, 8),
    ],
)
def test_keys_move_the_cursor(qtbot, strip, timeline, key, modifier, step):
    strip.set_state(timeline.state(10))
    qtbot.keyClick(strip, key, modifier)
    qtbot.waitUntil(lambda: strip.value() == step)


def test_the_wheel_zooms_and_a_cursor_outside_comes_into_view(strip, timeline):
    strip.zoom(4, strip.view.x_of(0))
    assert strip.view.is_zoomed
    assert strip.view.last < 20
    strip.set_state(timeline.state(33))
    assert strip.view.first < 33 < strip.view.last
    strip.show_all()
    assert not strip.view.is_zoomed


def test_the_tooltip_tells_the_step_in_words(strip):
    assert "w.grad: None + [3, 3, 3, 3] = [3, 3, 3, 3]" in strip.tip_at(point(strip, 7))
    assert "line 9" in strip.tip_at(point(strip, 11))


def test_a_screen_reader_knows_the_value_and_the_words(qtbot, strip, timeline):
    strip.set_state(timeline.state(7))
    interface = QAccessible.queryAccessibleInterface(strip)
    assert interface.role() == QAccessible.Role.Slider
    assert interface.valueInterface().currentValue() == 7
    qtbot.waitUntil(lambda: "w.grad" in interface.text(QAccessible.Text.Description))


def test_a_double_click_with_control_selects_what_ran(qtbot, strip):
    with qtbot.waitSignal(strip.selection_requested) as asked:
        qtbot.mouseDClick(strip, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, point(strip, 7))
    assert asked.args == [("leaf", 0)]


def test_what_has_not_happened_yet_is_paler_than_what_has(strip, timeline):
    def darkness(step):
        image = strip.grab().toImage()
        x = round(strip.view.x_of(step))
        return min(image.pixelColor(x, y).lightness() for y in range(8, 14))

    strip.set_state(timeline.state(0))
    future = darkness(1)
    strip.set_state(timeline.state(3))
    assert darkness(1) < future


def test_a_long_run_is_drawn_as_density(strip):
    recording = recordings.training(2000)
    timeline = Timeline(recording)
    strip.set_recording(recording, timeline)
    strip.set_state(timeline.state(timeline.step_count))
    image = strip.grab().toImage()
    x = [round(strip.view.x_of(step)) for step in (100, 5000, 20000)]
    background = image.pixelColor(image.width() - 1, image.height() - 1)
    assert all(image.pixelColor(column, 14) != background for column in x)
