"""The main window: what is there from the first moment, and what each of its own keys does."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QActionGroup, QKeyEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu

from graphviz_app.ui import actions as table
from graphviz_app.ui.arrangement import Arrangement
from graphviz_app.ui.documents import Documents
from graphviz_app.ui.file_control import FileControl, dropped_paths
from graphviz_app.ui.keys import keeps_key
from graphviz_app.ui.panes import PaneWalk
from graphviz_app.ui.parts import build_parts
from graphviz_app.ui.present import Presentation
from graphviz_app.ui.view_control import ViewControl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent, QShowEvent
    from PySide6.QtWidgets import QWidget

    from graphviz_app.session.session import Session
    from graphviz_app.ui.autosave import DraftStore
    from graphviz_app.ui.documents import Document
    from graphviz_app.ui.look import Look
    from graphviz_app.ui.post import Post
    from graphviz_app.ui.settings import Settings
    from graphviz_app.ui.workbench import Workbench

APP_TITLE = "Autograd Visualizer"
_FIRST_SIZE = (1360, 860)
_COLOURINGS = (
    ("", "What happens"),
    ("norm", "Gradient norm"),
    ("time", "Order of execution"),
    ("module", "Module"),
    ("dtype", "dtype"),
    ("odd", "NaN, Inf, zero, None"),
)
_THEMES = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))


class MainWindow(QMainWindow):
    """The window with editor, console, lessons and controls; `bench` adds what shows recordings.

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
        self.view = ViewControl(settings)
        self.view.apply_now()
        self.parts = parts = build_parts(self.view.look, settings.speed)
        self.documents = Documents(drafts, settings, parts.editor.current_line)
        self.files = FileControl(self, self._session, self.documents, parts, settings)
        self.actions_by_name = table.build_actions(self, self.trigger)
        self.arrangement = Arrangement(self, parts, self.actions_by_name)
        self.presentation = Presentation(self, self.view, self._hidden_while_presenting)
        self.panes = PaneWalk(self._panes)
        self._build_menus()
        self.setWindowTitle(APP_TITLE)
        self.setAcceptDrops(True)
        self.setMinimumSize(640, 420)
        self._restore_layout()

        parts.editor.edited.connect(self._on_edited)
        parts.editor.zoom_requested.connect(self.view.zoom_by)
        parts.lessons.lesson_chosen.connect(self.files.open_lesson)
        self.documents.opened.connect(self._on_opened)
        self.documents.restored.connect(self.files.on_restored)
        self.documents.failed.connect(self.files.on_failed)
        self.documents.changed.connect(self._on_document_changed)
        self.view.look_changed.connect(self._on_look)

        self._dress(self.view.look)
        for name in ("stop", "export", "save_recording", *(spec.name for spec in table.TABLE if spec.menu == "Go")):
            self.actions_by_name[name].setEnabled(False)

    # ------------------------------------------------------------------ life

    @cached_property
    def bench(self) -> Workbench:
        """What works on recordings; made when first asked for, at the latest when the window is there."""
        from graphviz_app.ui.workbench import Workbench

        return Workbench(self, self._make_session(self._post), self._post)

    def open_text(self) -> None:
        """Put a text into the editor: what was open last, or the first lesson."""
        self.files.open_last()

    def start(self, paths: tuple[Path, ...] = ()) -> None:
        """What can wait until the window is there: views, colours in the editor, warm workers, named files."""
        self.files.list_lessons()
        self.bench.session.warm()
        self.parts.editor.highlight()
        for path in paths:
            self.files.open_path(path)

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
        self.presentation.stop()
        self.documents.close()
        self._save_layout()
        self._post.close()
        if "bench" in self.__dict__:
            self.bench.close()

    def event(self, event: QEvent) -> bool:
        """Lets sliders, lists and buttons keep the plain keys that they need themselves."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            focus = QApplication.focusWidget()
            if focus is not None and keeps_key(focus, event):
                event.accept()
                return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Toolbars take a second row where one does not hold them."""
        super().resizeEvent(event)
        self.arrangement.fit(self.width(), self.height())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped."""
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        event.acceptProposedAction()
        self.files.drop(event.mimeData())

    def show_internal_error(self, sentence: str, detail: str) -> None:
        """Say that something in the app itself went wrong; the text is kept first."""
        self.documents.keep()
        self.parts.message.show_message(sentence, detail, kind="warning")

    def _session(self) -> Session:
        return self.bench.session

    # ------------------------------------------------------------------ what is told

    def _on_edited(self) -> None:
        self.documents.set_text(self.parts.editor.text())

    def _on_opened(self, document: Document, text: str, line: int) -> None:
        self.files.on_opened(document, text, line)

    def _on_document_changed(self) -> None:
        document, modified = self.documents.current, self.documents.is_modified
        title = f"{document.title} (changed)" if modified else document.title
        self.arrangement.title.setText(title)
        self.arrangement.title.setToolTip(str(document.file or document.title))
        self.setWindowTitle(f"{title} – {APP_TITLE}")
        self.actions_by_name["revert"].setEnabled(modified)

    def _on_look(self, look: Look) -> None:
        self.parts.set_look(look)
        self._dress(look)

    def _dress(self, look: Look) -> None:
        table.set_icons(self.actions_by_name, look, self.devicePixelRatioF())
        self.arrangement.set_look(look)
        self.arrangement.fit(self.width(), self.height())
        self.actions_by_name["reduced_motion"].setChecked(look.reduced_motion)

    # ------------------------------------------------------------------ actions

    def trigger(self, name: str, _checked: bool = False) -> None:
        """Do what an action's name stands for."""
        handler = self._own_handlers.get(name)
        if handler is None:
            handler = self._bench_handlers[name]
        handler()

    @cached_property
    def _bench_handlers(self) -> dict[str, Callable[[], object]]:
        return self.bench.handlers()

    @cached_property
    def _own_handlers(self) -> dict[str, Callable[[], object]]:
        editor = self.parts.editor
        return {
            "new": self.documents.new,
            "open": self.files.ask_open,
            "save": self.files.save,
            "save_as": self.files.save_as,
            "save_recording": self.files.save_recording,
            "revert": self.documents.revert,
            "quit": self.close,
            "undo": editor.undo,
            "redo": editor.redo,
            "toggle_comment": editor.toggle_comment,
            "present": self._present,
            "zoom_in": self.view.zoom_in,
            "zoom_out": self.view.zoom_out,
            "zoom_reset": self.view.zoom_reset,
            "reduced_motion": self._toggle_reduced_motion,
            "show_lessons": self._show_lessons,
            "show_editor": lambda: self._toggle_panel("show_editor"),
            "show_inspector": lambda: self._toggle_panel("show_inspector"),
            "show_ledger": lambda: self._toggle_panel("show_ledger"),
            "next_pane": lambda: self.panes.go(1),
            "previous_pane": lambda: self.panes.go(-1),
            "keys": self._show_keys,
            "about": self._show_about,
            "cancel": self._cancel,
        }

    def _cancel(self) -> None:
        """Esc: one thing after the other, the nearest first."""
        if not self.parts.find.isHidden():
            self.parts.find.close_bar()
        elif self.bench.is_busy:
            self.bench.cancel_work()
        elif not self.parts.message.isHidden():
            self.parts.message.clear()
        elif self.presentation.is_on:
            self._present()
        else:
            self.bench.rest()

    def _present(self) -> None:
        self.presentation.toggle()
        self.actions_by_name["present"].setChecked(self.presentation.is_on)

    def _toggle_reduced_motion(self) -> None:
        self.view.set_reduced_motion(not self.view.look.reduced_motion)

    def _show_lessons(self) -> None:
        self.set_panel("show_inspector", shown=True)
        self.arrangement.side.setCurrentWidget(self.parts.lessons)

    def _show_keys(self) -> None:
        from graphviz_app.ui.help_dialogs import show_keys

        show_keys(self)

    def _show_about(self) -> None:
        from graphviz_app.ui.help_dialogs import show_about

        show_about(self)

    # ------------------------------------------------------------------ panels

    def set_panel(self, name: str, *, shown: bool) -> None:
        """Show or hide a panel, by the name of its action."""
        self._panels[name].setVisible(shown)
        self.actions_by_name[name].setChecked(shown)
        self.settings.set_flag(name, value=shown)

    def _toggle_panel(self, name: str) -> None:
        self.set_panel(name, shown=self._panels[name].isHidden())

    @property
    def _panels(self) -> dict[str, QWidget]:
        arrangement = self.arrangement
        return {
            "show_editor": arrangement.program,
            "show_inspector": arrangement.side,
            "show_ledger": arrangement.ledger,
        }

    def _hidden_while_presenting(self) -> tuple[QWidget, ...]:
        arrangement = self.arrangement
        return (self.menuBar(), arrangement.side, arrangement.ledger, self.parts.console, arrangement.title)

    def _panes(self) -> tuple[QWidget, ...]:
        views, side = self.bench.views, self.arrangement.side
        return (self.parts.editor, self.parts.console, views.canvas, side, views.timeline, views.ledger)

    # ------------------------------------------------------------------ building

    def _build_menus(self) -> None:
        menus = {name: self.menuBar().addMenu(f"&{name}") for name in table.MENUS}
        table.fill_menus(menus, self.actions_by_name)
        recent = QMenu("Open recent", menus["File"])
        menus["File"].insertMenu(self.actions_by_name["save"], recent)
        recent.aboutToShow.connect(lambda: self.files.fill_recent(recent))
        export = QMenu("Export", menus["File"])
        export.aboutToShow.connect(lambda: self.bench.exports.fill_menu(export))
        self.arrangement.give_menu("export", export)
        menus["View"].insertMenu(self.actions_by_name["reduced_motion"], self._theme_menu(menus["View"]))
        menus["View"].insertMenu(self.actions_by_name["labels"], self._colouring_menu(menus["View"]))

    def _colouring_menu(self, parent: QMenu) -> QMenu:
        menu = QMenu("Colour boxes by", parent)
        group = QActionGroup(menu)
        for name, words in _COLOURINGS:
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(not name)
            action.triggered.connect(lambda _checked, name=name: self.bench.steps.set_colouring(name))
            group.addAction(action)
        return menu

    def _theme_menu(self, parent: QMenu) -> QMenu:
        menu = QMenu("Colours", parent)
        group = QActionGroup(menu)
        for mode, words in _THEMES:
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(self.view.theme == mode)
            action.triggered.connect(lambda _checked, mode=mode: self.view.set_theme(mode))
            group.addAction(action)
        return menu

    def _restore_layout(self) -> None:
        geometry = self.settings.layout("geometry")
        if geometry is None or not self.restoreGeometry(geometry):
            available = self.screen().availableGeometry()
            self.resize(min(_FIRST_SIZE[0], available.width()), min(_FIRST_SIZE[1], available.height()))
        self.arrangement.restore(self.settings)
        for name in self._panels:
            self.set_panel(name, shown=self.settings.flag(name, default=True))

    def _save_layout(self) -> None:
        self.settings.set_layout("geometry", self.saveGeometry())
        self.arrangement.save(self.settings)
        self.settings.sync()
