"""A canvas whose clock the test moves by hand."""

import gc

import pytest
from grid_frame import GridFrame, GridPicture

from graphviz_app.ui.canvas import Canvas


class ManualClock:
    """Stands still until `advance`."""

    def __init__(self):
        self.on_tick = lambda: None
        self.milliseconds = 0.0
        self.running = False

    def now(self):
        return self.milliseconds

    def start(self):
        self.running = True

    def stop(self):
        self.running = False

    def advance(self, milliseconds, frames=1):
        for _ in range(frames):
            self.milliseconds += milliseconds / frames
            if self.running:
                self.on_tick()


@pytest.fixture(autouse=True)
def garbage_is_collected_in_this_thread():
    """As in the app: the painting thread must not be the one to find a dead widget."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def canvas(qtbot, clock):
    widget = Canvas(clock=clock)
    errors = []
    widget.failed.connect(errors.append)
    qtbot.addWidget(widget, before_close_func=lambda w: w.shutdown())
    widget.resize(640, 480)
    widget.show()
    qtbot.waitExposed(widget)
    yield widget
    assert not errors, errors


@pytest.fixture
def settle(qtbot, clock):
    """Lets everything come to rest and be painted."""

    def rest(widget):
        clock.advance(1_000, frames=4)
        qtbot.waitUntil(widget.is_sharp, timeout=10_000)
        # The last tiles are drawn after they arrived.
        widget.repaint()

    return rest


@pytest.fixture(scope="session")
def small():
    return GridPicture(24, 30, columns=4)


@pytest.fixture(scope="session")
def large():
    return GridPicture(2_000, 3_000)


@pytest.fixture
def shown(canvas, small, settle):
    canvas.set_frame(GridFrame(small, 5))
    settle(canvas)
    return canvas
