"""Everything that works on recordings: the session, the views, and who tells whom between them.

It is made a moment after the window is shown, because numpy takes longer to import than the whole window to appear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject

from graphviz_app.ui.canvas_menu import CanvasMenu
from graphviz_app.ui.export_control import ExportControl
from graphviz_app.ui.find_control import FindControl
from graphviz_app.ui.icons import icon
from graphviz_app.ui.parts import Views, build_views
from graphviz_app.ui.run_control import RunControl
from graphviz_app.ui.selection_control import SelectionControl
from graphviz_app.ui.source_files import PROGRAM
from graphviz_app.ui.step_control import StepControl

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.session.arrangement import Base
    from graphviz_app.session.session import Session
    from graphviz_app.ui.canvas.frame import PictureLike
    from graphviz_app.ui.desk import Desk
    from graphviz_app.ui.documents import Document
    from graphviz_app.ui.look import Look
    from graphviz_app.ui.parts import Parts
    from graphviz_app.ui.post import Post
    from graphviz_app.ui.window import MainWindow

_RUNNING = "The program runs: its graph appears when it has ended, or when you stop it."
_WAITING = "The program waits for input: type it below the console, then press Enter."


class Workbench(QObject):
    """The session with its controls and views, put into a window."""

    def __init__(self, window: MainWindow, desk: Desk, session: Session, post: Post) -> None:
        super().__init__(window)
        self._window, self._desk = window, desk
        self._actions = desk.actions_by_name
        self.session = session
        self.parts = parts = desk.parts
        self.views = views = build_views()
        look = window.view.look
        self.runs = RunControl(session, window.documents, parts)
        self.steps = StepControl(session, parts, views, look, window.settings.speed)
        self.selections = SelectionControl(session, parts, views)
        self.finds = FindControl(session, parts, views, look)
        self.exports = ExportControl(window, session, window.documents, parts, post, look)
        desk.arrangement.put_views(views)
        self.menu = CanvasMenu(self)
        self._listen_to_session(session)
        self._listen_to_views(views)
        self._listen_to_parts(parts)
        self._listen_to_controls()
        views.canvas.set_following(True)
        self._actions["labels"].setChecked(True)
        self.set_look(look)
        self._enable_steps()
        self._on_running(running=False)

    # ------------------------------------------------------------------ who listens to whom

    def _listen_to_session(self, session: Session) -> None:
        session.run_started.connect(self.runs.on_started)
        session.run_progress.connect(self.runs.on_progress)
        session.run_ended.connect(self.runs.on_ended)
        session.recording_changed.connect(self.steps.on_recording)
        session.recording_changed.connect(self.selections.on_recording)
        session.recording_changed.connect(self._on_recording)
        session.step_changed.connect(self.steps.on_step)
        session.step_changed.connect(self.selections.on_step)
        session.step_changed.connect(self._on_step)
        session.picture_changed.connect(self.steps.on_picture)
        session.picture_changed.connect(self._on_picture)
        session.picture_busy.connect(self.steps.on_picture_busy)
        session.selection_changed.connect(self.selections.on_selection)
        session.selection_changed.connect(self._on_selection)
        session.problem.connect(self.runs.on_problem)

    def _listen_to_views(self, views: Views) -> None:
        views.canvas.selection_changed.connect(self.selections.on_canvas)
        views.canvas.item_activated.connect(self.selections.on_item_activated)
        views.canvas.toggle_requested.connect(self.toggle_group)
        views.canvas.cancel_requested.connect(self.session.cancel_picture)
        for panel in (views.timeline, views.ledger, views.inspector):
            panel.step_requested.connect(self.steps.seek)
            panel.selection_requested.connect(self.selections.on_panel)

    def _listen_to_parts(self, parts: Parts) -> None:
        parts.editor.edited.connect(self.selections.on_text_edited)
        parts.editor.edited.connect(self.runs.on_edited)
        parts.editor.line_chosen.connect(self.selections.on_line)
        parts.sources.line_chosen.connect(self.selections.on_line_of)
        parts.sources.file_shown.connect(self.selections.on_file_shown)
        parts.sources.zoom_requested.connect(self._window.view.zoom_by)
        parts.console.input_given.connect(self.runs.on_input)
        parts.console.input_ended.connect(self.session.close_input)
        parts.console.place_clicked.connect(self.go_to_place)
        parts.message.line_requested.connect(self.go_to_place)
        parts.speed.speed_chosen.connect(self._on_speed)
        parts.passes.chapter_chosen.connect(self.session.go_to_chapter)
        parts.steps.step_requested.connect(self.steps.seek)
        parts.find.query_changed.connect(self.finds.look_for)
        parts.find.moved.connect(self.finds.move)
        parts.find.closed.connect(self.finds.close)
        parts.status.cancel_requested.connect(self.cancel_work)

    def _listen_to_controls(self) -> None:
        self.runs.running_changed.connect(self._on_running)
        self.runs.waiting_changed.connect(self._on_waiting)
        self.runs.failed_line_changed.connect(self.selections.on_failed_line)
        self.steps.playback.playing_changed.connect(self._on_playing)
        self.selections.inspect.connect(self._show_inspector)
        self._window.view.look_changed.connect(self.set_look)
        self._window.documents.opened.connect(self._on_document)

    # ------------------------------------------------------------------ what is told

    def _on_document(self, document: Document, _text: str, _line: int) -> None:
        recording = self.session.recording
        if recording is not None and recording.program.path != document.path:
            # The graph of another program beside this one would only mislead.
            self.session.clear()
        self.selections.on_document()

    def _on_recording(self, _recording: object, _timeline: object) -> None:
        # The timeline has other rows now.
        self._desk.fit()
        if self.runs.wants_keyboard() and self.parts.editor.hasFocus():
            self.views.canvas.setFocus()

    def _on_step(self, _state: object) -> None:
        self._enable_steps()

    def _on_selection(self, _selection: object) -> None:
        self._enable_steps()

    def _enable_steps(self) -> None:
        timeline, step = self.session.timeline, self.session.step
        there_is = timeline is not None
        has_next = timeline is not None and step < timeline.step_count
        has_previous = there_is and step > 0
        enabled: dict[str, bool] = dict.fromkeys(("play", "save_recording", "export"), there_is)
        enabled |= dict.fromkeys(("forward", "to_end", "next_pass"), has_next)
        enabled |= dict.fromkeys(("back", "to_start", "previous_pass"), has_previous)
        enabled["next_accumulation"] = timeline is not None and timeline.next_accumulation(step) is not None
        enabled["next_call"] = has_next and self.steps.next_call_of(self.session.selection) is not None
        for name, is_enabled in enabled.items():
            self._actions[name].setEnabled(is_enabled)

    def _on_picture(self, _picture: object) -> None:
        self.selections.on_picture()
        self.finds.on_picture()

    def _on_running(self, running: bool) -> None:
        self._actions["stop"].setEnabled(running)
        self.views.set_running(running=running)
        self.views.canvas.set_busy("Running …" if running else None)
        if self.session.timeline is None:
            self.parts.status.set_caption(_RUNNING if running else "")

    def _on_waiting(self, waiting: bool) -> None:
        self.views.canvas.set_busy("The program waits for input" if waiting else "Running …")
        if self.session.timeline is None:
            self.parts.status.set_caption(_WAITING if waiting else _RUNNING)

    def _on_playing(self, playing: bool) -> None:
        action = self._actions["play"]
        action.setText("Pause" if playing else "Play")
        action.setIcon(icon("pause" if playing else "play", self._window.view.look, self._window.devicePixelRatioF()))

    def toggle_group(self, path: tuple[str, ...]) -> None:
        """Open or close a group; it stays under the pointer."""
        self.views.canvas.set_picture(cast("PictureLike | None", self.session.picture), path)
        self.session.toggle(tuple(path))

    def _on_speed(self, speed: float) -> None:
        self._window.settings.speed = speed
        self.steps.playback.set_speed(speed)

    def _show_inspector(self) -> None:
        self._desk.arrangement.side.setCurrentWidget(self.views.inspector)

    def set_look(self, look: Look) -> None:
        """Take over colours and sizes."""
        self.steps.set_look(look)
        self.finds.set_look(look)
        self.exports.set_look(look)
        self._on_playing(self.steps.playback.is_playing)

    def go_to_place(self, path: str, line: int) -> None:
        """Show a line of the program; of another file, say which."""
        if self.runs.is_program(path):
            self._desk.set_panel("show_editor", shown=True)
            self.parts.sources.show_file(PROGRAM)
            self.parts.editor.go_to_line(self.selections.line_now(line))
            self.parts.editor.setFocus()
        elif (file := self.parts.sources.number_of(path)) is not None:
            self._desk.set_panel("show_editor", shown=True)
            self.session.select(("line", file, line))
            self.selections.show_line_of_selection()
        else:
            self.parts.message.show_message(f"That is line {line} of {path}, another file.", kind="information")

    # ------------------------------------------------------------------ what takes long, and actions

    @property
    def is_busy(self) -> bool:
        """Whether something takes long that can be cancelled."""
        return self.exports.is_busy or self.session.is_running or bool(self.parts.status.work)

    def cancel_work(self) -> None:
        """Cancel what takes long: an export, else the run, else the layout."""
        if self.exports.is_busy:
            self.exports.cancel()
        elif self.session.is_running:
            self.session.stop()
        else:
            self.session.cancel_picture()

    def rest(self) -> None:
        """Esc with nothing in the way: pause, and select nothing."""
        self.steps.playback.pause()
        self.selections.clear()

    def close(self) -> None:
        """End everything that runs."""
        self.steps.close()
        self.exports.close()
        self.session.close()
        self.views.canvas.shutdown()

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions on recordings do, by their names."""
        steps = self.steps
        return {
            "export": self.exports.ask,
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
            "fit": self.views.canvas.fit,
            "expand": self._toggle_group,
            "expand_all": lambda: self._arrange_groups("all"),
            "collapse_all": lambda: self._arrange_groups("none"),
            "expand_some": lambda: self._arrange_groups("first sight"),
            "turn": self.turn,
            "labels": self._toggle_labels,
        }

    def _toggle_labels(self) -> None:
        self.steps.set_labels(self._actions["labels"].isChecked())

    def turn(self) -> None:
        """Let gradients flow to the right instead of down, or down again."""
        self.session.turn("LR" if self.session.arrangement.direction == "TB" else "TB")

    def _arrange_groups(self, base: Base) -> None:
        self.session.arrange(self.session.arrangement.with_base(base))

    def _toggle_group(self) -> None:
        """Open or close the selected group, else close the one around what is selected."""
        match self.session.selection:
            case ("group", path):
                self.toggle_group(path)
                return
            case _:
                picture, items = self.session.picture, self.views.canvas.selection
        if picture is not None and items and items[-1].kind == "box":
            around = picture.graph.boxes[items[-1].index].group
            if around:
                self.toggle_group(around)
