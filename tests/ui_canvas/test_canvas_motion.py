import threading

import numpy as np
import pytest
from canvas_pixels import array_of, differing, grabbed, painted_whole
from grid_frame import GridFrame, GridPicture
from PySide6.QtWidgets import QApplication

from graphviz_app.scene.theme import DARK, LIGHT
from graphviz_app.ui.canvas import Canvas, Item
from graphviz_app.ui.canvas.animation import Animator
from graphviz_app.ui.canvas.tokens import STOPS, Ways, evenly_spaced
from graphviz_app.ui.painting import colour


def token_pixels(picture, theme=LIGHT):
    made = colour(theme.token)
    ys, xs = np.nonzero((np.abs(picture - [made.red(), made.green(), made.blue()]).max(axis=2)) < 3)
    return xs, ys


def test_a_token_moves_at_constant_speed_along_its_curve():
    curve = np.array([[0, 0], [0, 300], [0, 300], [400, 300], [500, 300], [500, 0], [700, 0]], np.float32)
    steps = np.hypot(*np.diff(evenly_spaced([curve])[0], axis=0).T)
    assert steps.std() / steps.mean() < 0.02
    ways = Ways([curve, curve[::-1]])
    assert ways.at(0.0) == pytest.approx(np.array([[0, 0], [700, 0]]))
    assert ways.at(1.0) == pytest.approx(np.array([[700, 0], [0, 0]]))
    assert ways.at(0.5)[0] == pytest.approx(ways.at(0.5)[1], abs=3)
    assert ways.at(1 / (STOPS - 1)).shape == (2, 2)


def test_a_curve_without_length_has_its_token_standing_still():
    assert Ways([np.zeros((4, 2), np.float32)]).at(0.3).tolist() == [[0.0, 0.0]]


def test_tokens_travel_from_box_to_box_and_are_gone_when_they_arrived(shown, small, clock, settle):
    shown.camera.look(shown.camera.view._replace(level=0, x=0.0, y=200.0))
    settle(shown)
    shown.animate_step(shown.frame, GridFrame(small, 10), 400)
    heights = []
    for _ in range(3):
        clock.advance(100)
        heights.append(token_pixels(grabbed(shown))[1].mean())
    assert heights[0] < heights[1] < heights[2]
    clock.advance(200, frames=2)
    assert not shown._animator.active
    settle(shown)
    assert differing(grabbed(shown), painted_whole(shown)) < 0.0005


def test_with_reduced_motion_nothing_moves(shown, small):
    shown.set_reduced_motion(True)
    shown.animate_step(shown.frame, GridFrame(small, 10), 400)
    assert not shown._animator.active
    shown.fit()
    assert not shown._animator.active


def test_a_step_in_the_middle_of_another_ones_motion_replaces_it(shown, small, clock, settle):
    shown.animate_step(shown.frame, GridFrame(small, 10), 400)
    clock.advance(100)
    shown.animate_step(shown.frame, GridFrame(small, 11), 400)
    clock.advance(100)
    shown.set_frame(GridFrame(small, 3))
    assert not shown._animator.active
    settle(shown)
    assert differing(grabbed(shown), painted_whole(shown)) < 0.0005


def moved_by(canvas, change, key):
    """How far the middle of a box's top moves on the screen by a change of picture."""

    def place():
        item = canvas.index_of(key)
        x, y, width, _ = canvas.picture.box_bounds[item.index].tolist()
        return np.array(canvas.camera.view.to_screen(x + width / 2, y))

    before = place()
    change()
    return np.abs(place() - before).max()


@pytest.fixture
def wide():
    """The same boxes in other places."""
    return GridPicture(24, 30, columns=3)


def test_in_a_new_picture_the_anchor_stays_where_it_was(shown, wide, clock, settle):
    def change():
        shown.set_picture(wide, anchor_key="box7")
        shown.set_frame(GridFrame(wide, 5))

    assert moved_by(shown, change, "box7") < 0.01
    clock.advance(100)
    assert differing(grabbed(shown), painted_whole(shown)) > 0.01, "the boxes are still on their way"
    clock.advance(150)
    settle(shown)
    assert differing(grabbed(shown), painted_whole(shown)) < 0.0005


def test_boxes_wander_from_their_old_places_to_their_new_ones(shown, wide, clock):
    before = grabbed(shown)
    shown.set_picture(wide, anchor_key="box0")
    shown.set_frame(GridFrame(wide, 5))
    clock.advance(1)
    start = grabbed(shown)
    clock.advance(198)
    end = grabbed(shown)
    # The boxes are painted without links and text while they move, so only their borders and fills are compared.
    assert differing(start, before) < 0.25
    assert differing(end, painted_whole(shown)) < 0.25


def test_the_selection_goes_along_to_a_new_picture_by_key(shown, clock):
    shown.set_selection([Item("box", 7), Item("box", 2), Item("link", 1)])
    other = GridPicture(24, 30, columns=3)
    other.graph.boxes = [type(box)(key=f"box{i + 1}", path=()) for i, box in enumerate(other.graph.boxes)]
    shown.set_frame(GridFrame(other, 5))
    assert shown.selection == (Item("box", 6), Item("box", 1))
    clock.advance(300)


def test_a_picture_with_nothing_in_common_opens_anew(shown, settle):
    other = GridPicture(12, 14, columns=4, prefix="other")
    shown.camera.pan(-300, -300)
    shown.set_frame(GridFrame(other, 2))
    settle(shown)
    assert shown.camera.view.shows((0.0, 0.0, other.layout.width, other.layout.height))
    assert differing(grabbed(shown), painted_whole(shown)) < 0.0005


def test_without_a_picture_the_canvas_is_empty_again(shown):
    shown.set_picture(None)
    assert shown.frame is None
    assert len(np.unique(grabbed(shown).reshape(-1, 3), axis=0)) == 1


def test_following_brings_the_running_box_into_sight_only_when_it_is_out_of_it(canvas, large, settle):
    canvas.set_frame(GridFrame(large, 2))
    canvas.camera.look(canvas.camera.view._replace(level=0, x=-60.0, y=-60.0))
    settle(canvas)
    canvas.set_following(True)
    before = canvas.camera.view
    canvas.set_frame(GridFrame(large, 1))
    settle(canvas)
    assert canvas.camera.view == before
    canvas.set_frame(GridFrame(large, 1_600))
    settle(canvas)
    assert canvas.camera.view.shows(tuple(large.box_bounds[1_600].tolist()))


def test_marks_are_painted_on_top_and_go_away_again(shown):
    before = grabbed(shown)
    shown.set_selection([Item("box", 3), Item("link", 2)])
    shown.set_found([Item("box", 8)])
    shown.set_lit([Item("link", 4)])
    assert differing(grabbed(shown), before) > 0.001
    shown.set_selection([])
    shown.set_found([])
    shown.set_lit([])
    assert np.array_equal(grabbed(shown), before)


def test_an_animation_that_another_replaces_is_told_that_it_is_over(clock):
    animator, ended = Animator(clock), []
    animator.run("a", 100, lambda _: None, lambda: ended.append(1))
    clock.advance(50)
    animator.run("a", 100, lambda _: None, lambda: ended.append(2))
    assert ended == [1]
    clock.advance(50)
    assert animator.active
    clock.advance(50)
    assert ended == [1, 2]
    assert not clock.running


def test_the_clock_rests_while_nothing_moves(shown, clock):
    assert not clock.running
    shown.fit()
    assert clock.running
    clock.advance(1_000)
    assert not clock.running


def tile_threads():
    return [thread for thread in threading.enumerate() if thread.name == "canvas tiles"]


def test_a_canvas_that_is_deleted_while_painting_takes_its_thread_along(qtbot, large):
    before = len(tile_threads())
    for _ in range(5):
        canvas = Canvas()
        canvas.resize(1_400, 900)
        canvas.show()
        canvas.set_frame(GridFrame(large, 5))
        canvas.repaint()
        canvas.deleteLater()
        del canvas
        QApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
        QApplication.processEvents()
    qtbot.waitUntil(lambda: len(tile_threads()) == before, timeout=5_000)


def test_a_canvas_that_was_shut_down_still_paints_what_it_has(shown, small):
    shown.shutdown()
    shown.shutdown()
    shown.set_frame(GridFrame(small, 9, DARK))
    assert grabbed(shown).shape[2] == 3


def test_a_box_whose_drawing_raises_is_told_and_left_out(canvas, small, qtbot, settle):
    class Broken(GridFrame):
        def box_shapes(self, i, detail):
            if i == 3:
                raise ValueError("box 3 has no card")
            return super().box_shapes(i, detail)

    canvas.failed.disconnect()
    with qtbot.waitSignal(canvas.failed) as told:
        canvas.set_frame(Broken(small, 5))
    assert "box 3" in str(told.args[0])
    settle(canvas)
    # Only box 3 is missing.
    assert 0 < differing(grabbed(canvas), painted_whole_of(canvas, GridFrame(small, 5))) < 0.03


def painted_whole_of(canvas, frame):
    canvas.set_frame(frame)
    return painted_whole(canvas)


def test_memory_stays_within_its_budget(canvas, large, settle):
    canvas.set_frame(GridFrame(large, 5))
    for level in range(-2_000, 2_000, 100):
        canvas.camera.look(canvas.camera.view._replace(level=level))
        canvas.repaint()
    settle(canvas)
    assert canvas._tiles.kept <= 200


def test_the_image_for_the_clipboard_is_the_scenes_own_picture(shown):
    image = array_of(shown.image())
    made = colour(LIGHT.running)
    assert (np.abs(image - [made.red(), made.green(), made.blue()]).max(axis=2) < 3).any()


def test_far_away_the_running_box_is_marked_by_a_dot(canvas, large, settle):
    canvas.set_frame(GridFrame(large, 700))
    canvas.camera.look(canvas.camera.view.fitted(canvas.camera.bounds))
    settle(canvas)
    x, y, width, height = large.box_bounds[700].tolist()
    place = canvas.camera.view.to_screen(x + width / 2, y + height / 2)
    made = colour(LIGHT.running)
    found = grabbed(canvas)[int(place[1]), int(place[0])].tolist()
    assert found == [made.red(), made.green(), made.blue()]


def test_a_hand_that_moves_the_view_ends_the_wandering_of_boxes(shown, wide, clock, settle):
    shown.set_picture(wide, "box0")
    shown.set_frame(GridFrame(wide, 5))
    clock.advance(50)
    assert shown._animator.runs("morph")
    shown.camera.pan(30, 10)
    assert not shown._animator.runs("morph")
    settle(shown)
    assert differing(grabbed(shown), painted_whole(shown)) < 0.0005


def test_in_another_picture_the_running_box_is_followed_at_once(canvas, large, settle):
    other = GridPicture(2_000, 3_000, seed=1)
    canvas.set_frame(GridFrame(large, 1))
    settle(canvas)
    canvas.set_following(True)
    canvas.set_frame(GridFrame(other, 1_500))
    assert canvas.camera.view.shows(tuple(other.box_bounds[1_500].tolist()))


def test_after_a_picture_that_was_wholly_in_sight_the_next_one_is_so_too(canvas, settle):
    low, high = GridPicture(2, 1, columns=2), GridPicture(6, 4, columns=2)
    canvas.set_following(True)
    canvas.set_frame(GridFrame(low, 0))
    settle(canvas)
    level = canvas.camera.view.level
    canvas.set_frame(GridFrame(high, 0))
    settle(canvas)
    assert canvas.camera.view.level == level
    assert canvas.camera.view.shows((0.0, 0.0, high.layout.width, high.layout.height))


def test_a_small_picture_after_a_large_one_that_was_wholly_in_sight_is_as_large_as_it_can_be(canvas, large, settle):
    low = GridPicture(6, 4, columns=2)
    canvas.set_following(True)
    canvas.set_frame(GridFrame(large, 0))
    canvas.camera.look(canvas.camera.view.fitted(canvas.camera.bounds))
    canvas.set_frame(GridFrame(low, 0))
    settle(canvas)
    assert canvas.camera.view == canvas.camera.view.fitted((0.0, 0.0, low.layout.width, low.layout.height))


def test_a_small_picture_after_a_large_one_is_seen_whole_and_of_a_large_one_what_surrounds_the_running_box(
    canvas, large, settle
):
    canvas.set_following(True)
    canvas.set_frame(GridFrame(large, 1))
    settle(canvas)
    canvas.camera.jump(large.layout.width - 300.0, 900.0)
    low = GridPicture(6, 4, columns=2)
    canvas.set_frame(GridFrame(low, 0))
    assert canvas.camera.view.shows((0.0, 0.0, low.layout.width, low.layout.height))
    canvas.set_frame(GridFrame(large, 1_500))
    _, top, _, bottom = canvas.camera.view.on_screen(tuple(large.box_bounds[1_500].tolist()))
    assert canvas.height() / 4 < (top + bottom) / 2 < canvas.height() * 3 / 4
