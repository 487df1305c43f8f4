import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from canvas_pixels import array_of, differing, grabbed, painted_whole
from grid_frame import GridFrame

from graphviz_app.scene.theme import DARK, LIGHT
from graphviz_app.ui.canvas.view import level_of
from graphviz_app.ui.painting import colour


def rgb(name):
    made = colour(name)
    return [made.red(), made.green(), made.blue()]


def look(canvas, scale, x=None, y=None):
    camera = canvas.camera
    middle = camera.bounds[2] / 2 if x is None else x, camera.bounds[3] / 2 if y is None else y
    camera.look(camera.view._replace(level=level_of(scale)).centred(*middle))


@pytest.mark.parametrize("scale", [0.05, 0.11, 0.2, 0.29, 0.37, 0.61, 0.8, 1.0, 1.37, 2.9])
def test_tiles_fit_together_without_a_seam_at_any_scale(canvas, large, settle, scale):
    canvas.set_frame(GridFrame(large, 900))
    look(canvas, scale)
    settle(canvas)
    assert differing(grabbed(canvas), painted_whole(canvas)) < 0.0005


def test_a_box_has_its_colour_where_the_layout_put_it(shown):
    running = shown.frame.picture.box_bounds[5]
    x, y = shown.camera.view.to_screen(float(running[0] + running[2] - 8), float(running[1] + running[3] / 2))
    assert grabbed(shown)[int(y), int(x)].tolist() == rgb(LIGHT.running)


def test_panning_away_and_back_shows_the_same_picture(canvas, large, settle):
    canvas.set_frame(GridFrame(large, 40))
    settle(canvas)
    before = grabbed(canvas)
    for _ in range(7):
        canvas.camera.pan(-37, -401)
        settle(canvas)
    for _ in range(7):
        canvas.camera.pan(37, 401)
    settle(canvas)
    assert np.array_equal(grabbed(canvas), before)


def test_zooming_away_and_back_shows_the_same_picture(canvas, large, settle, clock):
    canvas.set_frame(GridFrame(large, 40))
    settle(canvas)
    before = grabbed(canvas)
    for notches in (-3, -2, 1, 4):
        canvas.camera.zoom(notches, 320, 240)
        clock.advance(60, frames=3)
        canvas.repaint()
        settle(canvas)
    settle(canvas)
    assert canvas.camera.view.level == 0 or differing(grabbed(canvas), painted_whole(canvas)) < 0.0005
    assert differing(grabbed(canvas), before) < 0.0005


def test_scrubbing_away_and_back_shows_the_same_picture(canvas, large, settle):
    canvas.set_frame(GridFrame(large, 40))
    settle(canvas)
    before = grabbed(canvas)
    for step in (41, 60, 1_500, 3, 40):
        canvas.set_frame(GridFrame(large, step))
        canvas.repaint()
    settle(canvas)
    assert np.array_equal(grabbed(canvas), before)


@pytest.mark.parametrize("scale", [0.08, 0.2, 0.8])
def test_a_changed_box_is_right_at_once_though_its_tile_is_old(canvas, large, settle, scale):
    canvas.set_frame(GridFrame(large, 40))
    look(canvas, scale, 1_000, 760)
    settle(canvas)
    frame = GridFrame(large, 52)
    canvas.set_frame(frame)
    canvas.repaint()
    at_once = grabbed(canvas)
    beside_the_text = 0.85 if scale > 0.3 else 0.5
    for box, name in ((52, LIGHT.running), (45, LIGHT.done), (60, LIGHT.card)):
        place = large.box_bounds[box]
        x, y = canvas.camera.view.to_screen(
            float(place[0] + place[2] * beside_the_text), float(place[1] + place[3] / 2)
        )
        assert at_once[int(y), int(x)].tolist() == rgb(name)


def test_after_every_step_the_picture_at_rest_is_the_true_one(canvas, large, settle):
    canvas.set_frame(GridFrame(large, 0))
    look(canvas, 0.5, 400, 600)
    settle(canvas)
    for step in (1, 2, 30, 31, 90, 12, 0):
        canvas.set_frame(GridFrame(large, step))
        canvas.repaint()
        settle(canvas)
        assert differing(grabbed(canvas), painted_whole(canvas)) < 0.0005, f"at step {step}"


def test_another_theme_repaints_everything(shown, small, settle):
    shown.set_frame(GridFrame(small, 5, DARK))
    settle(shown)
    picture = grabbed(shown)
    assert picture[2, 2].tolist() == rgb(DARK.background)
    assert differing(picture, painted_whole(shown)) < 0.0005


def test_an_empty_canvas_is_the_background(canvas):
    assert grabbed(canvas)[5, 5].tolist() == rgb(LIGHT.background)


def test_the_whole_frame_as_an_image_has_the_frames_size(shown, small):
    image = shown.image(2.0)
    assert (image.width(), image.height()) == (round(small.layout.width * 2), round(small.layout.height * 2))
    assert array_of(image)[10, 10].tolist() == rgb(LIGHT.background)


HIGH_DPI = """
import sys
sys.path.insert(0, {folder!r})
from PySide6.QtWidgets import QApplication
from grid_frame import GridFrame, GridPicture
from canvas_pixels import differing, grabbed, painted_whole
from graphviz_app.ui.canvas import Canvas
import time
application = QApplication([])
canvas = Canvas()
canvas.resize(501, 333)
canvas.show()
canvas.set_frame(GridFrame(GridPicture(200, 300), 12))
canvas.camera.look(canvas.camera.view._replace(level=0, x=10.3, y=31.2))
end = time.monotonic() + 20
while not canvas.is_sharp() and time.monotonic() < end:
    application.processEvents()
picture = grabbed(canvas)
print(canvas.devicePixelRatioF(), canvas.lens.scale, differing(picture, painted_whole(canvas)))
canvas.shutdown()
"""


@pytest.mark.parametrize("ratio", ["1.5", "2"])
def test_high_resolution_screens_get_high_resolution_tiles(ratio):
    environment = dict(os.environ, QT_SCALE_FACTOR=ratio, QT_QPA_PLATFORM="offscreen")
    script = HIGH_DPI.format(folder=str(Path(__file__).parent))
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    found, scale, difference = map(float, done.stdout.split())
    assert found == scale == float(ratio)
    assert difference < 0.0005


def test_what_was_not_painted_yet_is_not_sharp(shown, small, settle):
    shown.set_frame(GridFrame(small, 5))
    assert not shown.is_sharp()
    settle(shown)
    assert shown.is_sharp()
