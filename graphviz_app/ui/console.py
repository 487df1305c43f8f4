"""What the program printed up to the current step, in bounded memory; a line to answer it while it waits."""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextFormat
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from PySide6.QtGui import QKeyEvent, QMouseEvent

    from graphviz_app.ui.look import Look

LINES_KEPT = 5000
PIECES_KEPT = 5000
CHARACTERS_KEPT = 1_000_000
LONGEST_LINE = 4000
_STREAM = QTextFormat.Property.UserProperty.value + 1
_CUT = " … (the rest of this line is not shown)"
_PLACE = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+)')
_SCROLLED_OUT = f"Only the last {LINES_KEPT:,} lines of what the program printed are shown."
_NOTICES_SHOWN = 3
_HINT = "What the program prints appears here, as far as the current step."


class _Output(QPlainTextEdit):
    """The text; a click on a traceback's line says which place it names."""

    place_clicked = Signal(str, int)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if not self.textCursor().hasSelection():
            self._follow(self.cursorForPosition(event.position().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._follow(self.textCursor())
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        over = _PLACE.search(self.cursorForPosition(event.position().toPoint()).block().text()) is not None
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.IBeamCursor)

    def _follow(self, cursor: QTextCursor) -> None:
        found = _PLACE.search(cursor.block().text())
        if found is not None:
            self.place_clicked.emit(found["path"], int(found["line"]))


class Console(QWidget):
    """Shows streams of text.

    Signals:
        place_clicked: (path, line) of a traceback's line that was clicked.
        input_given: A line for the program, with its end of line.
        input_ended: The user says that there is no more input.
    """

    place_clicked = Signal(str, int)
    input_given = Signal(str)
    input_ended = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        # Where the document and its last line ended after each piece.
        self._ends: list[tuple[int, int]] = []
        self._is_whole = True
        self._column = 0
        self._notices: tuple[str, ...] = ()
        self._note = QLabel()
        self._note.setObjectName("note")
        self._note.setWordWrap(True)
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._note.setAccessibleName("What is not shown")
        self._note.hide()
        self._output = _Output()
        self._output.setReadOnly(True)
        self._output.setUndoRedoEnabled(False)
        self._output.setFrameShape(QFrame.Shape.NoFrame)
        self._output.setMaximumBlockCount(LINES_KEPT)
        self._output.setMouseTracking(True)
        self._output.setPlaceholderText(_HINT)
        self._output.setAccessibleName("Console")
        self._output.setAccessibleDescription("What the program printed. Enter on a line of a traceback goes there.")
        self._output.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._input_row, self._input = self._build_input_row()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._note)
        layout.addWidget(self._output, 1)
        layout.addWidget(self._input_row)
        self.setFocusProxy(self._output)
        self._output.place_clicked.connect(self.place_clicked)
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        """Take over colours and sizes."""
        self._look = look
        font = look.code_font(0.95)
        self._output.setStyleSheet(
            f"QPlainTextEdit {{ font-family: '{font.family()}'; font-size: {font.pixelSize()}px; }}"
        )
        self._output.document().setDocumentMargin(look.pixels(6))
        # Where room is short, the output gives way: it can be scrolled, and a note that is cut off cannot be read.
        self._output.setMinimumHeight(look.pixels(20))
        self._note.setFont(look.ui_font())
        self._input.setFont(font)
        self._colour_again()

    # ------------------------------------------------------------------ output

    def text(self) -> str:
        """All that is shown."""
        return self._output.toPlainText()

    @property
    def shown(self) -> int:
        """How many pieces of output are shown."""
        return len(self._ends)

    @property
    def note(self) -> str:
        """What is said above the output, or ""."""
        return "" if self._note.isHidden() else self._note.text()

    def set_notices(self, notices: Sequence[str]) -> None:
        """Say what could not be recorded."""
        self._notices = tuple(notices)
        self._say_what_is_missing()

    def clear(self) -> None:
        """Show nothing."""
        self._output.clear()
        self._ends.clear()
        self._is_whole = True
        self._column = 0
        self._say_what_is_missing()

    def append(self, pieces: Iterable[tuple[str, str]]) -> None:
        """Show more: (stream, text) in order."""
        bar = self._output.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        all_of_them = list(pieces)
        first = _first_that_stays([text for _, text in all_of_them])
        if first:
            self._forget(first)
        # Qt takes a text at once hundreds of times faster than in pieces.
        for stream, group in groupby(all_of_them[first:], key=itemgetter(0)):
            self._append_at_once(stream, [text for _, text in group])
        self._is_whole = self._is_whole and self._output.document().blockCount() < LINES_KEPT
        self._say_what_is_missing()
        if at_end:
            bar.setValue(bar.maximum())

    def _append_at_once(self, stream: str, texts: list[str]) -> None:
        cursor = QTextCursor(self._output.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        position, shown = cursor.position(), list[str]()
        for text in texts:
            shown.append(self._shortened(text))
            # Qt counts as UTF-16 does.
            position += len(shown[-1].encode("utf-16-le", "surrogatepass")) // 2
            self._ends.append((position, self._column))
        cursor.insertText("".join(shown), self._format(stream))

    def _forget(self, pieces: int) -> None:
        """Leave out pieces that would scroll out of memory at once."""
        self._output.clear()
        self._ends += [(0, 0)] * pieces
        self._column = 0
        self._is_whole = False

    def _say_what_is_missing(self) -> None:
        said = list(self._notices[:_NOTICES_SHOWN])
        if len(self._notices) > _NOTICES_SHOWN:
            said.append(f"{len(self._notices) - _NOTICES_SHOWN:,} more of the kind: point here.")
        if not self._is_whole:
            said.append(_SCROLLED_OUT)
        text = "\n".join(said)
        if text != self._note.text():
            self._note.setText(text)
            self._note.setToolTip("\n".join(self._notices[:50]))
            self._note.setVisible(bool(text))

    def show_first(self, count: int, pieces_from: Callable[[int], Iterable[tuple[str, str]]]) -> None:
        """Show the first `count` pieces of a recorded output.

        Args:
            count: How many pieces.
            pieces_from: Gives the pieces from a number on, up to `count`.
        """
        if count < self.shown:
            self._take_back(count)
        if self.shown == 0 and count > PIECES_KEPT:
            # What scrolled out of memory need not be read at all.
            self._forget(count - PIECES_KEPT)
        if count > self.shown:
            self.append(pieces_from(self.shown))

    def _take_back(self, count: int) -> None:
        if not self._is_whole or count == 0:
            self.clear()
            return
        del self._ends[count:]
        position, self._column = self._ends[-1]
        cursor = QTextCursor(self._output.document())
        cursor.setPosition(position)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()

    # ------------------------------------------------------------------ input

    def set_waiting(self, *, waiting: bool) -> None:
        """Offer the line for input while the program waits, and take it away when it goes on."""
        if waiting == self._input_row.isVisibleTo(self):
            return
        self._input_row.setVisible(waiting)
        if waiting:
            self._output.verticalScrollBar().setValue(self._output.verticalScrollBar().maximum())
            self._input.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._input.clear()

    @property
    def is_waiting(self) -> bool:
        """Whether the line for input is offered."""
        return self._input_row.isVisibleTo(self)

    def _build_input_row(self) -> tuple[QWidget, QLineEdit]:
        row = QWidget()
        line = QLineEdit()
        line.setPlaceholderText("Type here, then Enter")
        line.setAccessibleName("Input for the program")
        line.setToolTip("What you type here is what input() returns to the program.")
        label = QLabel("›")
        end = QPushButton("End of input")
        end.setToolTip("Tell the program that nothing more will come (Ctrl+D).")
        layout = QHBoxLayout(row)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.addWidget(label)
        layout.addWidget(line, 1)
        layout.addWidget(end)
        row.hide()
        line.returnPressed.connect(self._give_input)
        end.clicked.connect(self.input_ended)
        return row, line

    def _give_input(self) -> None:
        text = self._input.text() + "\n"
        self._input.clear()
        self.input_given.emit(text)

    # ------------------------------------------------------------------ helpers

    def _format(self, stream: str) -> QTextCharFormat:
        """How a stream is written; what was printed has the palette's own colour."""
        colours = self._look.colours
        chosen = QTextCharFormat()
        names = {"stderr": colours.error, "input": colours.accent}
        if stream in names:
            chosen.setForeground(QColor(names[stream]))
            chosen.setProperty(_STREAM, stream)
        return chosen

    def _colour_again(self) -> None:
        """Give what is shown the colours of another look."""
        cursor = QTextCursor(self._output.document())
        block = self._output.document().begin()
        while block.isValid():
            pieces = block.begin()
            while not pieces.atEnd():
                piece = pieces.fragment()
                stream = piece.charFormat().property(_STREAM)
                if stream:
                    cursor.setPosition(piece.position())
                    cursor.setPosition(piece.position() + piece.length(), QTextCursor.MoveMode.KeepAnchor)
                    cursor.setCharFormat(self._format(stream))
                pieces += 1
            block = block.next()

    def _shortened(self, text: str) -> str:
        """Without what only terminals understand, and with endless lines cut, also ones that come piece by piece."""
        lines = text.replace("\r\n", "\n").split("\n")[-LINES_KEPT - 1 :]
        shortened: list[str] = []
        for number, line in enumerate(lines):
            start = self._column if number == 0 else 0
            line = line.rsplit("\r", 1)[-1] if not line.endswith("\r") else line[:-1].rsplit("\r", 1)[-1]
            room = LONGEST_LINE - start
            shortened.append(line if len(line) <= room else line[: max(room, 0)] + (_CUT if room > 0 else ""))
            self._column = start + len(line)
        return "\n".join(shortened)


def _first_that_stays(texts: list[str]) -> int:
    """Which of the texts is the first that is still shown when all have been."""
    lines = characters = 0
    for place in range(len(texts) - 1, -1, -1):
        lines += texts[place].count("\n")
        characters += len(texts[place])
        if lines > LINES_KEPT or characters > CHARACTERS_KEPT:
            return place
    return 0
