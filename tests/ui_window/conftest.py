"""A real window in a folder of its own, with a real session behind it."""

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from graphviz_app.app import make_application, make_window
from graphviz_app.recording import Recording
from graphviz_app.ui.garbage import GarbageCollector
from tests.support_record import record_source

TWO_PASSES = """import torch

weights = torch.ones(4, requires_grad=True)
for turn in range(2):
    output = (weights * 3).sum()
    print("turn", turn)
    output.backward()
    print(weights.grad)
"""


def pytest_collection_modifyitems(items):
    """The offscreen platform has no window manager to tell sizes to, and says so for every window with a layout."""
    for item in items:
        if "ui_window" in str(item.path):
            item.add_marker(pytest.mark.qt_log_ignore("does not support propagateSizeHints"))


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """What really happens in a small program with two passes, as a file."""
    path = tmp_path_factory.mktemp("recorded") / "two_passes.agrec"
    record_source(TWO_PASSES).save(path)
    return path


@pytest.fixture
def two_passes(recorded):
    """The recording, which a window may close."""
    return Recording.open(recorded)


@pytest.fixture
def application(qapp):
    """The application as `main` makes it; other rooms' tests get it back as it was."""
    before = (qapp.palette(), qapp.font(), qapp.styleSheet())
    garbage = GarbageCollector()
    yield make_application()
    # Windows that are closed are deleted by the event loop.
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    garbage.close()
    QApplication.setPalette(before[0])
    QApplication.setFont(before[1])
    qapp.setStyleSheet(before[2])


@pytest.fixture
def open_window(application, qtbot, tmp_path):  # noqa: ARG001 - fonts and style must be there
    """Opens windows over one folder of settings and drafts, as one person would, and closes those that are left."""
    opened = []

    def open_one(*paths, state=tmp_path, warm=False):
        window = make_window(state=state)
        opened.append(window)
        qtbot.addWidget(window)
        window.open_text()
        window.show()
        qtbot.waitExposed(window)
        if not warm:
            # A warm worker costs a core for seconds; tests that run a program ask for it.
            window.bench.session.warm = lambda: None
        window.start(paths)
        return window

    yield open_one
    for window in opened:
        window.close()


@pytest.fixture
def window(open_window):
    return open_window()


@pytest.fixture
def shown(window, two_passes, qtbot):
    """A window that shows the recorded program, its text in the editor."""
    window.parts.editor.replace_text(TWO_PASSES)
    window.bench.session.show(two_passes)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.waitUntil(lambda: window.bench.session.picture is not None, timeout=15_000)
    return window
