"""The program, and beside it as tabs the other files of the user's that ran: to be read, with marks of their own."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QTabBar, QVBoxLayout, QWidget

from graphviz_app.ui.editor.code_editor import CodeEditor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphviz_app.ui.editor.marks import LineMarks
    from graphviz_app.ui.look import Look

PROGRAM = 0
"""The number of the program's own file in a recording."""


class FileText(NamedTuple):
    """A file as it was when it ran."""

    path: str
    text: str


class SourceFiles(QWidget):
    """The editor, with a row of tabs above it while a recording has more files than the program.

    Signals:
        file_shown(int): Another file is seen; its number in the recording.
        line_chosen(int, int): The user went to a line of another file than the program: file and line.
        zoom_requested(int): Ctrl and the wheel over another file; +1 or -1.
    """

    file_shown = Signal(int)
    line_chosen = Signal(int, int)
    zoom_requested = Signal(int)

    def __init__(self, editor: CodeEditor, look: Look) -> None:
        super().__init__()
        self._editor = editor
        self._look = look
        self._files: Mapping[int, FileText] = {}
        self._names: dict[int, str] = {}
        self._reader: CodeEditor | None = None
        self._tabs = QTabBar()
        self._tabs.setDocumentMode(True)
        self._tabs.setExpanding(False)
        self._tabs.setDrawBase(False)
        self._tabs.setElideMode(Qt.TextElideMode.ElideMiddle)
        self._tabs.setAccessibleName("Files of the program")
        self._tabs.hide()
        self._tabs.currentChanged.connect(self._on_tab)
        self._pages = QStackedWidget()
        self._pages.addWidget(editor)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._tabs)
        column.addWidget(self._pages)
        self.setFocusProxy(editor)

    @property
    def file(self) -> int:
        """The number of the file that is seen."""
        number = self._tabs.tabData(self._tabs.currentIndex())
        return PROGRAM if number is None else int(number)

    def set_files(self, program: str, files: Mapping[int, FileText]) -> None:
        """Show the program, and offer these other files, by their numbers."""
        self._files = files
        self._names = _names({PROGRAM: program, **{number: file.path for number, file in files.items()}})
        self._tabs.blockSignals(True)
        while self._tabs.count():
            self._tabs.removeTab(0)
        for number, name in self._names.items() if files else ():
            tab = self._tabs.addTab(name)
            self._tabs.setTabData(tab, number)
            self._tabs.setTabToolTip(tab, f"{files[number].path}, as it ran" if number in files else program)
        self._tabs.blockSignals(False)
        self._tabs.setVisible(bool(files))
        self._show()

    def show_file(self, number: int, line: int | None = None) -> bool:
        """Show a file, and bring a line of it into view. Returns whether it is there to be shown."""
        if number != PROGRAM and number not in self._files:
            return False
        for tab in range(self._tabs.count()):
            if self._tabs.tabData(tab) == number:
                self._tabs.setCurrentIndex(tab)
        if line is not None:
            (self._editor if number == PROGRAM or self._reader is None else self._reader).show_line(line)
        return True

    def number_of(self, path: str) -> int | None:
        """The number of the file of that path, of those besides the program."""
        return next((number for number, file in self._files.items() if file.path == path), None)

    def set_running(self, number: int | None) -> None:
        """Mark the tab of the file that the current step is in."""
        for tab in range(self._tabs.count()):
            at = self._tabs.tabData(tab)
            name = self._names[at]
            text = f"▸ {name}" if at == number else name
            if self._tabs.tabText(tab) != text:
                self._tabs.setTabText(tab, text)

    def set_marks(self, marks: LineMarks) -> None:
        """Mark the lines of the file that is seen, where that is not the program."""
        if self._reader is not None and self.file != PROGRAM and marks != self._reader.marks:
            self._reader.set_marks(marks)

    def set_look(self, look: Look) -> None:
        """Take over colours and sizes; the editor does so itself."""
        self._look = look
        if self._reader is not None:
            self._reader.set_look(look)

    def _on_tab(self, _tab: int) -> None:
        self._show()
        self.file_shown.emit(self.file)

    def _show(self) -> None:
        number = self.file
        page = self._editor if number == PROGRAM else self._reading()
        if page is not self._editor:
            page.load_text(self._files[number].text)
            page.setAccessibleName(f"{self._names[number]}, as it ran")
        self._pages.setCurrentWidget(page)
        self.setFocusProxy(page)

    def _reading(self) -> CodeEditor:
        if self._reader is None:
            reader = self._reader = CodeEditor(self._look)
            reader.setReadOnly(True)
            reader.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            reader.setAccessibleDescription("A file that the program imported. F6 leaves it.")
            reader.setPlaceholderText("This file is empty.")
            reader.highlight()
            reader.line_chosen.connect(self._on_line)
            reader.zoom_requested.connect(self.zoom_requested)
            self._pages.addWidget(reader)
        return self._reader

    def _on_line(self, line: int) -> None:
        if self.file != PROGRAM:
            self.line_chosen.emit(self.file, line)


def _names(paths: Mapping[int, str]) -> dict[int, str]:
    """Each file's own name, with its folder where several have the same."""
    pure = {number: PurePath(path) for number, path in paths.items()}
    counts = Counter(path.name for path in pure.values())
    return {number: path.name if counts[path.name] == 1 else "/".join(path.parts[-2:]) for number, path in pure.items()}
