"""A step that was expected is there at once, and looks as it would have without."""

import numpy as np
import pytest
from canvas_pixels import grabbed
from grid_frame import GridFrame

from graphviz_app.recording.values import record_array
from graphviz_app.scene.heatmap import heat_pixels
from graphviz_app.scene.shapes import HeatMap
from graphviz_app.scene.theme import LIGHT
from graphviz_app.ui.canvas import live
from graphviz_app.ui.canvas.worker import TileWorker


@pytest.fixture(autouse=True)
def enough_time(monkeypatch):
    monkeypatch.setattr(live, "EXPECTED_BUDGET", 60.0)


class CountingFrame(GridFrame):
    """Knows how often it was asked for what changes with the step; every box shows the same heat map."""

    def __init__(self, picture, step):
        super().__init__(picture, step)
        self.asked = 0

    def live_shapes(self, i):
        self.asked += 1
        pixels = heat_pixels(record_array(np.arange(24, dtype=np.float32).reshape(4, 6)), LIGHT, 20, 38)
        x, y, width, _ = self.picture.box_bounds[i].tolist()
        return (HeatMap(x + width - 40, y + 4, 30, 20, pixels),)


def test_an_expected_frame_is_not_asked_again_when_it_is_shown(shown, small):
    coming = CountingFrame(small, 6)
    shown.expect(coming)
    asked = coming.asked
    assert asked
    shown.set_frame(coming)
    shown.repaint()
    assert coming.asked == asked


def test_an_expected_frame_looks_like_one_that_was_not(shown, small, settle):
    shown.expect(GridFrame(small, 6))
    shown.set_frame(GridFrame(small, 7))
    settle(shown)
    unexpected = grabbed(shown)
    shown.set_frame(GridFrame(small, 5))
    settle(shown)
    coming = GridFrame(small, 7)
    shown.expect(coming)
    shown.set_frame(coming)
    settle(shown)
    assert np.array_equal(grabbed(shown), unexpected)


def test_a_frame_of_another_picture_is_not_prepared(shown, large):
    coming = CountingFrame(large, 6)
    shown.expect(coming)
    assert not coming.asked


def test_an_unchanged_heat_map_is_not_painted_again_at_the_next_step(shown, small, settle, monkeypatch):
    shown.set_frame(CountingFrame(small, 6))
    settle(shown)
    painted = []
    new_sprite = shown._live._new_sprite
    monkeypatch.setattr(shown._live, "_new_sprite", lambda *these: painted.append(these[1]) or new_sprite(*these))
    shown.set_frame(CountingFrame(small, 7))
    settle(shown)
    assert painted
    assert not any(isinstance(shape, HeatMap) for shapes in painted for shape in shapes)


def test_the_painting_thread_is_held_until_everybody_lets_it_go():
    worker = TileWorker()
    worker.hold()
    with worker.held():
        pass
    assert not worker._free.is_set()
    worker.release()
    assert worker._free.is_set()


@pytest.mark.parametrize("hidden", [False, True])
def test_the_painting_thread_goes_on_after_a_step_also_where_nobody_sees_it(qtbot, shown, small, hidden):
    shown.setVisible(not hidden)
    shown.set_frame(GridFrame(small, 8))
    assert not shown._tiles.worker._free.is_set()
    qtbot.waitUntil(shown._tiles.worker._free.is_set)
