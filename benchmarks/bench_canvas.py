"""Drives the real canvas over 10,000 boxes and 15,000 links: panning, playing with 300 tokens, zooming without rest.

`python benchmarks/bench_canvas.py [--boxes N | --recording FILE]` prints a table, of a made-up picture or of a
recording's first pass with every group open; as a pytest benchmark it holds the limits. With DISPLAY set (Xvfb will do)
it opens a real window, else it draws offscreen. A frame's time is from the movement to the painted window; between
frames the event loop runs until the next sixtieth of a second, so that the painting thread competes with the window as
it does in life. "own" is the time that the window's thread worked, whatever else the machine does; "sharp" is how long
it took until all was final. Where other programs run, give the benchmark and the X server `chrt -r 10`.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ui_canvas"))

import pytest
from bench_scale import record
from grid_frame import GridFrame, GridPicture
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from graphviz_app.layout.engine import lay_out
from graphviz_app.recording import Recording
from graphviz_app.scene.picture import build_picture, prepare
from graphviz_app.scene.theme import LIGHT
from graphviz_app.timeline import Timeline
from graphviz_app.ui.canvas import Canvas
from graphviz_app.ui.canvas.frame import running_box
from graphviz_app.ui.canvas.view import level_of

FRAME = 1 / 60
WALK = 120  # frames
MEDIAN, SHARP = 8.0, 300.0  # the most milliseconds
ZOOMS = (("overview", None), ("12 %", 0.13), ("30 %", 0.31), ("60 % with text", 0.6), ("100 % with text", 1.0))


class DrivenClock:
    """A clock that ticks when the benchmark says so, and tells the real time."""

    def __init__(self):
        self.on_tick = lambda: None

    def now(self):
        return time.perf_counter() * 1e3

    def start(self):
        pass

    def stop(self):
        pass


class MadeUp:
    """A grid of boxes; 300 gradients move at every step."""

    def __init__(self, boxes):
        self.picture = GridPicture(boxes, boxes * 3 // 2, columns=max(8, int(math.sqrt(boxes) / 2)))
        self.middle = boxes // 2

    def frame(self, number):
        return GridFrame(self.picture, self.middle + 40 * number, tokens=300)


class Recorded:
    """The first pass of a recording with every group open; its steps one by one."""

    def __init__(self, path):
        recording = Recording.open(path)
        timeline = Timeline(recording)
        chapter = timeline.chapters[0]
        closed = prepare(recording, timeline, chapter)
        groups = frozenset(closed.visible.grouping.groups)
        self.picture = build_picture(recording, timeline, chapter, groups, lay_out=lay_out)
        self.middle = (chapter.first_step + 2 * chapter.last_step) // 3

    def frame(self, number):
        return self.picture.frame(self.middle + number, LIGHT)


class Drive:
    """A canvas in a window, and a clock to drive it."""

    def __init__(self, scene):
        self.application = QApplication.instance() or QApplication([])
        self.clock = DrivenClock()
        self.canvas = Canvas(clock=self.clock)
        self.canvas.resize(1400, 900)
        self.scene = scene
        self.picture = scene.picture
        self.canvas.show()
        self.canvas.set_frame(scene.frame(0))
        self.until_sharp()

    def wait(self, until):
        """Lets the event loop run until a moment."""
        milliseconds = math.floor((until - time.perf_counter()) * 1e3)
        if milliseconds > 0:
            loop = QEventLoop()
            QTimer.singleShot(milliseconds, loop.quit)
            loop.exec()

    def until_sharp(self, limit=10.0):
        """Milliseconds until everything is final; movements are brought to their end first."""
        start = time.perf_counter()
        while not self.canvas.is_sharp() and time.perf_counter() - start < limit:
            self.clock.on_tick()
            self.wait(time.perf_counter() + 0.002)
        return (time.perf_counter() - start) * 1e3

    def frame(self, number, movement):
        """One frame: what moves, and the painting of it."""
        movement(number)
        self.clock.on_tick()
        self.canvas.repaint()

    def frames(self, count, movement):
        """Milliseconds that each of `count` frames took, and of them those of the processor."""
        times = []
        for number in range(count):
            start, worked = time.perf_counter(), time.thread_time()
            self.frame(number, movement)
            times.append(((time.perf_counter() - start) * 1e3, (time.thread_time() - worked) * 1e3))
            self.wait(start + FRAME)
        return times

    def look_at(self, scale):
        """Goes to a zoom at once, in the middle of the picture."""
        camera = self.canvas.camera
        if scale is None:
            camera.look(camera.view.fitted(camera.bounds))
        else:
            box = running_box(self.canvas.frame) or len(self.picture.box_bounds) // 2
            middle = self.picture.box_bounds[box, :2].tolist()
            camera.look(camera.view._replace(level=level_of(scale)).centred(*middle))
        return self.until_sharp()

    def panning(self, number):
        self.canvas.camera.pan(-17 * math.cos(number / 40), -23)

    def zooming(self, number):
        self.canvas.camera.zoom(0.7 if (number // 40) % 2 == 0 else -0.7, 700, 450)

    def step(self, number):
        self.canvas.animate_step(None, self.scene.frame(number + 1), 500)


@pytest.fixture(scope="module", params=["made-up", "transformer"])
def drive(request, tmp_path_factory):
    """Ten thousand boxes: of a grid, and of a transformer's backward pass with every group open."""
    if request.param == "made-up":
        scene = MadeUp(10_000)
    else:
        scene = Recorded(record("transformer", 165, tmp_path_factory.mktemp("recordings")))
    made = Drive(scene)
    yield made
    made.canvas.shutdown()


class Walk(NamedTuple):
    """What one walk of many frames was like."""

    share: float
    median: float
    sharp: float

    def is_within(self, share):
        """Whether it keeps the limits."""
        return self.share >= share and self.median <= MEDIAN and self.sharp <= SHARP

    @classmethod
    def of(cls, milliseconds, sharp):
        share = sum(value < FRAME * 1e3 for value in milliseconds) / len(milliseconds)
        return cls(share, statistics.median(milliseconds), sharp)


def measure(benchmark, drive, movement, share=0.95):
    """Times single frames, a sixtieth of a second apart; the best of three walks has to keep the limits.

    What else runs on the machine takes frames away from a walk, and never gives it any.
    """
    numbers, last = itertools.count(), [time.perf_counter()]

    def wait():
        drive.wait(last[0] + FRAME)
        last[0] = time.perf_counter()
        return (next(numbers),), {}

    benchmark.pedantic(lambda number: drive.frame(number, movement), setup=wait, rounds=WALK)
    if benchmark.stats is None:
        return
    walks = [Walk.of([1e3 * second for second in benchmark.stats.stats.data], drive.until_sharp())]
    while len(walks) < 3 and not walks[-1].is_within(share):
        times = [passed for passed, _ in drive.frames(WALK, movement)]
        walks.append(Walk.of(times, drive.until_sharp()))
    best = max(walks, key=lambda walk: (walk.is_within(share), walk.share))
    benchmark.extra_info["under 16.7 ms"] = [f"{walk.share:.0%}" for walk in walks]
    benchmark.extra_info["median"] = round(best.median, 1)
    benchmark.extra_info["milliseconds until sharp"] = [round(walk.sharp) for walk in walks]
    assert best.is_within(share), walks


@pytest.mark.parametrize(("name", "scale"), ZOOMS)
def test_a_frame_while_panning(benchmark, drive, name, scale):
    benchmark.group = f"canvas: {name}"
    drive.look_at(scale)
    measure(benchmark, drive, drive.panning)


@pytest.mark.parametrize(("name", "scale"), ZOOMS)
def test_a_frame_while_playing_with_300_tokens(benchmark, drive, name, scale):
    benchmark.group = f"canvas: {name}"
    drive.look_at(scale)
    measure(benchmark, drive, lambda number: drive.step(number // 30) if number % 30 == 0 else None)


def test_a_frame_while_zooming(benchmark, drive):
    benchmark.group = "canvas: zooming"
    drive.look_at(0.3)
    measure(benchmark, drive, drive.zooming, share=0.9)


def row(name, times, sharp=None):
    passed, worked = (sorted(column) for column in zip(*times, strict=True))
    share = sum(value < FRAME * 1e3 for value in passed) / len(passed)
    nearly_all = int(len(passed) * 0.95)
    figures = (statistics.median(passed), passed[nearly_all], passed[-1], statistics.median(worked), worked[nearly_all])
    tail = "" if sharp is None else f"{sharp:8.0f}"
    print(f"{name:24}" + "".join(f"{figure:8.1f}" for figure in figures) + f"{share:8.0%}{tail}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boxes", type=int, default=10_000)
    parser.add_argument("--recording")
    options = parser.parse_args()
    drive = Drive(Recorded(options.recording) if options.recording else MadeUp(options.boxes))
    boxes, links = len(drive.picture.box_bounds), len(drive.picture.link_bounds)
    print(f"{drive.application.platformName()}, {boxes} boxes, {links} links")
    print(f"{'':24}{'median':>8}{'95 %':>8}{'worst':>8}{'own':>8}{'own 95%':>8}{'<16.7':>8}{'sharp':>8}   (ms)")
    for name, scale in ZOOMS:
        cold = drive.look_at(scale)
        row(f"pan, {name}", drive.frames(WALK, drive.panning), max(cold, drive.until_sharp()))
        drive.look_at(scale)
        play = drive.frames(WALK, lambda number: drive.step(number // 30) if number % 30 == 0 else None)
        row(f"play, {name}", play, drive.until_sharp())
    drive.look_at(0.3)
    row("zoom", drive.frames(WALK, drive.zooming), drive.until_sharp())
    drive.canvas.shutdown()


if __name__ == "__main__":
    main()
