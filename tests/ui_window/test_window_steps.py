import re
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionComboBox

from graphviz_app.lessons import all_lessons
from graphviz_app.recording import events as ev
from graphviz_app.ui.canvas import Item
from graphviz_app.ui.look import Look
from graphviz_app.ui.transport import StepCounter
from tests.support_record import record_source


@pytest.fixture
def session(shown):
    shown.bench.views.canvas.setFocus()
    return shown.bench.session


def press(qtbot, shown, key, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(shown.bench.views.canvas, key, modifier)


def test_what_follows_a_step_does_not_outlive_the_window(qtbot, shown, session):
    session.to_start()
    session.next_pass()
    shown.close()
    # An error in what a timer calls fails the test.
    qtbot.wait(50)


def test_keys_move_the_cursor(qtbot, shown, session):
    start = session.step
    press(qtbot, shown, Qt.Key.Key_Right)
    assert session.step == start + 1
    press(qtbot, shown, Qt.Key.Key_Left)
    assert session.step == start
    press(qtbot, shown, Qt.Key.Key_End)
    assert session.step == session.timeline.step_count
    press(qtbot, shown, Qt.Key.Key_Home)
    assert session.step == 0
    press(qtbot, shown, Qt.Key.Key_PageDown)
    assert isinstance(session.state.event, ev.BackwardStarted)
    press(qtbot, shown, Qt.Key.Key_A)
    assert isinstance(session.state.event, ev.GradAccumulated)


def test_f10_steps_while_one_writes_and_arrows_do_not(qtbot, shown, session):
    editor = shown.parts.editor
    editor.setFocus()
    step = session.step
    qtbot.keyClick(editor, Qt.Key.Key_Right)
    qtbot.keyClick(editor, Qt.Key.Key_Space)
    assert session.step == step
    assert not shown.bench.steps.playback.is_playing
    assert " " in editor.text()
    qtbot.keyClick(editor, Qt.Key.Key_F10)
    assert session.step == step + 1
    qtbot.keyClick(editor, Qt.Key.Key_F10, Qt.KeyboardModifier.ShiftModifier)
    assert session.step == step


def test_space_plays_to_the_end_and_stops_there(qtbot, shown, session):
    shown.parts.speed.speed_chosen.emit(50.0)
    press(qtbot, shown, Qt.Key.Key_Space)
    assert shown.bench.steps.playback.is_playing
    assert shown.actions_by_name["play"].text() == "Pause"
    qtbot.waitUntil(lambda: session.step == session.timeline.step_count, timeout=20_000)
    qtbot.waitUntil(lambda: not shown.bench.steps.playback.is_playing)
    assert shown.actions_by_name["play"].text() == "Play"


def test_the_transport_shows_and_takes_the_step_and_the_pass(shown, session):
    steps, passes = shown.parts.steps, shown.parts.passes
    assert steps.text() == f"Step {session.step} of {session.timeline.step_count}"
    assert passes.currentText() == "Pass 1 of 2"
    steps.setValue(session.timeline.step_count)
    assert session.step == session.timeline.step_count
    session.to_start()
    passes.activated.emit(1)
    assert passes.currentText() == "Pass 2 of 2"


def test_the_next_call_is_offered_where_there_is_one(shown, session):
    action = shown.actions_by_name["next_call"]
    session.to_start()
    assert not action.isEnabled()
    node = next(key for key, kind in session.picture.graph.graph.nodes(data="kind") if kind == "node")
    session.select(("node", node))
    assert action.isEnabled()
    shown.trigger("next_call")
    assert session.step > 0
    assert not action.isEnabled(), "a node of a graph that is freed runs once"
    session.select(("line", 0, 5))
    session.to_start()
    assert action.isEnabled(), "the line ran twice"
    shown.trigger("next_call")
    assert action.isEnabled()
    session.to_end()
    assert not action.isEnabled()


def test_the_next_accumulation_is_offered_where_there_is_one(shown, session):
    action = shown.actions_by_name["next_accumulation"]
    session.to_start()
    for _ in range(2):
        assert action.isEnabled()
        shown.trigger("next_accumulation")
    assert session.step < session.timeline.step_count
    assert not action.isEnabled()


def test_many_steps_are_written_as_elsewhere_and_can_be_typed(qtbot):
    counter = StepCounter(Look())
    qtbot.addWidget(counter)
    counter.set_timeline(SimpleNamespace(step_count=133_072))
    counter.setValue(4_321)
    assert counter.text() == "Step 4,321 of 133,072"
    for typed in ("12345", "12,345"):
        counter.setValue(0)
        counter.lineEdit().setText(f"Step {typed} of 133,072")
        counter.interpretText()
        assert counter.value() == 12_345


def test_the_number_of_a_late_pass_is_seen_whole(qtbot, shown, session):
    chooser = shown.parts.passes
    source = "import torch\nw = torch.ones(1, requires_grad=True)\nfor _ in range(1200): w.sum().backward()\n"
    session.show(record_source(source))
    session.to_end()
    text = chooser.currentText()
    assert text == "Pass 1200 of 1200"

    def room():
        option = QStyleOptionComboBox()
        chooser.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        return chooser.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, chooser).width()

    # The text keeps some distance from the field's borders.
    qtbot.waitUntil(lambda: room() >= chooser.fontMetrics().horizontalAdvance(text) + 8)


def test_the_console_shows_what_was_printed_up_to_the_step(shown, session):
    session.to_end()
    assert shown.parts.console.text() == "turn 0\ntensor([3., 3., 3., 3.])\nturn 1\ntensor([6., 6., 6., 6.])\n"
    session.to_start()
    assert shown.parts.console.text() == ""
    session.next_pass()
    assert shown.parts.console.text() == "turn 0\n"


def test_the_running_line_is_marked_and_follows_edits(shown, session):
    editor = shown.parts.editor
    session.to_start()
    session.next_pass()
    assert editor.marks.running == 7
    editor.replace_text("# a line above\n" + editor.text())
    assert editor.marks.running == 8


def test_a_place_that_is_gone_to_is_found_again_after_edits(shown):
    editor = shown.parts.editor
    editor.replace_text("# a line above\n" + editor.text())
    shown.parts.console.place_clicked.emit(shown.documents.current.path, 7)
    assert editor.current_line() == 8


def test_a_new_line_lights_nothing(qtbot, shown, session):
    editor = shown.parts.editor
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    editor.go_to_line(4)
    assert editor.marks.lit == {4}
    qtbot.keyClick(editor, Qt.Key.Key_End)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert editor.current_line() == 5
    assert session.selection == ()
    assert editor.marks.lit == set()


def test_a_line_lights_its_nodes_and_a_node_its_line(qtbot, shown, session):
    editor, canvas = shown.parts.editor, shown.bench.views.canvas
    editor.setFocus()
    qtbot.waitUntil(editor.hasFocus)
    editor.go_to_line(5)
    assert session.selection == ("line", 0, 5)
    assert canvas._marking.lit
    item = canvas._marking.lit[0]
    canvas.choose((item,))
    assert session.selection[0] == "node"
    assert editor.marks.lit == {5}
    assert shown.arrangement.side.currentWidget() is shown.bench.views.inspector


def test_the_line_of_a_box_that_is_clicked_comes_into_view_and_the_cursor_stays(qtbot, shown, session):
    editor, canvas = shown.parts.editor, shown.bench.views.canvas
    session.to_start()
    editor.setFixedHeight(round(4.5 * editor.fontMetrics().lineSpacing()))

    def lines():
        return [number for number, _, _ in editor.visible_lines()]

    qtbot.waitUntil(lambda: len(lines()) <= 6)
    editor.verticalScrollBar().setValue(0)
    assert lines()[-2] < 5
    at = editor.current_line()
    node = next(number for number, box in enumerate(session.picture.graph.boxes) if box.kind == "node")
    canvas.choose((Item("box", node),))
    assert 5 in lines()[:-1]
    assert editor.current_line() == at


def test_the_menu_offers_no_way_and_no_call_where_there_is_none(shown, session):
    def entries(kind):
        box = next(number for number, box in enumerate(session.picture.graph.boxes) if box.kind == kind)
        return {action.text(): action.isEnabled() for action in shown.bench.menu.build(Item("box", box)).actions()}

    session.go_to_chapter(0)
    assert entries("node")["Go to its next call"]
    assert entries("node")["Light the way from the loss"]
    assert not entries("root")["Go to its next call"]
    assert not entries("root")["Light the way from the loss"]
    assert entries("root")["Inspect"]


def test_find_in_the_graph_walks_through_the_boxes(qtbot, shown, session):
    shown.bench.views.canvas.setFocus()
    shown.trigger("find")
    find = shown.parts.find
    assert find.scope == "graph"
    find._line.setText("backward0")
    find._ask()
    count = int(find.result.split()[-1])
    assert count >= 2
    first = session.selection
    qtbot.keyClick(find._line, Qt.Key.Key_Return)
    assert session.selection != first
    find._line.setText("line 5 sum")
    find._ask()
    assert find.result == "1 of 1"
    find._line.setText("no such thing")
    find._ask()
    assert find.result == "Nothing found"
    qtbot.keyClick(find._line, Qt.Key.Key_Escape)
    assert find.isHidden()


def test_find_in_the_program_selects_what_it_finds(qtbot, shown):
    shown.parts.editor.setFocus()
    qtbot.waitUntil(shown.parts.editor.hasFocus)
    shown.trigger("find")
    find = shown.parts.find
    assert find.scope == "program"
    find._line.setText("weights")
    find._ask()
    assert find.result == "1 of 3"
    assert shown.parts.editor.textCursor().selectedText() == "weights"
    shown.trigger("find_previous")
    assert find.result == "3 of 3"


def test_present_shows_less_and_larger_and_gives_everything_back(shown):
    size = shown.parts.editor.font().pixelSize()
    shown.trigger("present")
    assert shown.isFullScreen()
    assert shown.bench.views.ledger.isHidden()
    assert shown.parts.editor.font().pixelSize() > size
    shown.trigger("cancel")
    assert not shown.isFullScreen()
    assert not shown.bench.views.ledger.isHidden()
    assert shown.parts.editor.font().pixelSize() == size


def test_the_legend_of_the_plot_is_no_higher_than_its_text(qtbot, shown):
    shown.resize(1400, 880)
    plot = shown.bench.views.ledger.plot
    qtbot.waitUntil(lambda: not plot.is_reading() and plot._canvas is not None and plot._canvas.isVisible())
    QApplication.processEvents()
    assert not plot._legend._beside
    assert 0 < plot._legend.height() < 1.5 * QFontMetricsF(plot._legend.font()).lineSpacing()


def test_colours_and_zoom_change_everywhere_and_are_remembered(shown, open_window):
    shown.view.set_theme("dark")
    assert shown.bench.views.canvas.frame.theme.name == "dark"
    assert shown.palette().window().color().lightness() < 80
    shown.trigger("zoom_in")
    assert shown.parts.editor.font().pixelSize() > 13
    shown.close()
    again = open_window()
    assert again.view.look.dark
    assert again.view.look.zoom == pytest.approx(1.1)


@pytest.mark.parametrize("suffix", [".svg", ".csv", ".json", ".dot"])
def test_an_export_is_written_in_the_background_and_said(qtbot, shown, tmp_path, suffix):
    path = tmp_path / f"run{suffix}"
    with qtbot.waitSignal(shown.bench.exports.finished, timeout=30_000):
        shown.bench.exports.export_to(path)
    assert path.stat().st_size > 100
    assert "Exported to" in shown.parts.message.sentence


def test_a_picture_that_is_too_large_is_exported_smaller_and_that_is_said(qtbot, shown, tmp_path, monkeypatch):
    monkeypatch.setattr("graphviz_app.export.png.LARGEST_PICTURE", 100_000)
    with qtbot.waitSignal(shown.bench.exports.finished, timeout=30_000):
        shown.bench.exports.export_to(tmp_path / "run.png")
    assert re.search(r"run\.png, at \d+%: at 200% the picture would be too large\.$", shown.parts.message.sentence)
    monkeypatch.setattr("graphviz_app.ui.painting.LARGEST_IMAGE", 100_000)
    shown.bench.menu.copy_picture()
    assert re.search(r"clipboard, at \d+% since it is so large\.$", shown.parts.message.sentence)


def test_an_export_that_cannot_be_written_is_a_sentence(qtbot, shown, tmp_path):
    with qtbot.waitSignal(shown.bench.exports.finished, timeout=30_000):
        shown.bench.exports.export_to(tmp_path / "no" / "folder.svg")
    assert "folder.svg" in shown.parts.message.sentence or "cannot be written" in shown.parts.message.sentence
    with qtbot.waitSignal(shown.bench.exports.finished, timeout=30_000):
        shown.bench.exports.export_to(tmp_path / "run.xyz")
    assert ".xyz" in shown.parts.message.sentence


def test_another_program_takes_the_old_graph_away(shown):
    shown.files.open_lesson(all_lessons()[2])
    assert shown.bench.session.recording is None
    assert shown.bench.views.canvas.frame is None
    assert shown.parts.console.text() == ""
    assert not shown.actions_by_name["forward"].isEnabled()
    assert "Press Run" in shown.parts.status.caption


def test_a_recording_is_saved_and_opened_again(shown, tmp_path):
    path = tmp_path / "kept.agrec"
    shown.files.save_recording_to(path)
    assert "Saved the recording" in shown.parts.message.sentence
    shown.files.open_path(path)
    assert shown.bench.session.timeline.step_count > 0
    shown.files.save_recording_to(tmp_path / "no" / "folder.agrec")
    assert "cannot be written" in shown.parts.message.sentence
