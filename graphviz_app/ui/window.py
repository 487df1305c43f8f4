"""The main window: the editor at first sight, everything else a moment later."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtWidgets import QApplication, QMainWindow, QVBoxLayout, QWidget

from graphviz_app.ui.documents import Documents
from graphviz_app.ui.editor.code_editor import CodeEditor
from graphviz_app.ui.view_control import ViewControl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent, QShowEvent

    from graphviz_app.session.session import Session
    from graphviz_app.ui.arrangement import Arrangement
    from graphviz_app.ui.autosave import DraftStore
    from graphviz_app.ui.desk import Desk
    from graphviz_app.ui.documents import Document
    from graphviz_app.ui.file_control import FileControl
    from graphviz_app.ui.parts import Parts
    from graphviz_app.ui.post import Post
    from graphviz_app.ui.settings import Settings
    from graphviz_app.ui.workbench import Workbench

APP_TITLE = "Autograd Visualizer"
_LATER_MS = 1500
_FIRST_SIZE = (1360, 860)
# Where the editor will stand when the menus, toolbars and panels are there.
_ABOVE, _BELOW, _LEFT_SHARE, _DOWN_SHARE = 86, 28, 0.3, 0.5


class MainWindow(QMainWindow):
    """The window with the editor; `desk` adds what stands around it, and `bench` what shows recordings.

    Args:
        make_session: Makes the session, when the window is there.
        post: Runs callables on the window's thread.
        settings: What is remembered.
        drafts: Where texts are kept safe.

    Signals:
        shown: It was painted for the first time; what takes long may start.
    """

    shown = Signal()

    def __init__(
        self, make_session: Callable[[Post], Session], post: Post, settings: Settings, drafts: DraftStore
    ) -> None:
        super().__init__()
        self._make_session, self._post = make_session, post
        self._was_shown = False
        self._is_closed = False
        self.settings = settings
        self.view = ViewControl(settings, self)
        self.view.apply_now()
        self.editor = CodeEditor(self.view.look)
        self.documents = Documents(drafts, settings, self.editor.current_line, self)
        self.setWindowTitle(APP_TITLE)
        self.setAcceptDrops(True)
        self.setMinimumSize(640, 420)
        self._restore_geometry()
        self._show_editor_alone()

        self.editor.edited.connect(self._on_edited)
        self.editor.zoom_requested.connect(self.view.zoom_by)
        self.view.look_changed.connect(self.editor.set_look)
        self.documents.opened.connect(self._on_opened)
        self.documents.changed.connect(self._on_document_changed)

    # ------------------------------------------------------------------ what comes a moment later

    @cached_property
    def desk(self) -> Desk:
        """What stands around the editor; made when first asked for, at the latest when the window is there."""
        from graphviz_app.ui.desk import Desk

        return Desk(self)

    @cached_property
    def bench(self) -> Workbench:
        """What works on recordings; made when first asked for, at the latest when the window is there."""
        from graphviz_app.ui.workbench import Workbench

        return Workbench(self, self.desk, self._make_session(self._post), self._post)

    @property
    def parts(self) -> Parts:
        """The widgets around the editor, and the editor."""
        return self.desk.parts

    @property
    def files(self) -> FileControl:
        """What opens and saves."""
        return self.desk.files

    @property
    def arrangement(self) -> Arrangement:
        """Where everything stands."""
        return self.desk.arrangement

    @property
    def actions_by_name(self) -> dict[str, QAction]:
        """Everything that can be done."""
        return self.desk.actions_by_name

    def trigger(self, name: str) -> None:
        """Do what an action's name stands for."""
        self.desk.trigger(name)

    # ------------------------------------------------------------------ life

    def open_text(self) -> None:
        """Put a text into the editor: what was open last, or the first lesson."""
        from graphviz_app.lessons import all_lessons

        self.documents.open_last(all_lessons)

    def start(self, paths: tuple[Path, ...] = ()) -> None:
        """What can wait until the window is there: panels, warm workers, colours in the editor, named files."""
        self.desk.fit()
        self.bench.session.warm()
        QTimer.singleShot(_LATER_MS, self, self._warm_plots)
        self.editor.highlight()
        for path in paths:
            self.files.open_path(path)

    def _warm_plots(self) -> None:
        from graphviz_app.ui.panels.ledger_plot import warm

        warm()

    def showEvent(self, event: QShowEvent) -> None:
        """Say once that the window is there."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            # Two turns of the event loop: the first paints.
            QTimer.singleShot(0, self, lambda: QTimer.singleShot(0, self, self.shown.emit))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the text and the sizes, end everything that runs; never ask."""
        event.accept()
        if self._is_closed:
            return
        self._is_closed = True
        if "desk" in self.__dict__:
            self.desk.close()
        self.documents.close()
        self.settings.set_layout("geometry", self.saveGeometry())
        self.settings.sync()
        self._post.close()
        if "bench" in self.__dict__:
            self.bench.close()

    def event(self, event: QEvent) -> bool:
        """Lets sliders, lists and buttons keep the plain keys that they need themselves."""
        if event.type() == QEvent.Type.ShortcutOverride and self._focus_keeps(event):  # type: ignore[arg-type]
            event.accept()
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Toolbars take a second row where one does not hold them."""
        super().resizeEvent(event)
        if "desk" in self.__dict__:
            self.desk.fit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        event.acceptProposedAction()
        self.files.drop(event.mimeData())

    def show_internal_error(self, sentence: str, detail: str) -> None:
        """Say that something in the app itself went wrong; the text is kept first."""
        self.documents.keep()
        self.parts.message.show_message(sentence, detail, kind="warning")

    # ------------------------------------------------------------------ what is told

    def _on_edited(self) -> None:
        self.documents.set_text(self.editor.text())

    def _on_opened(self, _document: Document, text: str, line: int) -> None:
        self.editor.load_text(text)
        self.editor.go_to_line(line)

    def _on_document_changed(self) -> None:
        changed = " (changed)" if self.documents.is_modified else ""
        self.setWindowTitle(f"{self.documents.current.title}{changed} – {APP_TITLE}")

    def _focus_keeps(self, event: QKeyEvent) -> bool:
        from graphviz_app.ui.keys import keeps_key

        focus = QApplication.focusWidget()
        return focus is not None and keeps_key(focus, event)

    # ------------------------------------------------------------------ the first picture

    def _restore_geometry(self) -> None:
        geometry = self.settings.layout("geometry")
        if geometry is None or not self.restoreGeometry(geometry):
            available = self.screen().availableGeometry()
            self.resize(min(_FIRST_SIZE[0], available.width()), min(_FIRST_SIZE[1], available.height()))

    def _show_editor_alone(self) -> None:
        place = QWidget()
        layout = QVBoxLayout(place)
        right, down = round(self.width() * (1 - _LEFT_SHARE)), round(self.height() * _DOWN_SHARE)
        above, below = self.view.look.pixels(_ABOVE), self.view.look.pixels(_BELOW)
        layout.setContentsMargins(0, above, right, max(down - above, below))
        layout.addWidget(self.editor)
        self.setCentralWidget(place)
