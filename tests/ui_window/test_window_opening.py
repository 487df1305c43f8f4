import subprocess
import sys
import textwrap

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QSlider, QSpinBox

from graphviz_app.lessons import all_lessons
from graphviz_app.ui.actions import TABLE


def test_the_first_lesson_is_in_the_editor_and_no_dialog_is_in_the_way(window, application):
    first = all_lessons()[0]
    assert window.parts.editor.text() == first.program
    assert first.title in window.parts.lessons.text()
    assert application.activeModalWidget() is None
    assert window.parts.message.isHidden()


def test_every_action_of_the_table_does_something(window):
    handlers = window.desk._own_handlers | window.desk._bench_handlers
    assert {spec.name for spec in TABLE} == set(handlers)


def test_no_two_actions_share_a_key():
    keys = [key for spec in TABLE for key in spec.keys]
    assert len(keys) == len(set(keys))


def test_every_control_has_an_accessible_name_and_a_tooltip(window):
    silent = []
    for kind in (QAbstractButton, QComboBox, QSlider, QSpinBox, QPlainTextEdit, QLineEdit):
        for widget in window.findChildren(kind):
            inner = widget.objectName().startswith("qt_") or type(widget.parent()) in (QComboBox, QSpinBox)
            has_name = widget.accessibleName() or (isinstance(widget, QAbstractButton) and widget.text())
            has_tip = widget.toolTip() or isinstance(widget, QPlainTextEdit | QLineEdit)
            has_tip = has_tip or (isinstance(widget, QAbstractButton) and widget.text())
            if not inner and not (has_name and has_tip) and _is_ours(widget):
                silent.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    assert not silent


def _is_ours(widget):
    """Not a part of a Qt widget, such as a table's corner or a tab bar's scroll button."""
    return type(widget.parent()).__name__ not in ("QTabBar", "QTableView", "QLineEdit", "QCalendarWidget", "QToolBar")


def test_torch_is_never_imported_in_the_windows_process(tmp_path):
    script = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from PySide6.QtCore import QEventLoop
        from graphviz_app.app import make_application, make_window
        application = make_application()
        window = make_window(state=Path({str(tmp_path)!r}))
        window.open_text()
        window.show()
        window.start()
        window.trigger("run")
        end = time.monotonic() + 60
        while window.bench.session.picture is None and time.monotonic() < end:
            application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)
        window.trigger("forward")
        application.processEvents()
        loaded = [name for name in ("torch", "graphviz_app.tracer") if name in sys.modules]
        print("picture" if window.bench.session.picture is not None else "nothing", loaded)
        window.close()
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip() == "picture []", done.stderr


def test_a_program_is_opened_by_its_path(open_window, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import torch\n")
    window = open_window(path)
    assert window.parts.editor.text() == "import torch\n"
    assert "mine.py" in window.windowTitle()


def test_a_recording_is_opened_by_its_path_with_its_program(open_window, tmp_path, two_passes, qtbot):
    path = tmp_path / "run.agrec"
    two_passes.save(path)
    window = open_window(path)
    assert window.parts.editor.text() == two_passes.program.source
    qtbot.waitUntil(lambda: window.bench.session.picture is not None, timeout=15_000)


def test_files_can_be_dropped_on_the_window(window, tmp_path):
    path = tmp_path / "dropped.py"
    path.write_text("x = 1\n")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, *none))
    assert window.parts.editor.text() == "x = 1\n"


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"x = '\xff\xfe'\n", "latin.py", "is not UTF-8 text: line 1"),
        (b"\x00\x01", "binary.py", "is not a program"),
        (None, "missing.py", "There is no file"),
        (b"not a recording", "broken.agrec", "not a recording"),
    ],
)
def test_a_file_that_cannot_be_opened_is_a_sentence_and_the_text_stays(window, tmp_path, content, name, words):
    before = window.parts.editor.text()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    window.files.open_path(tmp_path / name)
    assert words in window.parts.message.sentence
    assert window.parts.editor.text() == before


def test_a_lesson_is_opened_from_the_list_and_its_questions_reveal_answers(window):
    lesson = all_lessons()[1]
    window.parts.lessons.lesson_chosen.emit(lesson)
    assert window.parts.editor.text() == lesson.program
    answer = lesson.questions[0].answer.split(".")[0][:30].replace("`", "")
    assert answer not in window.parts.lessons.text()
    window.parts.lessons.reveal(0)
    assert answer in window.parts.lessons.text()
    window.parts.lessons.reveal(0)
    assert answer not in window.parts.lessons.text()
