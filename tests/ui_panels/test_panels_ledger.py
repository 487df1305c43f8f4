"""The ledger: the accumulation lesson at a glance, and a hundred thousand entries without a wait."""

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPalette, QPixmap

from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from graphviz_app.ui.panels.ledger import LedgerPanel
from graphviz_app.ui.panels.ledger_model import AFTER, BEFORE, CHANGE, LEAF, LINE, STEP, WHAT
from graphviz_app.ui.panels.ledger_series import PassAxis, read_series
from graphviz_app.ui.panels.ledger_words import call_text, in_words, row_text
from graphviz_app.ui.panels.plot_legend import PlotEntry, PlotLegend
from graphviz_app.ui.panels.tensor_view import TensorView
from tests.support_record import record_source
from tests.ui_panels import panel_recordings as recordings
from tests.ui_panels.panel_recordings import Writer, start


@pytest.fixture
def panel(qtbot):
    widget = LedgerPanel()
    qtbot.addWidget(widget)
    widget.resize(1100, 300)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def shown(panel, recording, step=None):
    timeline = Timeline(recording)
    panel.set_recording(recording, timeline)
    panel.set_state(timeline.state(timeline.step_count if step is None else step))
    return timeline


def cells(panel, *columns):
    model = panel.table.model()
    return [" ".join(str(model.index(row, column).data()) for column in columns) for row in range(model.rowCount())]


def place(panel, row, column):
    return panel.table.visualRect(panel.table.model().index(row, column)).center()


def click(qtbot, panel, row, column):
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=place(panel, row, column))


def test_accumulation_reads_at_a_glance(panel):
    shown(panel, recordings.training(2, clear=False))
    rows = [row for row in cells(panel, WHAT, BEFORE, CHANGE, AFTER) if row.startswith("pass")]
    assert rows == [
        "pass 1 None + [3, 3, 3, 3] = [3, 3, 3, 3]",
        "pass 2 [3, 3, 3, 3] + [3, 3, 3, 3] = [6, 6, 6, 6]",
    ]


def test_a_clear_shows_what_did_it_and_on_which_line(panel):
    timeline = shown(panel, recordings.training(1))
    assert cells(panel, WHAT, CHANGE, AFTER, LINE)[2] == "clear zero_() → [0, 0, 0, 0] 9"
    entry = timeline.ledger.entry(2)
    assert in_words(timeline, entry) == "w.grad, clear, line 9: [3, 3, 3, 3] zero_() → [0, 0, 0, 0] (step 11)"


def test_a_line_of_another_file_is_told_with_that_files_name(panel):
    writer = Writer()
    start(writer, writer.value([1]))
    writer.add(ev.SourceRead(1, "/home/user/model.py", "w.data.fill_(2)\n"))
    writer.add(ev.LeafUpdated(0, 0, writer.value([2]), ev.Span(1, 1), "w.data.fill_(2)"))
    timeline = shown(panel, writer.recording())
    assert cells(panel, WHAT, CHANGE, AFTER, LINE) == ["update w.data.fill_(2) → [2] model.py:1"]
    sentence = "w itself, update, model.py line 1: [1] w.data.fill_(2) → [2] (step 1)"
    assert in_words(timeline, timeline.ledger.entry(0)) == sentence


def test_a_clear_to_none_shows_none(panel):
    shown(panel, recordings.troubled())
    assert cells(panel, CHANGE, AFTER)[1] == "w.grad = None → None"


@pytest.mark.parametrize(
    ("how", "text"),
    [("Tensor.zero_", "zero_()"), ("SGD.step", "SGD.step()"), ("w.grad = None", "w.grad = None"), ("", "cleared")],
)
def test_what_did_it_is_written_as_a_program_writes_it(how, text):
    assert call_text(how, "cleared") == text


def test_large_values_are_told_by_shape_and_norm(panel):
    timeline = shown(panel, recordings.large())
    text = row_text(timeline, timeline.ledger.entry(0))
    assert "(4096, 4096)" in text.after
    assert "nan" in text.after


def test_the_newest_row_is_marked_and_the_future_is_dimmed(panel):
    timeline = shown(panel, recordings.training(3), step=11)
    model = panel.table.model()
    dimmed = panel.palette().color(QPalette.ColorRole.PlaceholderText)
    foreground = [model.index(row, AFTER).data(Qt.ItemDataRole.ForegroundRole) for row in range(9)]
    background = [model.index(row, AFTER).data(Qt.ItemDataRole.BackgroundRole) for row in range(9)]
    assert [colour == dimmed for colour in foreground] == [False] * 3 + [True] * 6
    assert [colour is not None for colour in background] == [False, False, True] + [False] * 6
    panel.set_state(timeline.state(0))
    assert model.index(2, AFTER).data(Qt.ItemDataRole.BackgroundRole) is None


def test_a_click_goes_to_the_step_and_a_click_on_the_line_to_the_line(qtbot, panel):
    shown(panel, recordings.training(2))
    with qtbot.waitSignal(panel.step_requested) as step:
        click(qtbot, panel, 2, AFTER)
    assert step.args == [11]
    with qtbot.waitSignal(panel.selection_requested) as line:
        click(qtbot, panel, 2, LINE)
    assert line.args == [("line", 0, 9)]
    with qtbot.waitSignal(panel.selection_requested) as leaf:
        click(qtbot, panel, 2, LEAF)
    assert leaf.args == [("leaf", 0)]


def test_enter_goes_to_the_step_of_the_current_row_and_space_shows_its_values(qtbot, panel):
    shown(panel, recordings.training(2))
    panel.table.setFocus()
    panel.table.selectRow(0)
    with qtbot.waitSignal(panel.step_requested) as step:
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert step.args == [7]
    qtbot.keyClick(panel.table, Qt.Key.Key_Space)
    assert panel._side.currentWidget() is panel.values
    views = panel.values.findChildren(TensorView)
    assert [view.record is None for view in views] == [True, False, False]


def test_choosing_a_leaf_shows_only_its_rows(panel):
    shown(panel, recordings.training(2))
    panel.set_selection(("leaf", 0))
    assert panel.leaf == 0
    assert panel.table.isColumnHidden(LEAF)
    assert panel.table.model().rowCount() == 6


def test_a_hundred_thousand_entries_are_read_only_where_they_are_looked_at(panel):
    timeline = shown(panel, recordings.long_ledger(100_000))
    model = panel.table.model()
    assert model.rowCount() == 100_000
    assert len(model._rows) < 600
    last = model.index(model.rowCount() - 1, STEP)
    assert panel.table.visualRect(last).intersects(panel.table.viewport().rect())
    panel.set_state(timeline.state(50))
    assert 0 <= panel.table.rowAt(5) < 30


def test_no_column_is_clipped_at_the_width_of_a_narrow_panel(panel, qtbot):
    shown(panel, recordings.training(2))
    panel.resize(280, 500)
    qtbot.waitUntil(lambda: panel.table.viewport().width() < 300)
    table = panel.table
    widths = [table.columnWidth(column) for column in range(7) if not table.isColumnHidden(column)]
    assert sum(widths) <= table.viewport().width()
    assert not table.isColumnHidden(AFTER)
    tip = table.model().index(0, AFTER).data(Qt.ItemDataRole.ToolTipRole)
    assert "None + [3, 3, 3, 3] = [3, 3, 3, 3]" in tip


def test_where_it_is_narrow_and_low_the_table_is_a_tab_beside_the_plot(panel, qtbot):
    def tabs():
        return [panel._side.tabText(index) for index in range(panel._side.count())]

    shown(panel, recordings.training(2))
    letter, line = QFontMetricsF(panel.font()).averageCharWidth(), QFontMetricsF(panel.font()).height()
    panel.resize(round(80 * letter), round(10 * line))
    qtbot.waitUntil(lambda: tabs() == ["Table", "Plot", "Values"])
    assert panel.table.isVisible()
    assert not panel.plot.controls.isVisible()
    panel._side.setCurrentWidget(panel.plot)
    qtbot.waitUntil(lambda: panel.plot.height() > 5 * line)
    # The choice of a leaf is for the plot, too.
    qtbot.waitUntil(lambda: panel._chooser.isVisible() and panel.plot.controls.isVisible())
    assert panel._bar.mapTo(panel, panel._bar.rect().bottomRight()).y() <= panel.plot.mapTo(panel, QPoint()).y()
    for width, height in ((80, 30), (120, 10)):
        panel.resize(round(width * letter), round(height * line))
        qtbot.waitUntil(lambda: tabs() == ["Plot", "Values"])
        shown_now = (panel.table, panel.plot, panel._chooser)
        qtbot.waitUntil(lambda: all(widget.isVisible() for widget in shown_now))  # noqa: B023
    panel.resize(round(40 * letter), round(10 * line))
    qtbot.waitUntil(lambda: tabs() == ["Table", "Plot", "Values"])
    assert panel._bar.parentWidget() is panel._left


def test_the_names_of_the_tabs_beside_the_table_are_never_cut_off(panel, qtbot):
    shown(panel, recordings.training(2))
    bar = panel._side.tabBar()
    for width in (95, 110, 150):
        panel.resize(round(width * QFontMetricsF(panel.font()).averageCharWidth()), 200)
        qtbot.waitUntil(lambda: bar.width() >= bar.sizeHint().width())
        assert panel.plot.controls.isVisible()


def test_the_signs_grow_with_the_text(panel):
    shown(panel, recordings.training(2))
    font = panel.font()
    font.setPixelSize(40)
    panel.setFont(font)
    assert panel.table.iconSize().height() == panel.table.fontMetrics().height() > 40


def test_an_empty_ledger_says_why_it_is_empty(panel):
    panel.set_recording(None, None)
    assert panel._stack.currentIndex() == 0
    assert "Run a program" in panel._hint.text()
    assert panel.table.model().rowCount(QModelIndex()) == 0


def test_the_plot_shows_norms_clears_and_updates(qtbot, panel):
    shown(panel, recordings.training(3))
    qtbot.waitUntil(lambda: not panel.plot.is_reading())
    legend = panel.plot._legend.text()
    for name in ("norm of .grad", "of contribution", "of value", "clear", "update"):
        assert name in legend
    assert "norm of w.grad from 0 to 6" in panel.plot.accessibleDescription()


def test_the_plot_counts_whole_passes_and_cuts_no_number_off(qtbot, panel):
    writer = Writer()
    w = writer.value([0.5, -1.5, 3.0])
    start(writer, w)
    nodes = recordings.forward(writer, 0, w, np.array([1, -2, 0]))
    after = writer.value([1, -2, 0])
    recordings.backward(writer, 0, nodes, np.array([1, -2, 0]), ev.NONE, after)
    # After the last pass there is no pass 2.
    writer.add(ev.GradCleared(0, after, ev.NONE, ev.Span(0, 9), "zero_grad"), ev.Finished("returned", 0))
    panel.resize(1100, 170)
    shown(panel, writer.recording())
    qtbot.waitUntil(lambda: not panel.plot.is_reading())
    plot = panel.plot._canvas._plot
    numbers = {}
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        paper = QPixmap(10, 10)
        painter = QPainter(paper)
        texts = axis.generateDrawSpecs(painter)[2]
        painter.end()
        numbers[side] = [text for _, _, text in texts]
        for place, _, _ in texts:
            assert plot.sceneRect().adjusted(-1, -1, 1, 1).contains(axis.mapRectToScene(QRectF(place)))
    assert [text for text in numbers["bottom"] if text] == ["0", "1"]
    assert len(numbers["left"]) > 1


def test_the_cursor_is_in_the_plot_at_every_step(qtbot, panel):
    writer = Writer()
    w = writer.value([1.0])
    start(writer, w)
    one = writer.value([1.0])
    # Two passes that only give gradients back, and then one that accumulates.
    for number in range(2):
        nodes = recordings.forward(writer, 2 * number, w, np.array([1]))
        writer.add(ev.BackwardStarted(number, roots=(ev.Root(nodes[0], 0, one),), accumulates=False))
        writer.add(ev.BackwardFinished(number, returned=(ev.Returned(nodes[-1], 0, 0, one),)))
    nodes = recordings.forward(writer, 4, w, np.array([1]))
    recordings.backward(writer, 2, nodes, np.array([1]), ev.NONE, one)
    writer.add(ev.Finished("returned", 0))
    timeline = shown(panel, writer.recording())
    qtbot.waitUntil(lambda: not panel.plot.is_reading())
    canvas = panel.plot._canvas
    low, high = canvas._plot.viewRange()[0]
    for step in range(timeline.step_count + 1):
        panel.set_state(timeline.state(step))
        assert low < canvas._cursor.value() < high


def test_a_legend_leaves_room_for_the_plot_and_tells_the_rest_when_asked(qtbot, panel):
    shown(panel, recordings.training(3))
    qtbot.waitUntil(lambda: not panel.plot.is_reading())
    panel.resize(220, 260)
    legend, canvas = panel.plot._legend, panel.plot._canvas
    qtbot.waitUntil(lambda: "more" in legend.text())
    assert "norm of .grad" in legend.text()
    assert "update" not in legend.text()
    assert "update" in legend.toolTip()
    assert canvas.height() > legend.fontMetrics().height() * 2
    panel.resize(900, 700)
    qtbot.waitUntil(lambda: "update" in legend.text())
    assert not legend.toolTip()


def test_a_legend_beside_the_plot_has_as_many_lines_as_the_plot_is_high(qtbot):
    legend = PlotLegend()
    qtbot.addWidget(legend)
    names = [f"norm of model.blocks.{number}.attention.projection.weight" for number in range(9)]
    legend.set_entries([PlotEntry("━", "#0072b2", name) for name in names])
    legend.set_place(beside=True, room=QSize(400, round(legend.fontMetrics().lineSpacing() * 4.5)))
    lines = legend.text().split("<br>")
    assert len(lines) == 4
    assert lines[-1] == "and 6 more"
    assert all(line.endswith("projection.weight") and "…" in line for line in lines[:3])
    assert names[8] in legend.toolTip()
    legend.set_place(beside=True, room=QSize(4_000, 4_000))
    assert names[8] in legend.text()
    assert not legend.toolTip()


def test_single_elements_are_plotted_where_they_are_few(qtbot, panel):
    shown(panel, recordings.training(3))
    qtbot.waitUntil(lambda: not panel.plot.is_reading())
    panel.plot._what.setCurrentIndex(1)
    assert "w.grad[3]" in panel.plot._legend.text()
    panel.plot._logarithmic.setChecked(True)
    panel.grab()


def test_nan_is_a_cross_in_the_plot_and_not_left_out(qtbot, panel):
    shown(panel, recordings.troubled())
    qtbot.waitUntil(lambda: not panel.plot.is_reading())
    panel.plot._logarithmic.setChecked(True)
    panel.grab()
    assert "NaN or Inf" in panel.plot._legend.text()


def test_nan_is_a_cross_among_the_curves_of_several_leaves_too(qtbot, panel):
    source = """import torch
a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
for scale in (1.0, float("nan")):
    (a * scale + b).sum().backward()
"""
    shown(panel, record_source(source))
    qtbot.waitUntil(lambda: not panel.plot.is_reading())
    assert "b.grad" in panel.plot._legend.text()
    assert panel.plot._legend.text().count("NaN or Inf") == 1


def test_a_click_in_the_plot_goes_to_the_nearest_change(qtbot, panel):
    shown(panel, recordings.training(3))
    qtbot.waitUntil(lambda: not panel.plot.is_reading())
    with qtbot.waitSignal(panel.plot.step_requested) as asked:
        panel.plot._canvas.clicked.emit(0.9)
    assert asked.args == [7]


def test_a_long_run_is_thinned_but_keeps_every_kind_and_its_end():
    recording = recordings.training(3000)
    timeline = Timeline(recording)
    axis = PassAxis(timeline)
    *_, series = read_series(timeline, 0, axis, 100)
    assert len(series.grad) + len(series.value) < 110
    assert {point.kind for point in series.grad} == {"accumulated"}
    assert {point.kind for point in series.value} == {"start", "updated"}
    assert series.grad[-1].x == pytest.approx(3000, abs=1)


def test_passes_are_places_on_the_axis():
    timeline = Timeline(recordings.training(3))
    axis = PassAxis(timeline)
    assert axis.count == 3
    ends = [timeline.step_of_event(summary.end) for summary in timeline.recording.passes]
    assert [axis.place(step) for step in ends] == [1, 2, 3]
    assert axis.place(0) == 0


def test_the_number_of_a_late_pass_is_not_cut_off(panel):
    shown(panel, recordings.training(1200))
    table = panel.table
    metrics = QFontMetricsF(table.font())
    # Beside the text stand a sign and as much room as beside every other.
    room = metrics.height() * 1.4 + metrics.averageCharWidth() * 2
    assert table.columnWidth(WHAT) >= metrics.horizontalAdvance("pass 1111") + room
