import numpy as np
import pytest
from canvas_pixels import array_of
from grid_frame import GridFrame, GridPicture
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from graphviz_app.scene.theme import DARK
from graphviz_app.ui.canvas.minimap import LONG_SIDE, SHORT_SIDE, overview_size


def minimap_of(canvas):
    return canvas.overlays.minimap


def test_a_minimap_is_there_where_something_is_out_of_sight_of_graphs_large_and_small(canvas, small, large, qtbot):
    for picture in (small, large):
        canvas.set_frame(GridFrame(picture, 1))
        canvas.camera.look(canvas.camera.view.zoomed(500, 0, 0))
        qtbot.waitUntil(lambda: minimap_of(canvas).isVisible(), timeout=5_000)
        canvas.camera.look(canvas.camera.view.fitted(canvas.camera.bounds))
        assert minimap_of(canvas).isHidden()


def test_the_minimap_appears_where_it_covers_least_and_stays_there(canvas, qtbot):
    def covers_boxes():
        place = minimap_of(canvas).geometry()
        left, top = canvas.camera.view.to_picture(place.left(), place.top())
        right, bottom = canvas.camera.view.to_picture(place.right(), place.bottom())
        x, y, width, height = picture.box_bounds.T
        return bool(((x < right) & (x + width > left) & (y < bottom) & (y + height > top)).any())

    picture = GridPicture(24, 24, columns=1)
    canvas.set_frame(GridFrame(picture, 1))
    width = canvas.camera.view.visible[2]
    for shift in (0.0, 0.2 * width):
        canvas.camera.look(canvas.camera.view.fitted(canvas.camera.bounds))
        # The column stands in the middle of the window, then at its left.
        canvas.camera.look(canvas.camera.view._replace(level=0, x=picture.box_bounds[0, 0] - 20.0 - shift, y=0.0))
        qtbot.waitUntil(lambda: minimap_of(canvas).isVisible(), timeout=5_000)
        assert not covers_boxes()
    place = minimap_of(canvas).pos()
    canvas.camera.look(canvas.camera.view.panned(-50.0, -300.0))
    canvas.set_frame(GridFrame(picture, 2))
    assert minimap_of(canvas).pos() == place
    # On a canvas of another size, the column is at the right, and then at the left.
    canvas.camera.look(canvas.camera.view._replace(x=picture.box_bounds[0, 0] + 150.0 - width))
    canvas.resize(canvas.width() - 1, canvas.height())
    assert not covers_boxes()
    canvas.camera.look(canvas.camera.view._replace(x=picture.box_bounds[0, 0] - 20.0))
    canvas.resize(canvas.width() + 1, canvas.height())
    assert not covers_boxes()


def test_a_small_window_is_not_hidden_under_the_minimap(canvas, large, qtbot):
    canvas.resize(220, 180)
    canvas.set_frame(GridFrame(large, 5))
    qtbot.waitUntil(lambda: minimap_of(canvas).isVisible(), timeout=5_000)
    assert minimap_of(canvas).width() < 100
    assert minimap_of(canvas).height() < 100


def test_what_lies_over_a_small_canvas_neither_covers_it_nor_each_other(canvas, large, qtbot):
    buttons = canvas.overlays._buttons
    canvas.set_frame(GridFrame(large, 5))
    qtbot.waitUntil(lambda: minimap_of(canvas).isVisible(), timeout=5_000)
    assert buttons.isVisible()
    for width in range(buttons.width() + 24, 400, 8):
        canvas.resize(width, 260)
        if buttons.isVisible() and minimap_of(canvas).isVisible():
            assert not buttons.geometry().intersects(minimap_of(canvas).geometry())
            assert canvas.rect().contains(buttons.geometry())
    canvas.resize(buttons.width(), 400)
    assert not buttons.isVisible()
    canvas.resize(400, 80)
    assert not buttons.isVisible()
    assert not minimap_of(canvas).isVisible()
    canvas.resize(400, 400)
    assert buttons.isVisible()
    assert minimap_of(canvas).isVisible()


def test_the_minimap_of_a_large_graph_shows_it_and_follows_the_theme(canvas, large, qtbot):
    canvas.set_frame(GridFrame(large, 1_000))
    qtbot.waitUntil(lambda: minimap_of(canvas).isVisible(), timeout=5_000)
    light = array_of(minimap_of(canvas).grab().toImage())
    assert len(np.unique(light.reshape(-1, 3), axis=0)) > 10
    canvas.set_frame(GridFrame(large, 1_000, DARK))
    qtbot.waitUntil(lambda: array_of(minimap_of(canvas).grab().toImage()).mean() < light.mean() - 40, timeout=5_000)


def test_dragging_in_the_minimap_moves_the_view(canvas, large, qtbot):
    canvas.set_frame(GridFrame(large, 5))
    qtbot.waitUntil(lambda: minimap_of(canvas).isVisible(), timeout=5_000)
    minimap = minimap_of(canvas)
    QTest.mousePress(minimap, Qt.MouseButton.LeftButton, pos=QPoint(minimap.width() // 2, minimap.height() // 2))
    x, y, width, height = canvas.camera.view.visible
    assert (x + width / 2, y + height / 2) == pytest.approx((large.layout.width / 2, large.layout.height / 2), rel=0.05)
    QTest.mouseMove(minimap, QPoint(minimap.width() // 2, minimap.height() - 6))
    assert canvas.camera.view.y > y
    QTest.mouseRelease(minimap, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(("width", "height"), [(100, 100), (10, 1e6), (1e6, 10), (0, 0)])
def test_an_overview_is_never_a_hair(width, height):
    size = overview_size(width, height)
    assert SHORT_SIDE <= min(size) <= max(size) <= max(LONG_SIDE, SHORT_SIDE)


def test_an_empty_canvas_says_what_to_do_and_a_busy_one_what_it_waits_for(canvas, small):
    overlays = canvas.overlays
    assert overlays._hint.isVisible()
    assert "F5" in overlays._hint.text()
    canvas.set_busy("Laying out 9,874 nodes… Esc cancels")
    assert not overlays._hint.isVisible()
    assert overlays._busy.isVisible()
    canvas.set_frame(GridFrame(small, 1))
    assert overlays._busy.isVisible(), "the old picture stays visible while a new one is made"
    canvas.set_busy(None)
    assert not overlays._busy.isVisible()
    assert not overlays._hint.isVisible()
    assert overlays._buttons.isVisible()
    canvas.set_picture(None)
    assert overlays._hint.isVisible()
    assert not overlays._buttons.isVisible()


def test_the_buttons_in_the_corner_zoom_and_have_names(shown, clock):
    buttons = shown.overlays._buttons.findChildren(object, options=Qt.FindChildOption.FindDirectChildrenOnly)
    by_name = {button.accessibleName(): button for button in buttons if hasattr(button, "accessibleName")}
    level = shown.camera.view.level
    QTest.mouseClick(by_name["Zoom in (+)"], Qt.MouseButton.LeftButton)
    clock.advance(1_000, frames=3)
    assert shown.camera.view.level > level
    QTest.mouseClick(by_name["Show everything (0)"], Qt.MouseButton.LeftButton)
    clock.advance(1_000, frames=3)
    assert shown.camera.view.shows(shown.camera.bounds)


def test_what_lies_over_the_picture_grows_with_the_window(canvas, large, qtbot):
    def sizes():
        return canvas.overlays._hint.fontInfo().pixelSize(), minimap_of(canvas).height()

    canvas.resize(1_600, 1_200)
    canvas.set_frame(GridFrame(large, 5))
    qtbot.waitUntil(lambda: minimap_of(canvas).isVisible(), timeout=5_000)
    small = sizes()
    canvas.set_zoom(2.0)
    assert sizes() == (30, pytest.approx(2 * small[1], abs=12))
