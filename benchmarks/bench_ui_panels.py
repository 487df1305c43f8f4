"""The panels at scale: a million events on the strip, a hundred thousand rows in the ledger, a step in each panel.

Each figure is of the widget's own work, offscreen, on software rendering; `events` and `entries` say how much there
was.
"""

import os
import sys
from itertools import cycle
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))

import pytest
from PySide6.QtWidgets import QApplication

from graphviz_app.timeline import Timeline
from graphviz_app.ui.panels.inspector import Inspector
from graphviz_app.ui.panels.ledger import LedgerPanel
from graphviz_app.ui.panels.tensor_view import TensorView
from graphviz_app.ui.panels.timeline_marks import marks_of
from graphviz_app.ui.panels.timeline_strip import TimelineStrip
from tests.ui_panels import panel_recordings as recordings


@pytest.fixture(scope="module", autouse=True)
def application():
    return QApplication.instance() or QApplication([])


@pytest.fixture(scope="module")
def million():
    """Half a million changes of one leaf, with the starts and ends of their passes: a million events."""
    return Timeline(recordings.long_ledger(500_000))


def shown(widget, width, height):
    widget.resize(width, height)
    widget.show()
    QApplication.processEvents()
    return widget


def test_marks_of_a_million_events(benchmark, million):
    benchmark.extra_info["events"] = len(million.recording)
    benchmark(marks_of, million.recording)


def test_paint_of_the_strip_at_another_zoom(benchmark, million):
    strip = shown(TimelineStrip(), 1400, 180)
    strip.set_recording(million.recording, million)
    factors = cycle((1.3, 1.3, 1.3, 1 / 1.3, 1 / 1.3, 1 / 1.3))

    def zoom():
        strip.zoom(next(factors), 700)
        strip.repaint()

    benchmark.extra_info["events"] = len(million.recording)
    benchmark(zoom)


def test_paint_of_the_strip_at_another_step(benchmark, million):
    strip = shown(TimelineStrip(), 1400, 180)
    strip.set_recording(million.recording, million)
    steps = cycle(range(0, million.step_count, 997))

    def seek():
        strip.set_state(million.state(next(steps)))
        strip.repaint()

    benchmark.extra_info["events"] = len(million.recording)
    benchmark(seek)


def test_a_step_in_the_ledger(benchmark, million):
    panel = shown(LedgerPanel(), 1100, 250)
    panel.set_recording(million.recording, million)
    while panel.plot.is_reading():
        QApplication.processEvents()
    steps = cycle(range(0, million.step_count, 99_991))

    def seek():
        panel.set_state(million.state(next(steps)))
        panel.repaint()
        QApplication.processEvents()

    benchmark.extra_info["entries"] = len(million.ledger)
    benchmark(seek)


def test_a_step_in_the_inspector(benchmark):
    timeline = Timeline(recordings.training(50, size=256))
    inspector = shown(Inspector(), 300, 700)
    inspector.set_recording(timeline.recording, timeline)
    steps = cycle(range(1, timeline.step_count))

    def seek():
        inspector.set_state(timeline.state(next(steps)))
        inspector.catch_up()
        QApplication.processEvents()

    benchmark(seek)
    inspector.close_press()


def test_a_large_tensor_in_the_tensor_view(benchmark):
    view = shown(TensorView(), 280, 400)
    records = cycle((recordings.large_record(), recordings.large_record(2048, 2048)))

    def show():
        view.set_record(next(records))
        view.repaint()

    benchmark(show)
