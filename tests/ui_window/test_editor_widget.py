import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QTextCursor

from graphviz_app.ui.editor.code_editor import CodeEditor
from graphviz_app.ui.editor.marks import LineMarks, LineRole
from graphviz_app.ui.look import DARK, LIGHT, Look


@pytest.fixture
def editor(qtbot):
    widget = CodeEditor(Look())
    qtbot.addWidget(widget)
    widget.resize(500, 300)
    widget.show()
    return widget


def colour_at(editor, line, column):
    block = editor.document().findBlockByNumber(line)
    for found in block.layout().formats():
        if found.start <= column < found.start + found.length:
            return found.format.foreground().color().name()
    return None


def test_strings_over_several_lines_are_coloured_as_strings(editor, qtbot):
    editor.load_text('x = """first\nclass in a string\nend""" + y\nclass A: pass\n')
    editor.highlight()
    qtbot.waitUntil(lambda: colour_at(editor, 1, 0) == LIGHT.string)
    assert colour_at(editor, 2, 0) == LIGHT.string
    assert colour_at(editor, 2, 8) is None
    assert colour_at(editor, 3, 0) == LIGHT.keyword
    editor.set_look(Look(dark=True))
    assert colour_at(editor, 3, 0) == DARK.keyword


def test_colours_follow_an_edit_that_closes_a_string(editor, qtbot):
    editor.load_text('x = """\nprint(1)\n')
    editor.highlight()
    qtbot.waitUntil(lambda: colour_at(editor, 1, 0) == LIGHT.string)
    cursor = QTextCursor(editor.document().findBlockByNumber(0))
    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
    cursor.insertText('"""')
    qtbot.waitUntil(lambda: colour_at(editor, 1, 0) == LIGHT.builtin)


def test_characters_beyond_the_first_plane_do_not_shift_the_colours(editor, qtbot):
    editor.load_text('x = "🙂🙂" + 12\n')
    editor.highlight()
    qtbot.waitUntil(lambda: colour_at(editor, 0, 13) == LIGHT.number)


def test_keys_indent_as_programmers_expect(editor, qtbot):
    qtbot.keyClicks(editor, "for i in x:")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.keyClicks(editor, "pass")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.keyClicks(editor, "y")
    assert editor.text() == "for i in x:\n    pass\ny"
    editor.selectAll()
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.text() == "    for i in x:\n        pass\n    y"
    qtbot.keyClick(editor, Qt.Key.Key_Backtab)
    assert editor.text() == "for i in x:\n    pass\ny"
    editor.toggle_comment()
    assert editor.text() == "# for i in x:\n#     pass\n# y"
    editor.undo()
    assert editor.text() == "for i in x:\n    pass\ny"


def test_only_real_changes_are_edits(editor, qtbot):
    edits = []
    editor.edited.connect(lambda: edits.append(editor.text()))
    editor.load_text("x = 1\n")
    editor.highlight()
    editor.set_look(Look(dark=True))
    editor.set_look(Look(zoom=2.0))
    qtbot.wait(50)
    assert edits == []
    qtbot.keyClicks(editor, "a")
    assert edits == ["ax = 1\n"]


def test_marks_are_painted_and_explained(editor):
    editor.load_text("a\nb\nc\n")
    editor.set_marks(LineMarks(running=2, failed=3, failure="It broke.", roles={1: LineRole.RECORDED}))
    grounds = {s.cursor.blockNumber() + 1: s.format.background().color() for s in editor.extraSelections()[1:]}
    assert grounds == {2: QColor(LIGHT.running_line), 3: QColor(LIGHT.error_line)}
    explain = editor._gutter.explain
    assert "made nodes" in explain(1)
    assert "current step" in explain(2)
    assert "It broke." in explain(3)


def test_ctrl_and_the_wheel_zoom_the_window(editor, qtbot):
    from PySide6.QtCore import QPoint, QPointF
    from PySide6.QtGui import QWheelEvent

    event = QWheelEvent(
        QPointF(10, 10),
        QPointF(10, 10),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    with qtbot.waitSignal(editor.zoom_requested) as asked:
        editor.wheelEvent(event)
    assert asked.args == [1]
