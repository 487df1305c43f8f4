"""What a person waits for in the window: its first sight, the first graph after Run, a step after a key.

Draws offscreen where there is no display. Each figure has its limit, and each ratio is of things measured in the same
run.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

import psutil
import pytest
from bench_recording import PASSES, written

if not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest

from graphviz_app.app import make_application, make_window
from graphviz_app.lessons import all_lessons
from graphviz_app.recording import Recording
from graphviz_app.ui.garbage import GarbageCollector

EMPTY = """
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication([])
window = QMainWindow()
window.resize(1360, 860)
window.show()
QTimer.singleShot(0, lambda: QTimer.singleShot(0, lambda: print("shown", flush=True)))
QTimer.singleShot(0, lambda: QTimer.singleShot(50, application.quit))
application.exec()
"""
OURS = """
from pathlib import Path
import sys
from graphviz_app.app import make_application, make_window
from graphviz_app.qtcheck import window_problem
window_problem()
application = make_application()
window = make_window(state=Path(sys.argv[1]))
window.open_text()
window.shown.connect(lambda: print("shown", flush=True))
window.shown.connect(application.quit)
window.show()
application.exec()
window.documents.close()
"""
PAIRS = 7
WINDOW_LIMIT = 2.0
RUN_LIMIT = 0.150
STEP_LIMIT = 0.016
SEEK_LIMIT = 0.020
STEPS, WALKS = 1000, 3
REPEAT = 0.033
"""Seconds between two presses of a key that is held down."""
LOOP = """import torch

weights = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
for turn in range(60):
    hidden = torch.tanh(weights @ weights.T)
    loss = (hidden * hidden).mean() + weights.pow(2).sum()
    loss.backward()
    with torch.no_grad():
        weights -= 0.01 * weights.grad
    weights.grad = None
"""


def seconds_until_shown(script, *arguments):
    """From starting the process to its window having been painted."""
    start = time.perf_counter()
    command = [sys.executable, "-c", script, *arguments]
    # Compiled modules are kept, as they are wherever the app is installed.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=kept) as process:
        line = process.stdout.readline()
        elapsed = time.perf_counter() - start
        process.communicate(timeout=30)
    assert line == b"shown\n"
    return elapsed


def test_the_window_is_shown_in_at_most_twice_the_time_of_an_empty_one(benchmark, tmp_path):
    pairs = [
        (seconds_until_shown(EMPTY), seconds_until_shown(OURS, str(tmp_path / str(turn)))) for turn in range(PAIRS + 1)
    ][1:]
    empty, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    benchmark.extra_info.update(empty=round(empty, 3), ours=round(ours, 3), ratio=round(ours / empty, 2))
    benchmark.pedantic(seconds_until_shown, args=(OURS, str(tmp_path / "once more")))
    assert ours / empty <= WINDOW_LIMIT


@pytest.fixture
def window(qapp, tmp_path):  # noqa: ARG001 - the application that everybody shares
    make_application()
    garbage = GarbageCollector()
    made = make_window(state=tmp_path)
    made.open_text()
    made.show()
    made.start()
    garbage.follow(made.bench.session)
    yield made
    made.close()
    made.deleteLater()
    garbage.close()


def process_until(application, condition, timeout=60.0):
    end = time.perf_counter() + timeout
    while not condition():
        application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)
        assert time.perf_counter() < end, "It did not happen in time."


class PaintWatch:
    """Knows which frames the canvas has painted."""

    def __init__(self, canvas):
        self.canvas = canvas
        self.painted = None
        paint = type(canvas).paintEvent

        def watched(event):
            paint(canvas, event)
            self.painted = canvas.frame

        canvas.paintEvent = watched


def rest_of_children(seconds=1.0):
    """A condition: for so long none of the processes that the window has started has used a processor."""
    started = time.perf_counter()
    last = (0.0, started)

    def resting():
        nonlocal last
        now, used = time.perf_counter(), 0.0
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                used += sum(child.cpu_times()[:2])
        if used > last[0] + 0.02:
            last = (used, now)
        return now - last[1] > seconds and now - started > 3.0

    return resting


@pytest.mark.qt_log_ignore("propagateSizeHints")
@pytest.mark.parametrize("lesson", all_lessons()[:2] + all_lessons()[4:5], ids=lambda lesson: lesson.slug)
def test_run_pressed_to_the_first_graph_painted(benchmark, qapp, window, lesson):
    window.files.open_lesson(lesson)
    watch = PaintWatch(window.bench.views.canvas)

    def warm():
        window.bench.session.warm()
        worker = window.bench.session._runs._pool._waiting
        select.select([worker.channel.transport.read_descriptor], [], [], 60)
        # The worker rehearses after it is ready, and the layout process warms beside it.
        process_until(qapp, rest_of_children())
        watch.painted = None
        window.bench.views.canvas.set_picture(None)

    def press():
        window.trigger("run")
        process_until(qapp, lambda: watch.painted is not None)

    benchmark.pedantic(press, setup=warm, rounds=5)
    assert benchmark.stats.stats.median < RUN_LIMIT


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_a_key_to_the_painted_step_over_a_thousand_steps(benchmark, qapp, window):
    """As when the key is held down: thirty presses a second, with the inspector open and the ledger below.

    The thousand steps are walked three times. What a step takes is the least of its three times, so that what other
    programs take from the machine does not count; the slowest step is what the limit is for. The slowest of all three
    thousand, and how late a press was served because panels were still catching up, are told beside it.
    """
    session, canvas = recorded(qapp, window, LOOP)
    watch = PaintWatch(canvas)
    walks = [walk(session, canvas, watch) for _ in range(WALKS)]
    times = sorted(min(press.seconds for press in presses) for presses in zip(*walks, strict=True))
    every = sorted(press.seconds for presses in walks for press in presses)
    late = sorted(press.late for presses in walks for press in presses)
    benchmark.extra_info.update(
        steps=len(times),
        median_ms=milliseconds(times, 0.5),
        worst_ms=milliseconds(times, 1.0),
        every_p95_ms=milliseconds(every, 0.95),
        every_worst_ms=milliseconds(every, 1.0),
        late_p95_ms=milliseconds(late, 0.95),
    )
    press = QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_F24, Qt.KeyboardModifier.NoModifier)
    benchmark.pedantic(qapp.sendEvent, args=(canvas, press))
    assert len(times) == STEPS
    assert times[-1] < STEP_LIMIT


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_a_seek_anywhere_to_the_painted_window(benchmark, qapp, window, tmp_path):
    """In 100,000 events: until cursor and counter stand there, and until the graph of that pass is painted.

    The graph of another pass has to be laid out first, in the background. As above, the least of three times counts.
    """
    recording = Recording.open(written(tmp_path / "long.agrec", PASSES["100,000 events"]))
    session, canvas = window.bench.session, window.bench.views.canvas
    session.show(recording)
    process_until(qapp, lambda: session.picture is not None)
    steps = random.Random(0).sample(range(session.timeline.step_count), 60)
    watch = PaintWatch(canvas)
    rounds = [[sought(qapp, window, watch, step) for step in steps] for _ in range(WALKS)]
    shown, drawn = (
        sorted(min(seek[part] for seek in seeks) for seeks in zip(*rounds, strict=True)) for part in range(2)
    )
    benchmark.extra_info.update(
        seeks=len(steps),
        shown_median_ms=milliseconds(shown, 0.5),
        shown_worst_ms=milliseconds(shown, 1.0),
        graph_median_ms=milliseconds(drawn, 0.5),
        graph_worst_ms=milliseconds(drawn, 1.0),
    )
    benchmark.pedantic(session.seek, args=(steps[0],))
    assert shown[-1] < SEEK_LIMIT


class Press(NamedTuple):
    """One press: from the key to the painted frame, and how much later than the keyboard it was served."""

    seconds: float
    late: float


def recorded(qapp, window, program):
    """A session that has run a program, in a window of a usual size with everything open."""
    window.resize(1360, 860)
    window.parts.editor.replace_text(program)
    window.view.set_reduced_motion(True)
    window.trigger("run")
    session, canvas = window.bench.session, window.bench.views.canvas
    process_until(qapp, lambda: session.recording is not None and session.picture is not None)
    window.arrangement.side.setCurrentWidget(window.bench.views.inspector)
    window.activateWindow()
    process_until(qapp, window.isActiveWindow)
    canvas.setFocus()
    return session, canvas


def walk(session, canvas, watch):
    """Steps on from the start, as often as `STEPS`; what is measured is the whole window's first frame."""
    session.to_start()
    wait(1.0)
    presses = []
    due = time.perf_counter()
    for step in range(STEPS):
        # The next pass has a picture of its own, which is made while the steps before it are looked at.
        assert session.picture is not None
        start = time.perf_counter()
        QTest.keyClick(canvas, Qt.Key.Key_Right)
        canvas.repaint()
        presses.append(Press(time.perf_counter() - start, max(start - due, 0.0)))
        assert session.step == step + 1
        assert watch.painted is canvas.frame
        due = max(due, start) + REPEAT
        wait(due - time.perf_counter())
    return presses


def sought(qapp, window, watch, step):
    """Seconds until the window has been painted after a seek, and until the graph at the new place has been."""
    session, canvas = window.bench.session, window.bench.views.canvas
    wait(0.3)
    start = time.perf_counter()
    session.seek(step)
    window.repaint()
    shown = time.perf_counter() - start
    process_until(qapp, lambda: watch.painted is not None and watch.painted.step == step)
    drawn = time.perf_counter() - start
    assert canvas.frame.step == step
    return shown, drawn


def wait(seconds):
    """Lets the window do what it has to, and sleep; at once where the time is over already."""
    loop, timer = QEventLoop(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setSingleShot(True)
    timer.timeout.connect(loop.quit)
    timer.start(max(round(seconds * 1e3), 0))
    loop.exec()


def milliseconds(ascending, part):
    return round(ascending[min(int(len(ascending) * part), len(ascending) - 1)] * 1e3, 2)
