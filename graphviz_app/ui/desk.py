"""What stands in the window besides the editor: menus, toolbars, console, lessons; and what their keys do.

It is made right after the window's first picture, which shows the editor alone: an empty window should not be much
sooner there than ours.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu

from graphviz_app.ui import actions as table
from graphviz_app.ui.arrangement import Arrangement
from graphviz_app.ui.file_control import FileControl
from graphviz_app.ui.panes import PaneWalk
from graphviz_app.ui.parts import build_parts
from graphviz_app.ui.present import Presentation

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from graphviz_app.session.session import Session
    from graphviz_app.ui.look import Look
    from graphviz_app.ui.settings import ThemeMode
    from graphviz_app.ui.window import MainWindow
    from graphviz_app.ui.workbench import Workbench

_COLOURINGS = (
    ("", "What happens"),
    ("norm", "Gradient norm"),
    ("time", "Order of execution"),
    ("module", "Module"),
    ("dtype", "dtype"),
    ("odd", "NaN, Inf, zero, None"),
)
_THEMES: tuple[tuple[ThemeMode, str], ...] = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))


class Desk(QObject):
    """The parts around the editor, put into a window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.view, self.settings, self.documents = window.view, window.settings, window.documents
        self.parts = parts = build_parts(window.editor, self.view.look, self.settings.speed)
        self.files = FileControl(window, self._session, self.documents, parts, self.settings)
        self.actions_by_name = table.build_actions(window, self.trigger)
        self.arrangement = Arrangement(window, parts, self.actions_by_name)
        self.presentation = Presentation(window, self.view, self._hidden_while_presenting)
        self.panes = PaneWalk(self._panes)
        self._build_menus()
        self._restore_layout()

        parts.lessons.lesson_chosen.connect(self.files.open_lesson)
        self.documents.opened.connect(self.files.on_opened)
        self.documents.restored.connect(self.files.on_restored)
        self.documents.failed.connect(self.files.on_failed)
        self.documents.changed.connect(self._on_document_changed)
        self.view.look_changed.connect(self._on_look)

        parts.message.changed.connect(self.fit)

        self._dress(self.view.look)
        for name in ("stop", "export", "save_recording", *(spec.name for spec in table.TABLE if spec.menu == "Go")):
            self.actions_by_name[name].setEnabled(False)
        self.files.list_lessons()
        self._catch_up()

    @property
    def bench(self) -> Workbench:
        """What works on recordings."""
        return self._window.bench

    def _session(self) -> Session:
        return self.bench.session

    # ------------------------------------------------------------------ what is told

    def _catch_up(self) -> None:
        """A text was opened before anybody here could listen."""
        documents = self.documents
        self.files.on_opened(documents.current)
        self._on_document_changed()
        if documents.is_restored:
            self.files.on_restored(documents.current)
        if documents.last_failure:
            self.files.on_failed(documents.last_failure)

    def _on_document_changed(self) -> None:
        document, modified = self.documents.current, self.documents.is_modified
        title = f"{document.title} (changed)" if modified else document.title
        self.arrangement.title.setText(title)
        self.arrangement.title.setToolTip(str(document.file or document.title))
        self.actions_by_name["revert"].setEnabled(modified)

    def _on_look(self, look: Look) -> None:
        self.parts.set_look(look)
        self._dress(look)

    def _dress(self, look: Look) -> None:
        table.set_icons(self.actions_by_name, look, self._window.devicePixelRatioF())
        self.arrangement.set_look(look)
        self.fit()
        self.actions_by_name["reduced_motion"].setChecked(look.reduced_motion)

    def fit(self) -> None:
        """Fit the window's size."""
        self.parts.message.shorten_detail()
        self.arrangement.fit(self._window.width(), self._window.height())

    def close(self) -> None:
        """Remember the sizes, as they are without presenting."""
        self.presentation.stop()
        self.arrangement.save(self.settings)

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
            "quit": self._window.close,
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

        show_keys(self._window)

    def _show_about(self) -> None:
        from graphviz_app.ui.help_dialogs import show_about

        show_about(self._window)

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
        return (self._window.menuBar(), arrangement.side, arrangement.ledger, self.parts.console, arrangement.title)

    def _panes(self) -> tuple[QWidget, ...]:
        views, side = self.bench.views, self.arrangement.side
        return (self.parts.sources, self.parts.console, views.canvas, side, views.timeline, views.ledger)

    def _restore_layout(self) -> None:
        self.arrangement.restore(self.settings)
        for name in self._panels:
            self.set_panel(name, shown=self.settings.flag(name, default=True))

    # ------------------------------------------------------------------ menus

    def _build_menus(self) -> None:
        menus = {name: self._window.menuBar().addMenu(f"&{name}") for name in table.MENUS}
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
            action.triggered.connect(partial(self._set_colouring, name))
            group.addAction(action)
        return menu

    def _set_colouring(self, name: str, _checked: bool = False) -> None:
        self.bench.steps.set_colouring(name)

    def _set_theme(self, mode: ThemeMode, _checked: bool = False) -> None:
        self.view.set_theme(mode)

    def _theme_menu(self, parent: QMenu) -> QMenu:
        menu = QMenu("Colours", parent)
        group = QActionGroup(menu)
        for mode, words in _THEMES:
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(self.view.theme == mode)
            action.triggered.connect(partial(self._set_theme, mode))
            group.addAction(action)
        return menu
