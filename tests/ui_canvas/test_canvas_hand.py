import pytest
from grid_frame import GridFrame
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest

from graphviz_app.ui.canvas import Item

NO_MODIFIER = Qt.KeyboardModifier.NoModifier


def pixel_of(canvas, box):
    x, y, width, height = canvas.picture.box_bounds[box].tolist()
    return QPoint(*(round(c) for c in canvas.camera.view.to_screen(x + width / 2, y + height / 2)))


def wheel(canvas, x, y, notches=0.0, pixels=(0, 0), modifiers=NO_MODIFIER):
    place = QPointF(x, y)
    event = QWheelEvent(
        place,
        canvas.mapToGlobal(place),
        QPoint(*pixels),
        QPoint(0, round(notches * 120)),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    canvas.wheelEvent(event)


def test_a_click_selects_and_a_click_on_nothing_selects_nothing(shown, qtbot):
    with qtbot.waitSignal(shown.selection_changed) as told:
        QTest.mouseClick(shown, Qt.MouseButton.LeftButton, pos=pixel_of(shown, 3))
    assert told.args == [(Item("box", 3),)]
    QTest.mouseClick(shown, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert shown.selection == ()


def test_shift_adds_to_the_selection_and_takes_away_again(shown):
    QTest.mouseClick(shown, Qt.MouseButton.LeftButton, pos=pixel_of(shown, 3))
    QTest.mouseClick(shown, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, pixel_of(shown, 4))
    assert shown.selection == (Item("box", 3), Item("box", 4))
    QTest.mouseClick(shown, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, pixel_of(shown, 3))
    assert shown.selection == (Item("box", 4),)


def test_a_selection_from_outside_is_shown_but_not_told_again(shown, qtbot):
    with qtbot.assertNotEmitted(shown.selection_changed):
        shown.set_selection([Item("box", 7)])
    assert shown.selection == (Item("box", 7),)


def test_dragging_moves_the_picture_with_the_pointer_and_selects_nothing(shown, qtbot):
    before = shown.camera.view
    with qtbot.waitSignal(shown.view_changed), qtbot.assertNotEmitted(shown.selection_changed):
        QTest.mousePress(shown, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
        QTest.mouseMove(shown, QPoint(330, 220))
        QTest.mouseMove(shown, QPoint(350, 170))
        QTest.mouseRelease(shown, Qt.MouseButton.LeftButton, pos=QPoint(350, 170))
    moved = before.to_screen(0, 0)[0] - shown.camera.view.to_screen(0, 0)[0]
    assert moved == pytest.approx(-50, abs=0.01)


def test_the_wheel_zooms_around_the_pointer(shown, clock):
    start = shown.camera.view.level
    before = shown.camera.view.to_picture(200, 150)
    wheel(shown, 200, 150, notches=1)
    clock.advance(1_000, frames=10)
    assert shown.camera.view.level > start
    assert shown.camera.view.to_picture(200, 150) == pytest.approx(before, abs=0.2)


def test_zooming_has_an_end_in_both_directions(shown, clock):
    for notches in (200, -400):
        wheel(shown, 200, 150, notches=notches)
        clock.advance(1_000, frames=4)
    assert 0.001 < shown.camera.view.scale < 1
    wheel(shown, 200, 150, notches=400)
    clock.advance(1_000, frames=4)
    assert shown.camera.view.scale == 8.0


@pytest.mark.parametrize(
    ("modifiers", "moved"), [(Qt.KeyboardModifier.ShiftModifier, (120, 0)), (Qt.KeyboardModifier.AltModifier, (0, 120))]
)
def test_the_wheel_pans_with_shift_and_alt(shown, clock, modifiers, moved):
    before = shown.camera.view.to_screen(0, 0)
    wheel(shown, 200, 150, notches=1, modifiers=modifiers)
    clock.advance(1_000, frames=4)
    after = shown.camera.view.to_screen(0, 0)
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx(moved)


def test_two_fingers_pan_and_zoom_with_control(shown):
    before = shown.camera.view.to_screen(0, 0)
    wheel(shown, 200, 150, pixels=(-7, 11))
    after = shown.camera.view.to_screen(0, 0)
    assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((-7, 11))
    level = shown.camera.view.level
    wheel(shown, 200, 150, pixels=(0, 30), modifiers=Qt.KeyboardModifier.ControlModifier)
    assert shown.camera.view.level > level


def test_keys_zoom_fit_and_pan(shown, clock):
    def press(key, modifiers=NO_MODIFIER):
        QTest.keyClick(shown, key, modifiers)
        clock.advance(1_000, frames=4)
        return shown.camera.view

    start = shown.camera.view
    assert press(Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier).level > start.level
    assert press(Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier).level == start.level
    press(Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    assert press(Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier).level == 0
    assert press(Qt.Key.Key_Plus).level > 0
    assert press(Qt.Key.Key_Minus).level == 0
    press(Qt.Key.Key_Equal)
    assert press(Qt.Key.Key_1).level == 0
    assert press(Qt.Key.Key_0).shows(shown.camera.bounds)
    fitted = press(Qt.Key.Key_F)
    assert fitted.shows(shown.camera.bounds)
    assert press(Qt.Key.Key_Down).y > fitted.y


def test_tab_walks_the_boxes_in_reading_order_and_then_leaves(shown):
    QTest.keyClick(shown, Qt.Key.Key_Tab)
    assert shown.selection == (Item("box", 0),)
    QTest.keyClick(shown, Qt.Key.Key_Tab)
    assert shown.selection == (Item("box", 1),)
    QTest.keyClick(shown, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    assert shown.selection == (Item("box", 0),)
    shown.set_selection([Item("box", 23)])
    assert not shown.walk(forward=True)


def test_alt_and_an_arrow_follow_a_link(shown):
    shown.set_selection([Item("box", 1)])
    QTest.keyClick(shown, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert shown.selection == (Item("box", 5),)
    QTest.keyClick(shown, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert shown.selection == (Item("box", 1),)


def test_enter_activates_the_selected_box(shown, qtbot):
    shown.set_selection([Item("box", 2)])
    with qtbot.waitSignal(shown.item_activated) as told:
        QTest.keyClick(shown, Qt.Key.Key_Return)
    assert told.args == [Item("box", 2)]


def test_keys_that_mean_nothing_here_are_left_to_the_window(shown):
    for key in (Qt.Key.Key_Space, Qt.Key.Key_F5, Qt.Key.Key_A):
        assert not shown.hand.key(_key(key))


def _key(key):
    return QKeyEvent(QEvent.Type.KeyPress, key, NO_MODIFIER)


def test_a_double_click_on_a_group_asks_to_open_it(shown, qtbot, small, monkeypatch):
    monkeypatch.setattr(small.graph.boxes[3], "path", ("model", "layer"))
    with qtbot.waitSignal(shown.toggle_requested) as told:
        QTest.mouseDClick(shown, Qt.MouseButton.LeftButton, pos=pixel_of(shown, 3))
    assert told.args == [("model", "layer")]


def test_a_double_click_on_nothing_shows_everything(shown, clock):
    shown.camera.pan(250, 210)
    QTest.mouseDClick(shown, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    clock.advance(1_000, frames=10)
    assert shown.camera.view.shows(shown.camera.bounds)


def test_pointing_at_a_box_is_told(shown, qtbot):
    with qtbot.waitSignal(shown.hovered) as told:
        QTest.mouseMove(shown, pixel_of(shown, 6))
    assert told.args == [Item("box", 6)]


def test_a_menu_is_asked_for_on_the_box_under_the_pointer(shown, qtbot):
    place = pixel_of(shown, 6)
    with qtbot.waitSignal(shown.context_menu_requested) as told:
        shown.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, shown.mapToGlobal(place)))
    assert told.args[0] == Item("box", 6)
    assert shown.selection == (Item("box", 6),)


def test_escape_cancels_while_busy_and_else_empties_the_selection(shown, qtbot):
    shown.set_selection([Item("box", 2)])
    shown.set_busy("Laying out 9,874 nodes… Esc cancels")
    with qtbot.waitSignal(shown.cancel_requested):
        QTest.keyClick(shown, Qt.Key.Key_Escape)
    assert shown.selection
    shown.set_busy(None)
    QTest.keyClick(shown, Qt.Key.Key_Escape)
    assert shown.selection == ()


def test_going_to_a_box_brings_it_to_the_middle_at_a_readable_zoom(canvas, large, clock):
    canvas.set_frame(GridFrame(large, 5))
    canvas.camera.zoom_to(-3_000, 10, 10)
    clock.advance(1_000, frames=4)
    canvas.centre_on(Item("box", 1_999))
    clock.advance(1_000, frames=4)
    x, y, width, height = large.box_bounds[1_999].tolist()
    assert canvas.camera.view.to_screen(x + width / 2, y + height / 2) == pytest.approx((320, 240), abs=1)
    assert canvas.camera.view.scale >= 0.6


def test_a_larger_window_zoom_enlarges_the_picture_around_its_middle(shown, clock):
    before, scale = shown.camera.view.to_picture(320, 240), shown.camera.view.scale
    shown.set_zoom(2.0)
    assert shown.camera.view.scale == pytest.approx(2 * scale, rel=1e-3)
    assert shown.camera.view.to_picture(320, 240) == pytest.approx(before, abs=0.1)
    shown.reset_zoom()
    clock.advance(1_000, frames=4)
    assert shown.camera.view.scale == 2.0
    shown.set_zoom(1.0)
    assert shown.camera.view.scale == 1.0
