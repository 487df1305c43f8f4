"""What is open in the editor: a lesson, a file or an untitled text; opened, saved, and never lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from graphviz_app.ui.autosave import Draft, DraftStore, LastOpen
from graphviz_app.ui.text_files import TextFileError, read_program, write_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.lessons import Lesson
    from graphviz_app.recording.events import Program
    from graphviz_app.ui.settings import Settings

UNTITLED = "untitled"
_AUTOSAVE_MS = 300


@dataclass(frozen=True)
class Document:
    """A text that can be opened.

    Attributes:
        key: Names its draft.
        title: For people.
        path: What the program sees as its own path when it runs.
        saved_text: What its file, or the lesson, holds.
        file: Where Save writes; None where it has to ask.
        newline: How lines end in the file.
        program: How it ran, where it is a recording's.
    """

    key: str
    title: str
    path: str
    saved_text: str
    file: Path | None = None
    newline: str = "\n"
    program: Program | None = None


class Documents(QObject):
    """Opens, saves, and keeps drafts.

    Signals:
        opened: (document, text, line): show this text; it differs from `document.saved_text` where a draft came back.
        changed: The title or whether the text is saved may have changed.
        restored: A document whose unsaved changes came back.
        failed: A sentence about something that could not be read or written.
    """

    opened = Signal(object, str, int)
    changed = Signal()
    restored = Signal(object)
    failed = Signal(str)

    def __init__(self, drafts: DraftStore, settings: Settings, cursor_line: Callable[[], int], parent: QObject) -> None:
        super().__init__(parent)
        self._drafts = drafts
        self._settings = settings
        self._cursor_line = cursor_line
        self._text = ""
        self.last_failure = ""
        self.current = Document(UNTITLED, "Untitled", _untitled_path(), "")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AUTOSAVE_MS)
        self._timer.timeout.connect(self.keep)

    @property
    def is_modified(self) -> bool:
        """Whether the text differs from what its file holds."""
        return self._text != self.current.saved_text

    @property
    def is_restored(self) -> bool:
        """Whether what is shown holds changes that a file or a lesson does not."""
        return self.is_modified and self.current.key != UNTITLED

    def set_text(self, text: str) -> None:
        """The text was edited; a draft of it is kept within a third of a second."""
        self._text = text
        if not self._timer.isActive():
            self._timer.start()
        self.changed.emit()

    def keep(self) -> None:
        """Write the draft now, or drop it where the file holds the same text."""
        self._timer.stop()
        try:
            if self.is_modified:
                self._drafts.save(Draft(self.current.key, self._text, self._cursor_line()))
            else:
                self._drafts.discard(self.current.key)
            self._drafts.set_last_open(LastOpen(self.current.key, self._cursor_line()))
        except OSError as error:
            self._fail(f"Your text cannot be kept safe: {error.strerror}. Save it to a file (Ctrl+S).")

    def open_last(self, lessons: Callable[[], tuple[Lesson, ...]]) -> None:
        """Open what was open last, or else the first lesson."""
        last = self._drafts.last_open()
        kind, _, name = ("", "", "") if last is None else last.key.partition(":")
        line = 1 if last is None else last.line
        if kind == "file" and self.open_file(Path(name), line=line):
            return
        if kind == UNTITLED:
            self.open_untitled()
            return
        all_of_them = lessons()
        chosen = next((lesson for lesson in all_of_them if lesson.slug == name), None)
        if chosen is not None or all_of_them:
            self.open_lesson(chosen or all_of_them[0], line=line if chosen is not None else 1)
        else:
            self.open_untitled()

    def open_lesson(self, lesson: Lesson, line: int = 1) -> None:
        """Open a lesson's program, with what the user made of it earlier."""
        self._open(Document(f"lesson:{lesson.slug}", lesson.title, str(lesson.program_path), lesson.program), line)

    def open_file(self, path: Path, line: int = 1) -> bool:
        """Open a Python file; what is wrong with it is said by `failed`, and its draft is shown all the same."""
        path = path.absolute()
        key = f"file:{path}"
        try:
            text, newline = read_program(path)
        except TextFileError as error:
            self._fail(str(error))
            if self._drafts.load(key) is None:
                return False
            text, newline = "", "\n"
        self._open(Document(key, path.name, str(path), text, path, newline), line)
        self._settings.add_recent_file(str(path))
        return True

    def open_recorded(self, recording: Path, program: Program) -> None:
        """Open the program that a recording is of; it has no file of its own to save to."""
        key, title = f"recording:{recording.absolute()}", f"{recording.name}: {Path(program.path).name}"
        self._open(Document(key, title, program.path, program.source, program=program), 1)

    def open_untitled(self) -> None:
        """Open the untitled text, empty or as it was left."""
        self._open(Document(UNTITLED, "Untitled", _untitled_path(), ""), 1)

    def new(self) -> None:
        """Start an empty text; an untitled one that was there is kept as a draft file beside it."""
        self.keep()
        number = 1
        while self._drafts.load(f"{UNTITLED}:{number}") is not None or self.current.key == f"{UNTITLED}:{number}":
            number += 1
        self._open(Document(f"{UNTITLED}:{number}", f"Untitled {number}", _untitled_path(), ""), 1)

    def save_to(self, path: Path) -> bool:
        """Write the text to a file, which is the open document from then on."""
        path = path.absolute()
        newline = self.current.newline
        try:
            write_program(path, self._text, newline)
        except TextFileError as error:
            self._fail(str(error))
            return False
        self._drafts.discard(self.current.key)
        self.current = Document(f"file:{path}", path.name, str(path), self._text, path, newline)
        self._settings.add_recent_file(str(path))
        self.keep()
        self.changed.emit()
        return True

    def revert(self) -> None:
        """Throw the changes away and show what the file or the lesson holds."""
        self._text = self.current.saved_text
        self.keep()
        self.opened.emit(self.current, self._text, 1)
        self.changed.emit()

    def close(self) -> None:
        """Keep what there is, and leave the slot."""
        self.keep()
        self._drafts.close()

    def _fail(self, sentence: str) -> None:
        self.last_failure = sentence
        self.failed.emit(sentence)

    def _open(self, document: Document, line: int) -> None:
        self.keep()
        draft = self._drafts.load(document.key)
        text = document.saved_text if draft is None else draft.text
        self.current, self._text = replace(document), text
        self.opened.emit(document, text, line if draft is None else draft.line)
        if self.is_restored:
            self.restored.emit(document)
        self.changed.emit()
        # What is open is remembered a moment later: nothing of it is lost, and the window is there sooner.
        self._timer.start()


def _untitled_path() -> str:
    return str(Path.cwd() / "untitled.py")
