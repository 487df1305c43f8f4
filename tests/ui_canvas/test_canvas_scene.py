"""The canvas with frames of the real scene, laid out by the real Graphviz."""

import numpy as np
import pytest
from canvas_pixels import differing, grabbed, painted_whole
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from graphviz_app.layout.engine import lay_out
from graphviz_app.scene.picture import build_picture
from graphviz_app.scene.theme import DARK, LIGHT
from graphviz_app.timeline import Timeline
from graphviz_app.ui.canvas import Item
from tests.support_synthetic import accumulation


@pytest.fixture(scope="module")
def timeline():
    return Timeline(accumulation().recording())


@pytest.fixture(scope="module")
def pictures(timeline):
    return [build_picture(timeline.recording, timeline, chapter, lay_out=lay_out) for chapter in timeline.chapters]


def index_of(picture, kind):
    return next(i for i, box in enumerate(picture.graph.boxes) if box.kind == kind)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_every_step_looks_as_if_it_were_the_only_one(canvas, timeline, pictures, settle, theme):
    for chapter, picture in zip(timeline.chapters, pictures, strict=True):
        for step in range(chapter.first_step, chapter.last_step + 1):
            canvas.set_frame(picture.frame(step, theme))
            settle(canvas)
            assert differing(grabbed(canvas), painted_whole(canvas)) < 0.0005, f"at step {step}"


def test_the_same_step_shows_the_same_picture_however_one_came_to_it(canvas, timeline, pictures, settle):
    chapter, picture = timeline.chapters[0], pictures[0]
    canvas.set_frame(picture.frame(chapter.first_step, LIGHT))
    forwards = {}
    for step in range(chapter.first_step, chapter.last_step + 1):
        canvas.animate_step(canvas.frame, picture.frame(step, LIGHT), 200)
        settle(canvas)
        forwards[step] = grabbed(canvas)
    for step in reversed(range(chapter.first_step, chapter.last_step + 1)):
        canvas.set_frame(picture.frame(step, LIGHT))
        settle(canvas)
        assert np.array_equal(grabbed(canvas), forwards[step]), f"at step {step}"


def test_a_click_on_a_leaf_selects_it_and_its_tooltip_tells_its_name(canvas, timeline, pictures, settle):
    picture = pictures[0]
    canvas.set_frame(picture.frame(timeline.chapters[0].last_step, LIGHT))
    settle(canvas)
    leaf = index_of(picture, "leaf")
    x, y, width, height = picture.box_bounds[leaf].tolist()
    place = canvas.camera.view.to_screen(x + width / 2, y + height / 2)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(*map(round, place)))
    assert canvas.selection == (Item("box", leaf),)
    assert "w" in canvas.text_at(*place)


def test_one_may_point_a_little_beside_a_link(canvas, timeline, pictures, clock):
    picture = pictures[0]
    canvas.set_frame(picture.frame(timeline.chapters[0].last_step, LIGHT))
    canvas.camera.zoom_to(-1_500, 320, 240)
    clock.advance(1_000, frames=3)
    middle = picture.layout.curves[1][len(picture.layout.curves[1]) // 2].tolist()
    x, y = canvas.camera.view.to_screen(*middle)
    assert canvas.item_at(x + 4, y) == Item("link", 1)


def test_the_next_chapter_keeps_its_place_on_the_screen(canvas, timeline, pictures, settle, clock):
    first, second = pictures
    canvas.set_frame(first.frame(timeline.chapters[0].last_step, LIGHT))
    settle(canvas)
    before = canvas.camera.view
    canvas.set_picture(second)
    canvas.set_frame(second.frame(timeline.chapters[1].first_step, LIGHT))
    clock.advance(100)
    canvas.repaint()
    settle(canvas)
    assert canvas.camera.view.level == before.level
    assert differing(grabbed(canvas), painted_whole(canvas)) < 0.0005


def test_following_goes_to_the_box_that_the_step_is_about(canvas, timeline, pictures, settle):
    picture, chapter = pictures[0], timeline.chapters[0]
    canvas.set_frame(picture.frame(chapter.first_step, LIGHT))
    canvas.camera.zoom_to(1_800, 320, 10)
    settle(canvas)
    canvas.set_following(True)
    for step in range(chapter.first_step, chapter.last_step + 1):
        canvas.set_frame(picture.frame(step, LIGHT))
        settle(canvas)
        running = np.flatnonzero((canvas.frame.box_state & 7) == 3)
        if len(running):
            x, y, width, height = picture.box_bounds[running[0]].tolist()
            place = canvas.camera.view.to_screen(x + width / 2, y + height / 2)
            assert 0 <= place[0] <= 640
            assert 0 <= place[1] <= 480
