import gc

import pytest
from grid_frame import GridFrame, GridPicture
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication

from graphviz_app.ui.canvas import Canvas, Item


@pytest.fixture(autouse=True)
def listening_screen_reader():
    QAccessible.setActive(True)
    yield
    QAccessible.setActive(False)


def test_the_canvas_tells_its_name_and_the_step_in_words(shown):
    interface = QAccessible.queryAccessibleInterface(shown)
    assert interface.text(QAccessible.Text.Name) == "Graph"
    assert interface.text(QAccessible.Text.Description) == "box5 received 1 and sends 2."
    assert interface.role() == QAccessible.Role.Graphic


def test_its_children_are_the_boxes_in_sight_with_names_and_places(shown):
    interface = QAccessible.queryAccessibleInterface(shown)
    assert interface.childCount() == 24
    box = interface.child(7)
    assert box.text(QAccessible.Text.Name) == "box 7"
    assert interface.indexOfChild(box) == 7
    centre = box.rect().center()
    place = shown.mapFromGlobal(centre)
    assert shown.item_at(place.x(), place.y()) == Item("box", 7)
    assert interface.childAt(centre.x(), centre.y()).text(QAccessible.Text.Name) == "box 7"
    assert interface.child(24) is None
    assert interface.childAt(*shown.mapToGlobal(QPoint(1, 1)).toTuple()) is None


def test_only_boxes_in_sight_are_children_of_a_large_picture(canvas, large):
    canvas.set_frame(GridFrame(large, 5))
    interface = QAccessible.queryAccessibleInterface(canvas)
    assert 0 < interface.childCount() <= 400
    assert interface.child(0).rect().intersects(canvas.window().geometry())


def test_the_selected_box_has_the_focus(shown):
    interface = QAccessible.queryAccessibleInterface(shown)
    assert interface.focusChild() is None
    shown.walk(forward=True)
    child = interface.focusChild()
    assert child.text(QAccessible.Text.Name) == "box 0"
    assert child.state().selected


def test_interfaces_outlive_neither_their_picture_nor_their_canvas_in_a_way_that_hurts(qtbot, small):
    kept = []
    for round_ in range(8):
        canvas = Canvas()
        canvas.resize(640, 480)
        canvas.show()
        for picture in (small, GridPicture(12, 14, columns=4)):
            canvas.set_frame(GridFrame(picture, 5))
            interface = QAccessible.queryAccessibleInterface(canvas)
            ids = [QAccessible.uniqueId(interface.child(i)) for i in range(interface.childCount())]
            if round_ % 2:
                kept.append(interface.child(3))
            assert len(set(ids)) == len(ids)
            canvas.walk(forward=True)
        canvas.shutdown()
        canvas.deleteLater()
        del canvas, interface
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        gc.collect()
    kept.clear()
    gc.collect()
    qtbot.wait(1)
