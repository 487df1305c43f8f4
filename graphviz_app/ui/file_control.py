"""Files: what is opened, dropped, saved and exported, and the few dialogs that ask for a path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from graphviz_app.lessons import all_lessons

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QMimeData
    from PySide6.QtWidgets import QMenu, QWidget

    from graphviz_app.lessons import Lesson
    from graphviz_app.session.session import Session
    from graphviz_app.ui.documents import Document, Documents
    from graphviz_app.ui.parts import Parts
    from graphviz_app.ui.settings import Settings

RECORDING_SUFFIX = ".agrec"
_OPEN_FILTER = "Programs and recordings (*.py *.agrec);;Python programs (*.py);;Recordings (*.agrec);;All files (*)"


class FileControl(QObject):
    """Opens and saves programs and recordings."""

    def __init__(
        self, window: QWidget, session: Callable[[], Session], documents: Documents, parts: Parts, settings: Settings
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._documents = documents
        self._parts = parts
        self._settings = settings

    # ------------------------------------------------------------------ opening

    def list_lessons(self) -> None:
        """Offer the lessons."""
        self._parts.lessons.set_lessons(all_lessons())

    def open_path(self, path: Path) -> None:
        """Open a program or a recording, by its suffix."""
        if path.suffix.lower() == RECORDING_SUFFIX:
            self.open_recording(path)
        else:
            self._parts.message.clear()
            self._documents.open_file(path)

    def open_recording(self, path: Path) -> None:
        """Show a recording; its program comes into the editor."""
        if not self._session().open(path):
            return
        self._settings.add_recent_file(str(path.absolute()))
        recording = self._session().recording
        if recording is not None:
            self._documents.open_recorded(path, recording.program)

    def open_lesson(self, lesson: Lesson) -> None:
        """Open a lesson."""
        self._parts.message.clear()
        self._documents.open_lesson(lesson)

    def ask_open(self) -> None:
        """Ask which file to open."""
        from PySide6.QtWidgets import QFileDialog

        path, _ = QFileDialog.getOpenFileName(self._window, "Open", self._folder(), _OPEN_FILTER)
        if path:
            self.open_path(Path(path))

    def drop(self, data: QMimeData) -> None:
        """Open the files that were dropped on the window."""
        for path in dropped_paths(data):
            self.open_path(path)

    # ------------------------------------------------------------------ saving

    def save(self) -> None:
        """Save the program to its file; ask for one where it has none."""
        file = self._documents.current.file
        if file is None:
            self.save_as()
        elif self._documents.save_to(file):
            self._say(f"Saved {file}.")

    def save_as(self) -> None:
        """Ask for a file and save the program to it."""
        from PySide6.QtWidgets import QFileDialog

        suggested = self._documents.current.file or Path(self._folder()) / _file_name(self._documents.current)
        path, _ = QFileDialog.getSaveFileName(self._window, "Save program", str(suggested), "Python programs (*.py)")
        if path and self._documents.save_to(_with_suffix(Path(path), ".py")):
            self._say(f"Saved {path}.")

    def save_recording(self) -> None:
        """Ask for a file and save the recording to it."""
        from PySide6.QtWidgets import QFileDialog

        suggested = Path(self._folder()) / f"{Path(_file_name(self._documents.current)).stem}{RECORDING_SUFFIX}"
        path, _ = QFileDialog.getSaveFileName(self._window, "Save recording", str(suggested), "Recordings (*.agrec)")
        if path:
            self.save_recording_to(_with_suffix(Path(path), RECORDING_SUFFIX))

    def save_recording_to(self, path: Path) -> None:
        """Save the recording to a file."""
        if self._session().save(path):
            self._settings.add_recent_file(str(path.absolute()))
            self._say(f"Saved the recording to {path}.")

    # ------------------------------------------------------------------ what documents say

    def on_opened(self, document: Document) -> None:
        """Show the lesson that a program belongs to."""
        lessons = all_lessons()
        slug = document.key.removeprefix("lesson:") if document.key.startswith("lesson:") else None
        self._parts.lessons.show_lesson(next((lesson for lesson in lessons if lesson.slug == slug), None))

    def on_restored(self, document: Document) -> None:
        """Say that unsaved changes came back, and offer the saved text."""
        self._parts.message.show_message(
            f"Your unsaved changes to {document.title} are back.",
            kind="information",
            choice=("Throw them away", self._documents.revert),
        )

    def on_failed(self, sentence: str) -> None:
        """Something could not be read or written."""
        self._parts.message.show_message(sentence)

    def fill_recent(self, menu: QMenu) -> None:
        """Put the recent files into a menu."""
        menu.clear()
        for path in self._settings.recent_files:
            menu.addAction(path.replace("&", "&&")).triggered.connect(self._opener(path))
        if menu.isEmpty():
            menu.addAction("No files yet").setEnabled(False)
        else:
            menu.addSeparator()
            menu.addAction("Forget these").triggered.connect(self._settings.clear_recent_files)

    def _opener(self, path: str) -> Callable[[], None]:
        return lambda: self.open_path(Path(path))

    def _say(self, sentence: str) -> None:
        self._parts.message.show_message(sentence, kind="information")

    def _folder(self) -> str:
        file = self._documents.current.file
        return str(file.parent if file is not None else Path.home())


def dropped_paths(data: QMimeData) -> list[Path]:
    """The local files of a drop."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def _file_name(document: Document) -> str:
    name = document.key.partition(":")[2] if document.key.startswith("lesson:") else Path(document.path).stem
    return f"{name or 'program'}.py"


def _with_suffix(path: Path, suffix: str) -> Path:
    return path if path.suffix else path.with_suffix(suffix)
