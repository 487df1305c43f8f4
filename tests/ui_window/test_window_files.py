"""Programs of several files: what each line of an imported file did is seen beside it."""

import subprocess
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from graphviz_app.ui.editor.marks import LineRole
from graphviz_app.ui.selection_control import line_roles
from tests.support_record import record_source

TRAIN = """import torch
from parts.model import Model

model = Model()
loss = model(torch.ones(2))
loss.backward()
print(model.weight.grad)
"""
MODEL = """import torch
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, 2.0]))

    def forward(self, x):
        y = x * self.weight
        with torch.no_grad():
            z = y + 1
        return (y * z).sum()
"""


@pytest.fixture(scope="session")
def train(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "parts").mkdir()
    (folder / "parts" / "__init__.py").write_text("")
    (folder / "parts" / "model.py").write_text(MODEL)
    (folder / "train.py").write_text(TRAIN)
    command = [sys.executable, "-m", "graphviz_app", "record", "train.py", "-o", "train.agrec"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def window(open_window, train, qtbot):
    window = open_window(train / "train.py")
    window.bench.session.show(Recording.open(train / "train.agrec"))
    qtbot.waitUntil(lambda: window.bench.session.picture is not None)
    return window


def node_named(window, name):
    nodes = window.bench.session.recording.index.nodes
    return next(number for number in range(len(nodes)) if nodes.name(number) == name)


def reader_of(window):
    return window.parts.sources._pages.currentWidget()


def tabs_of(window):
    tabs = window.parts.sources._tabs
    return [tabs.tabText(tab) for tab in range(tabs.count())] if tabs.isVisible() else []


def test_a_program_of_one_file_has_no_tabs(open_window, two_passes):
    window = open_window()
    window.bench.session.show(two_passes)
    assert tabs_of(window) == []
    assert window.parts.sources.file == 0


def test_a_node_of_an_imported_file_shows_its_line_there(window, qtbot):
    assert [text.removeprefix("▸ ") for text in tabs_of(window)] == ["train.py", "model.py"]
    window.bench.session.select(("node", node_named(window, "SumBackward0")))
    reader = reader_of(window)
    assert reader is not window.parts.editor
    assert reader.isReadOnly()
    assert reader.toPlainText() == MODEL
    assert reader.marks.lit == {14}
    window.resize(900, 420)
    window.parts.sources.show_file(0)
    window.bench.session.select(("node", node_named(window, "MulBackward0")))
    window.bench.session.select(("node", node_named(window, "SumBackward0")))
    qtbot.waitUntil(lambda: 14 in [number for number, _, _ in reader.visible_lines()])
    window.bench.session.select(("line", 0, 6))
    assert reader_of(window) is window.parts.editor
    assert window.parts.editor.marks.lit == {6}


def test_the_gutter_beside_an_imported_file_says_what_its_lines_did(window):
    window.parts.sources.show_file(1)
    roles = reader_of(window).marks.roles
    assert roles[11] is LineRole.RECORDED
    assert roles[13] is LineRole.UNSEEN
    assert roles[14] is LineRole.RECORDED
    assert window.parts.editor.marks.roles == {6: LineRole.BACKWARD}


def test_the_gutter_says_so_where_a_later_operation_of_a_line_is_not_seen():
    recording = record_source("""import torch
w = torch.ones(2, requires_grad=True)
(w * 2).sum().backward()
with torch.no_grad():
    w -= 0.1 * w.grad
c = torch.ones(2) * 3 + w.detach()
with torch.no_grad():
    w.mul_(2)
model = torch.nn.Linear(2, 1)
torch.optim.SGD([w], 0.1).step()
""")
    roles = line_roles(recording, Timeline(recording))
    assert roles == {3: LineRole.BACKWARD, 5: LineRole.UNSEEN, 6: LineRole.UNSEEN, 8: LineRole.UNSEEN}


def test_the_tab_of_the_running_line_is_marked(window):
    session, seen = window.bench.session, set()
    session.to_start()
    while session.forward():
        span = session.state.span
        if span is not None:
            marked = [text for text in tabs_of(window) if text.startswith("▸")]
            assert marked == ["▸ train.py" if span.file == 0 else "▸ model.py"]
            seen.add(span.file)
    assert seen == {0, 1}
    window.parts.sources.show_file(1)
    step = next(s for s in range(session.timeline.step_count) if session.timeline.state(s).running_node != ev.NONE)
    session.seek(step)
    assert reader_of(window).marks.running == session.state.span.line


def test_a_click_into_an_imported_file_selects_what_its_line_made(window, qtbot):
    window.parts.sources.show_file(1)
    reader = reader_of(window)
    window.activateWindow()
    reader.setFocus()
    qtbot.waitUntil(reader.hasFocus)
    reader.go_to_line(11)
    assert window.bench.session.selection == ("line", 1, 11)
    assert node_named(window, "MulBackward0") in window.bench.session.selected_nodes()
    before = reader.toPlainText()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Tab, Qt.Key.Key_Backspace, Qt.Key.Key_X):
        QTest.keyClick(reader, key)
    assert reader.toPlainText() == before
    assert not window.documents.is_modified


def test_another_program_takes_the_tabs_away(window):
    window.parts.sources.show_file(1)
    window.documents.new()
    assert tabs_of(window) == []
    assert reader_of(window) is window.parts.editor


def test_a_place_in_an_imported_file_is_gone_to(window, train):
    window.bench.go_to_place(str(train / "parts" / "model.py"), 14)
    assert reader_of(window).marks.lit == {14}
