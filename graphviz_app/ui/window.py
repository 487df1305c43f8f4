"""The main window: its parts, who listens to whom, and what each key does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QActionGroup, QKeyEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu

from graphviz_app.ui import actions as table
from graphviz_app.ui.arrangement import Arrangement
from graphviz_app.ui.documents import Documents
from graphviz_app.ui.export_control import ExportControl
from graphviz_app.ui.file_control import FileControl, dropped_paths
from graphviz_app.ui.find_control import FindControl
from graphviz_app.ui.help_dialogs import show_about, show_keys
from graphviz_app.ui.icons import icon
from graphviz_app.ui.keys import keeps_key
from graphviz_app.ui.panes import PaneWalk
from graphviz_app.ui.parts import build_parts
from graphviz_app.ui.present import Presentation
from graphviz_app.ui.run_control import RunControl
from graphviz_app.ui.selection_control import SelectionControl
from graphviz_app.ui.step_control import StepControl
from graphviz_app.ui.view_control import ViewControl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QResizeEvent, QShowEvent

    from graphviz_app.session.problem import Problem
    from graphviz_app.session.session import Session
    from graphviz_app.ui.autosave import DraftStore
    from graphviz_app.ui.look import Look
    from graphviz_app.ui.parts import Parts
    from graphviz_app.ui.post import Post
    from graphviz_app.ui.settings import Settings

APP_TITLE = "Autograd Visualizer"
_FIRST_SIZE = (1360, 860)
_THEMES = (("system", "As the system"), ("light", "Light"), ("dark", "Dark"))


class MainWindow(QMainWindow):
    """The window; `session` does the work, the parts show it, and here is who tells whom.

    Signals:
        shown: It was shown for the first time; what takes long may start.
    """

    shown = Signal()

    def __init__(self, session: Session, post: Post, settings: Settings, drafts: DraftStore) -> None:
        super().__init__()
        self.session, self.settings, self._post = session, settings, post
        self.view = ViewControl(settings)
        self.view.apply_now()
        look = self.view.look
        self.parts = parts = build_parts(look, settings.speed)
        self.documents = Documents(drafts, settings, parts.editor.current_line)
        self.files = FileControl(self, session, self.documents, parts, settings)
        self.runs = RunControl(session, self.documents, parts)
        self.steps = StepControl(session, parts, look, settings.speed)
        self.selections = SelectionControl(session, parts)
        self.finds = FindControl(session, parts, look)
        self.exports = ExportControl(self, session, self.documents, parts, post, look)
        self.actions_by_name = table.build_actions(self, self._handlers())
        self.arrangement = Arrangement(self, parts, self.actions_by_name)
        self.presentation = Presentation(self, self.view, self._hidden_while_presenting())
        self.panes = PaneWalk(self._panes())
        self._build_menus()
        self.setWindowTitle(APP_TITLE)
        self.setAcceptDrops(True)
        self.setMinimumSize(640, 420)
        self._restore_layout()
        self._was_shown = False

        self._listen_to_session(session)
        self._listen_to_parts(parts)
        self._listen_to_controls(parts)
        self._on_look(look)
        self._on_step(None)
        self._on_running(running=False)

    # ------------------------------------------------------------------ who listens to whom

    def _listen_to_session(self, session: Session) -> None:
        session.run_started.connect(self.runs.on_started)
        session.run_progress.connect(self.runs.on_progress)
        session.run_ended.connect(self.runs.on_ended)
        session.recording_changed.connect(self.steps.on_recording)
        session.recording_changed.connect(self.selections.on_recording)
        session.step_changed.connect(self.steps.on_step)
        session.step_changed.connect(self.selections.on_step)
        session.step_changed.connect(self._on_step)
        session.picture_changed.connect(self.steps.on_picture)
        session.picture_changed.connect(self._on_picture)
        session.picture_busy.connect(self.steps.on_picture_busy)
        session.selection_changed.connect(self.selections.on_selection)
        session.selection_changed.connect(self._on_selection)
        session.problem.connect(self._on_problem)

    def _listen_to_parts(self, parts: Parts) -> None:
        # From the editor and its documents.
        parts.editor.edited.connect(self._on_edited)
        parts.editor.line_chosen.connect(self.selections.on_line)
        parts.editor.zoom_requested.connect(self.view.zoom_by)
        self.documents.opened.connect(self._on_opened)
        self.documents.restored.connect(self.files.on_restored)
        self.documents.failed.connect(self.files.on_failed)
        self.documents.changed.connect(self._on_document_changed)
        parts.lessons.lesson_chosen.connect(self.files.open_lesson)

        # From the console and the message bar.
        parts.console.input_given.connect(self.runs.on_input)
        parts.console.input_ended.connect(self.session.close_input)
        parts.console.place_clicked.connect(self._go_to_place)
        parts.message.line_requested.connect(self._go_to_place)

        # From the canvas.
        parts.canvas.selection_changed.connect(self.selections.on_canvas)
        parts.canvas.item_activated.connect(self.selections.on_item_activated)
        parts.canvas.toggle_requested.connect(self._on_toggle_requested)
        parts.canvas.cancel_requested.connect(self.session.cancel_picture)

        # From the transport and the panels.
        parts.speed.speed_chosen.connect(self._on_speed)
        parts.passes.chapter_chosen.connect(self.session.go_to_chapter)
        parts.steps.step_requested.connect(self.steps.seek)
        for panel in (parts.timeline, parts.ledger, parts.inspector):
            panel.step_requested.connect(self.steps.seek)
            panel.selection_requested.connect(self.selections.on_panel)

    def _listen_to_controls(self, parts: Parts) -> None:
        self.runs.running_changed.connect(self._on_running)
        self.runs.failed_line_changed.connect(self.selections.on_failed_line)
        self.steps.playback.playing_changed.connect(self._on_playing)
        self.selections.inspect.connect(self._show_inspector)
        parts.find.query_changed.connect(self.finds.look_for)
        parts.find.moved.connect(self.finds.move)
        parts.find.closed.connect(self.finds.close)
        parts.status.cancel_requested.connect(self._cancel_work)
        self.view.look_changed.connect(self._on_look)

    # ------------------------------------------------------------------ life

    def start(self, paths: tuple[Path, ...] = ()) -> None:
        """What can wait until the window is there: lessons, colours in the editor, warm workers, files."""
        from graphviz_app.lessons import all_lessons

        self.parts.lessons.set_lessons(all_lessons())
        self.files.open_at_start(paths)
        self.parts.editor.highlight()
        self.session.warm()

    def showEvent(self, event: QShowEvent) -> None:
        """Say once that the window is there."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            # Two turns of the event loop: the first paints.
            QTimer.singleShot(0, lambda: QTimer.singleShot(0, self.shown.emit))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the text and the sizes, end everything that runs; never ask."""
        self.presentation.stop()
        self.steps.playback.pause()
        self.documents.close()
        self._save_layout()
        self.exports.close()
        self._post.close()
        self.session.close()
        self.parts.canvas.shutdown()
        event.accept()

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
        self.arrangement.fit_bars(self.width())

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

    # ------------------------------------------------------------------ what is told

    def _on_edited(self) -> None:
        self.documents.set_text(self.parts.editor.text())
        self.selections.on_text_edited()

    def _on_opened(self, document: object, text: str, line: int) -> None:
        self.files.on_opened(document, text, line)  # type: ignore[arg-type]
        self.selections.on_document()
        self.arrangement.side.setTabVisible(0, True)

    def _on_document_changed(self) -> None:
        document, modified = self.documents.current, self.documents.is_modified
        title = f"{document.title} (changed)" if modified else document.title
        self.arrangement.title.setText(title)
        self.arrangement.title.setToolTip(str(document.file or document.title))
        self.setWindowTitle(f"{title} – {APP_TITLE}")
        self.setWindowFilePath(str(document.file or ""))
        self.actions_by_name["revert"].setEnabled(modified)

    def _on_step(self, _state: object) -> None:
        timeline, step = self.session.timeline, self.session.step
        there_is = timeline is not None
        last = 0 if timeline is None else timeline.step_count
        enabled = {
            "play": there_is,
            "forward": there_is and step < last,
            "to_end": there_is and step < last,
            "back": there_is and step > 0,
            "to_start": there_is and step > 0,
            "previous_pass": there_is and step > 0,
            "next_pass": there_is and step < last,
            "next_accumulation": there_is and step < last,
            "next_call": there_is and step < last and bool(self.session.selection),
            "save_recording": there_is,
            "export": there_is,
        }
        for name, is_enabled in enabled.items():
            self.actions_by_name[name].setEnabled(is_enabled)

    def _on_picture(self, _picture: object) -> None:
        self.selections.on_picture()
        self.finds.on_picture()

    def _on_selection(self, _selection: object) -> None:
        self._on_step(None)

    def _on_problem(self, problem: Problem | None) -> None:
        self.runs.on_problem(problem)

    def _on_running(self, running: bool) -> None:
        self.actions_by_name["stop"].setEnabled(running)
        self.actions_by_name["run"].setText("Run again" if running else "Run")
        self.parts.canvas.set_busy("Running …" if running else None)

    def _on_playing(self, playing: bool) -> None:
        action = self.actions_by_name["play"]
        action.setText("Pause" if playing else "Play")
        action.setIcon(icon("pause" if playing else "play", self.view.look, self.devicePixelRatioF()))
        self.parts.canvas.set_following(playing)

    def _on_toggle_requested(self, path: object) -> None:
        self.parts.canvas.set_picture(self.session.picture, path)
        self.session.toggle(tuple(path))  # type: ignore[arg-type]

    def _on_speed(self, speed: float) -> None:
        self.settings.speed = speed
        self.steps.playback.set_speed(speed)

    def _on_look(self, look: Look) -> None:
        self.parts.set_look(look)
        self.steps.set_look(look)
        self.finds.set_look(look)
        self.exports.set_look(look)
        table.set_icons(self.actions_by_name, look, self.devicePixelRatioF())
        self._on_playing(self.steps.playback.is_playing)
        self.arrangement.set_look(look)
        self.arrangement.fit_bars(self.width())
        self.actions_by_name["reduced_motion"].setChecked(look.reduced_motion)

    def _show_inspector(self) -> None:
        self.arrangement.side.setCurrentWidget(self.parts.inspector)

    def _show_lessons(self) -> None:
        self._set_panel("show_inspector", shown=True)
        self.arrangement.side.setCurrentWidget(self.parts.lessons)

    def _go_to_place(self, path: str, line: int) -> None:
        if self.runs.is_program(path):
            self._set_panel("show_editor", shown=True)
            self.parts.editor.go_to_line(line)
            self.parts.editor.setFocus()
        else:
            self.parts.message.show_message(f"That is line {line} of {path}, another file.", kind="information")

    def _cancel_work(self) -> None:
        if self.exports.is_busy:
            self.exports.cancel()
        elif self.session.is_running:
            self.session.stop()
        else:
            self.session.cancel_picture()

    def _cancel(self) -> None:
        """Esc: one thing after the other, the nearest first."""
        if not self.parts.find.isHidden():
            self.parts.find.close_bar()
        elif self.exports.is_busy or self.session.is_running or self.parts.status.work:
            self._cancel_work()
        elif not self.parts.message.isHidden():
            self.parts.message.clear()
        elif self.presentation.is_on:
            self._present()
        else:
            self.steps.playback.pause()
            self.selections.clear()

    # ------------------------------------------------------------------ actions

    def _handlers(self) -> dict[str, Callable[[], object]]:
        editor, steps = self.parts.editor, self.steps
        return {
            "new": self.documents.new,
            "open": self.files.ask_open,
            "save": self.files.save,
            "save_as": self.files.save_as,
            "save_recording": self.files.save_recording,
            "revert": self.files.revert,
            "export": self.exports.ask,
            "quit": self.close,
            "undo": editor.undo,
            "redo": editor.redo,
            "toggle_comment": editor.toggle_comment,
            "find": self.finds.open_bar,
            "find_next": self.finds.next,
            "find_previous": self.finds.previous,
            "run": self.runs.run,
            "stop": self.runs.stop,
            "play": steps.toggle_play,
            "forward": steps.forward,
            "back": steps.back,
            "to_start": steps.to_start,
            "to_end": steps.to_end,
            "next_pass": steps.next_pass,
            "previous_pass": steps.previous_pass,
            "next_accumulation": steps.next_accumulation,
            "next_call": steps.next_call,
            "fit": self.parts.canvas.fit,
            "expand": self._toggle_group,
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
            "keys": lambda: show_keys(self),
            "about": lambda: show_about(self),
            "cancel": self._cancel,
        }

    def _toggle_group(self) -> None:
        match self.session.selection:
            case ("group", path):
                self._on_toggle_requested(path)
            case _:
                picture = self.session.picture
                items = self.parts.canvas.selection
                if picture is not None and items and items[-1].kind == "box":
                    around = picture.graph.boxes[items[-1].index].group
                    if around:
                        self._on_toggle_requested(around)

    def _present(self) -> None:
        self.presentation.toggle()
        self.actions_by_name["present"].setChecked(self.presentation.is_on)

    def _toggle_reduced_motion(self) -> None:
        self.view.set_reduced_motion(not self.view.look.reduced_motion)

    def _toggle_panel(self, name: str) -> None:
        self._set_panel(name, shown=self._panels()[name].isHidden())

    def _set_panel(self, name: str, *, shown: bool) -> None:
        self._panels()[name].setVisible(shown)
        self.actions_by_name[name].setChecked(shown)
        self.settings.set_flag(name, value=shown)

    def _panels(self) -> dict[str, object]:
        arrangement = self.arrangement
        return {
            "show_editor": arrangement.program,
            "show_inspector": arrangement.side,
            "show_ledger": arrangement.ledger,
        }

    # ------------------------------------------------------------------ building

    def _build_menus(self) -> None:
        menus = {name: self.menuBar().addMenu(f"&{name}") for name in table.MENUS}
        table.fill_menus(menus, self.actions_by_name)
        recent = QMenu("Open recent", menus["File"])
        menus["File"].insertMenu(self.actions_by_name["save"], recent)
        recent.aboutToShow.connect(lambda: self.files.fill_recent(recent))
        export = QMenu("Export", menus["File"])
        self.exports.fill_menu(export)
        self.arrangement.give_menu("export", export)
        theme = QMenu("Colours", menus["View"])
        menus["View"].insertMenu(self.actions_by_name["reduced_motion"], theme)
        group = QActionGroup(theme)
        for mode, words in _THEMES:
            action = theme.addAction(words)
            action.setCheckable(True)
            action.setChecked(self.view.theme == mode)
            action.triggered.connect(lambda _checked, mode=mode: self.view.set_theme(mode))
            group.addAction(action)

    def _hidden_while_presenting(self) -> tuple[object, ...]:
        arrangement = self.arrangement
        return (self.menuBar(), arrangement.side, arrangement.ledger, self.parts.console, arrangement.title)

    def _panes(self) -> tuple[object, ...]:
        parts = self.parts
        return (parts.editor, parts.console, parts.canvas, self.arrangement.side, parts.timeline, parts.ledger)

    def _restore_layout(self) -> None:
        geometry = self.settings.layout("geometry")
        if geometry is None or not self.restoreGeometry(geometry):
            available = self.screen().availableGeometry()
            self.resize(min(_FIRST_SIZE[0], available.width()), min(_FIRST_SIZE[1], available.height()))
        if not self.arrangement.restore(self.settings):
            self.arrangement.reset(self.width(), self.height())
        for name in self._panels():
            self._set_panel(name, shown=self.settings.flag(name, default=True))

    def _save_layout(self) -> None:
        self.settings.set_layout("geometry", self.saveGeometry())
        self.arrangement.save(self.settings)
        self.settings.sync()
