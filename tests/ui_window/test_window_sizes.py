"""What a person sees of the window where it is small, or everything in it is large."""

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QFontMetricsF

from graphviz_app.recording import Recording
from graphviz_app.ui.settings import ZOOM_STEPS
from tests.support_record import record_source

MANY_STEPS = """import torch
w = torch.ones(3, requires_grad=True)
for _ in range(120):
    (w * w).sum().backward()
    w.grad = None
"""


@pytest.fixture(scope="module")
def recorded_loop(tmp_path_factory):
    path = tmp_path_factory.mktemp("recorded") / "loop.agrec"
    record_source(MANY_STEPS).save(path)
    return path


@pytest.fixture
def busy(window, recorded_loop, qtbot):
    """A window that shows a run of many steps and passes, with every row of the timeline that it has."""
    session = window.bench.session
    session.show(Recording.open(recorded_loop))
    qtbot.waitUntil(lambda: session.picture is not None, timeout=15_000)
    session.to_end()
    return window


def zoom_to(window, zoom):
    window.view.zoom_by(ZOOM_STEPS.index(zoom) - ZOOM_STEPS.index(window.view.look.zoom))


def place_in(window, widget):
    return QRect(widget.mapTo(window, QPoint()), widget.size())


def controls(window):
    buttons = (window.parts.speed, window.parts.passes, window.parts.steps)
    return (*buttons, *(bar.widgetForAction(bar.actions()[-1]) for bar in window.arrangement.bars))


def test_no_control_of_the_toolbars_is_out_of_sight_at_any_size(busy, qtbot):
    busy.parts.steps.set_timeline(SimpleNamespace(step_count=133_072))
    for width, height, zoom in ((900, 600, 1.0), (1360, 860, 2.0), (1920, 1200, 2.0)):
        zoom_to(busy, zoom)
        busy.resize(width, height)
        qtbot.waitUntil(lambda: all(busy.rect().contains(place_in(busy, one)) for one in controls(busy)))
        assert all(one.isVisible() for one in controls(busy))
        places = [place_in(busy, one) for one in controls(busy)]
        assert not any(one.intersects(other) for n, one in enumerate(places) for other in places[:n] if one != other)


def test_graph_table_and_plot_are_high_enough_to_be_read_at_any_size(busy, qtbot):
    canvas, ledger = busy.bench.views.canvas, busy.bench.views.ledger
    for width, height, zoom in ((900, 600, 1.0), (1360, 860, 1.0), (1360, 860, 2.0)):
        ledger._side.setCurrentIndex(0)
        zoom_to(busy, zoom)
        busy.resize(width, height)
        line = QFontMetricsF(ledger.font()).height
        qtbot.waitUntil(lambda: ledger.table.isVisible() and ledger.table.viewport().height() > 2 * line())  # noqa: B023
        assert canvas.height() > 0.25 * height
        ledger._side.setCurrentWidget(ledger.plot)
        qtbot.waitUntil(lambda: ledger.plot.isVisible() and ledger.plot.height() > 4 * line())  # noqa: B023


def test_a_long_name_of_a_file_takes_no_room_from_the_graph(window, tmp_path, qtbot):
    path = tmp_path / f"{'long' * 40}.py"
    path.write_text("import torch\n")
    width = window.arrangement.program.width()
    window.files.open_path(path)
    assert window.arrangement.title.text() == path.name
    qtbot.wait(1)
    assert window.arrangement.program.width() == width
    assert window.arrangement.program.minimumSizeHint().width() < 250


def test_a_long_message_leaves_room_for_the_program_and_the_graph(window, qtbot):
    message, canvas = window.parts.message, window.bench.views.canvas
    words = "RuntimeError: " + "one of the variables needed for gradient computation has been modified " * 8
    for width, height, zoom, share in ((900, 600, 1.0, 0.2), (1360, 860, 2.0, 0.14)):
        zoom_to(window, zoom)
        window.resize(width, height)
        message.show_message("Something was written on.", words, place=("", 3))
        qtbot.waitUntil(lambda: canvas.height() > share * window.height())  # noqa: B023
        qtbot.waitUntil(lambda: message.height() >= message.heightForWidth(message.width()))
        assert message._detail.text().endswith(" …")
        assert message._detail.toolTip() == message.detail == words
        message.clear()
    # Here there is no room for all: the sentence is read whole, and what stands below it when it is pointed at.
    window.resize(900, 600)
    sentence = "These two tensors do not fit together element by element: in dimension 0 one has 3 and the other 4. "
    sentence += "Print both shapes, and reshape one."
    message.show_message(sentence, words, place=("", 3))
    qtbot.waitUntil(lambda: message.isVisible() and message.height() >= message.heightForWidth(message.width()))
    assert message._detail.isHidden()
    assert message._sentence.toolTip() == message.detail == words
    window.resize(1360, 860)
    qtbot.waitUntil(message._detail.isVisible)
    message.show_message("Something was written on.", "RuntimeError: a\nb")
    assert message._detail.text() == "RuntimeError: a\nb"
