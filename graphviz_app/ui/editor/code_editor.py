"""The text of the program: a plain text edit with a gutter, marks and a programmer's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit

from graphviz_app.ui.editor import indentation, marks
from graphviz_app.ui.editor.gutter import Gutter
from graphviz_app.ui.editor.marks import LineMarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QResizeEvent, QWheelEvent

    from graphviz_app.ui.editor.highlighter import PythonHighlighter
    from graphviz_app.ui.look import Look


class CodeEditor(QPlainTextEdit):
    """Where the program is written.

    Attributes:
        edited: The text changed by the user or by `replace_text`.
        line_chosen: The user went to another line with mouse or keys; its number from 1.
        zoom_requested: Ctrl and the wheel; +1 or -1.
    """

    edited = Signal()
    line_chosen = Signal(int)
    zoom_requested = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._marks = LineMarks()
        self._found: list[QTextEdit.ExtraSelection] = []
        self._line = 1
        self._loading = False
        self._text = ""
        self._highlighter: PythonHighlighter | None = None
        self._gutter = Gutter(self, look)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setAccessibleName("Program")
        self.setAccessibleDescription("The PyTorch program that Run runs. F6 leaves the editor.")
        self.setPlaceholderText("Write a PyTorch program here, or choose a lesson, and press Run (F5).")
        self.blockCountChanged.connect(self._fit_gutter)
        self.updateRequest.connect(self._scroll_gutter)
        self.cursorPositionChanged.connect(self._on_cursor_moved)
        self.textChanged.connect(self._on_text_changed)
        self._gutter.line_clicked.connect(self.go_to_line)
        self.set_look(look)

    # ------------------------------------------------------------------ text

    def text(self) -> str:
        """The program as written."""
        return self.toPlainText()

    def load_text(self, text: str) -> None:
        """Show another program; undo starts anew, and `edited` stays silent."""
        self._loading = True
        try:
            self.setPlainText(text)
        finally:
            self._loading = False
        self._found = []
        self.set_marks(LineMarks())
        self._line = 1

    def replace_text(self, text: str) -> None:
        """Change the whole text as one step that Undo takes back."""
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)

    def highlight(self) -> None:
        """Colour the text from now on; loads Pygments, so call it when the window is there."""
        if self._highlighter is None:
            from graphviz_app.ui.editor.highlighter import PythonHighlighter

            self._highlighter = PythonHighlighter(self.document(), self._look)

    # ------------------------------------------------------------------ look and marks

    def set_look(self, look: Look) -> None:
        """Take over colours and sizes."""
        self._look = look
        font: QFont = look.code_font()
        self.setFont(font)
        # The application's style sheet would win over setFont.
        self.setStyleSheet(f"QPlainTextEdit {{ font-family: '{font.family()}'; font-size: {font.pixelSize()}px; }}")
        self.setTabStopDistance(4 * self.fontMetrics().horizontalAdvance(" "))
        self.setCursorWidth(look.pixels(1.6))
        self._gutter.set_look(look)
        if self._highlighter is not None:
            self._highlighter.set_look(look)
        self._fit_gutter()
        self._show_marks()

    @property
    def marks(self) -> LineMarks:
        """The marks shown now."""
        return self._marks

    def set_marks(self, line_marks: LineMarks) -> None:
        """Show these marks; brings a newly running or failed line into view while the user is elsewhere."""
        before, self._marks = self._marks, line_marks
        self._gutter.set_marks(line_marks)
        self._show_marks()
        for old, new in ((before.running, line_marks.running), (before.failed, line_marks.failed)):
            if new is not None and new != old and not self.hasFocus():
                self.show_line(new)

    def set_found(self, found: list[QTextEdit.ExtraSelection]) -> None:
        """Mark what a search found."""
        self._found = found
        self._show_marks()

    def show_line(self, line: int) -> None:
        """Scroll, no more than needed, so that a line is in view; the cursor stays."""
        visible = [number for number, _, _ in self.visible_lines()]
        if visible and not visible[0] <= line < visible[-1]:
            bar = self.verticalScrollBar()
            bar.setValue(max(0, line - 1 - len(visible) // 2))

    def go_to_line(self, line: int) -> None:
        """Put the cursor at the start of a line, in view."""
        block = self.document().findBlockByNumber(line - 1)
        if block.isValid():
            self.setTextCursor(QTextCursor(block))
            self.centerCursor()

    def current_line(self) -> int:
        """The cursor's line, from 1."""
        return self.textCursor().blockNumber() + 1

    def visible_lines(self) -> Iterator[tuple[int, float, float]]:
        """Number from 1, top and height of each line in view, in the viewport's coordinates."""
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        while block.isValid() and top <= self.viewport().height():
            height = self.blockBoundingRect(block).height()
            if block.isVisible():
                yield block.blockNumber() + 1, top, height
            block, top = block.next(), top + height

    # ------------------------------------------------------------------ keys

    def event(self, event: QEvent) -> bool:
        """Keeps plain arrows and paging for the text, which Qt would let shortcuts take."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _moves_cursor(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter, Tab, Shift+Tab and Backspace know Python; everything else is Qt's."""
        action = None if self.isReadOnly() else self._key_action(event)
        if action is None:
            super().keyPressEvent(event)
        else:
            action()
            self.ensureCursorVisible()

    def toggle_comment(self) -> None:
        """Comment the chosen lines out, or in again."""
        self._change_lines(indentation.toggle_comment)

    def indent(self) -> None:
        """Tab: the chosen lines to the right, or spaces up to the next tab stop."""
        cursor = self.textCursor()
        if cursor.hasSelection():
            self._change_lines(indentation.indent_lines)
        else:
            cursor.insertText(" " * indentation.spaces_to_tab_stop(cursor.positionInBlock()))

    def dedent(self) -> None:
        """Shift+Tab: the chosen lines to the left."""
        self._change_lines(indentation.dedent_lines)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Ctrl and the wheel zoom the whole window; else it scrolls."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_requested.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The gutter is as high as the text."""
        super().resizeEvent(event)
        self._place_gutter()

    def _key_action(self, event: QKeyEvent) -> Callable[[], None] | None:
        key, modifiers = event.key(), event.modifiers()
        plain = modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            return self._new_line
        if key == Qt.Key.Key_Tab and plain:
            return self.indent
        if key == Qt.Key.Key_Backtab:
            return self.dedent
        if key == Qt.Key.Key_Backspace and plain and not self.textCursor().hasSelection():
            return self._backspace
        return None

    def _new_line(self) -> None:
        cursor = self.textCursor()
        cursor.insertText("\n" + indentation.indent_after(self._before_cursor(cursor)))

    def _backspace(self) -> None:
        cursor = self.textCursor()
        for _ in range(indentation.spaces_before_tab_stop(self._before_cursor(cursor))):
            cursor.deletePreviousChar()

    def _before_cursor(self, cursor: QTextCursor) -> str:
        start = min(cursor.position(), cursor.anchor())
        block = self.document().findBlock(start)
        return block.text()[: start - block.position()]

    def _change_lines(self, change: Callable[[list[str]], list[str]]) -> None:
        """Replace the lines that the selection touches, as one step of Undo, and keep them selected."""
        cursor = self.textCursor()
        document = self.document()
        first, last = document.findBlock(cursor.selectionStart()), document.findBlock(cursor.selectionEnd())
        if cursor.hasSelection() and last != first and cursor.selectionEnd() == last.position():
            last = last.previous()
        start, had_selection, column = first.position(), cursor.hasSelection(), cursor.positionInBlock()
        edit = QTextCursor(document)
        edit.setPosition(start)
        edit.setPosition(last.position() + last.length() - 1, QTextCursor.MoveMode.KeepAnchor)
        lines = edit.selectedText().split("\u2029")
        changed = change(lines)
        if changed == lines:
            return
        edit.insertText("\n".join(changed))
        end = edit.position()
        if had_selection:
            edit.setPosition(start)
            edit.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        else:
            moved = column + len(changed[0]) - len(lines[0])
            edit.setPosition(start + min(max(moved, 0), len(changed[0])))
        self.setTextCursor(edit)

    # ------------------------------------------------------------------ keeping up

    def _on_cursor_moved(self) -> None:
        self._show_marks()
        line = self.current_line()
        if line != self._line:
            self._line = line
            if self.hasFocus():
                self.line_chosen.emit(line)

    def _on_text_changed(self) -> None:
        # Qt also says this when only colours changed.
        text = self.toPlainText()
        if text != self._text:
            if not (text and self._text):
                self._show_marks()
            self._text = text
            if not self._loading:
                self.edited.emit()

    def _show_marks(self) -> None:
        cursor_line = marks.line_selection(self.document(), self.current_line(), self._look.colours.cursor_line)
        lines = marks.selections(self.document(), self._marks, self._look.colours)
        # An empty text has a hint in its place, which the ground of a line would cover.
        here = [] if self.document().isEmpty() else [cursor_line]
        self.setExtraSelections([*here, *lines, *self._found])

    def _fit_gutter(self) -> None:
        self.setViewportMargins(self._gutter.sizeHint().width(), 0, 0, 0)
        self._place_gutter()

    def _place_gutter(self) -> None:
        area = self.contentsRect()
        self._gutter.setGeometry(QRect(area.left(), area.top(), self._gutter.sizeHint().width(), area.height()))

    def _scroll_gutter(self, _rect: QRect, _dy: int) -> None:
        self._gutter.update()


def _moves_cursor(event: QKeyEvent) -> bool:
    keys = Qt.Key
    moving = (keys.Key_Left, keys.Key_Right, keys.Key_Up, keys.Key_Down, keys.Key_PageUp, keys.Key_PageDown)
    return event.key() in moving and not event.modifiers() & Qt.KeyboardModifier.AltModifier
