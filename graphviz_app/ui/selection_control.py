"""One selection, seen everywhere: on the canvas, in the editor, in the inspector, on the timeline and in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from graphviz_app.recording import events as ev
from graphviz_app.ui.canvas_items import items_of, selection_of, way_items
from graphviz_app.ui.editor.line_map import LineMap
from graphviz_app.ui.editor.marks import LineMarks, LineRole

if TYPE_CHECKING:
    from graphviz_app.recording import Recording
    from graphviz_app.session.selection import Selection
    from graphviz_app.session.session import Session
    from graphviz_app.timeline import StepState, Timeline
    from graphviz_app.ui.canvas import Item
    from graphviz_app.ui.parts import Parts, Views

_UNSEEN = frozenset({"no_grad", "inference_mode", "detach", "item", "new_tensor"})
PROGRAM = 0
"""The number of the program's own file in a recording."""


class SelectionControl(QObject):
    """Carries selections between the session and what shows them, and keeps the editor's marks.

    Signals:
        inspect: Something was chosen on the canvas or in a panel; the inspector should be seen.
    """

    inspect = Signal()

    def __init__(self, session: Session, parts: Parts, views: Views) -> None:
        super().__init__(views.canvas)
        self._session = session
        self._parts = parts
        self._views = views
        self._lines: LineMap | None = None
        self._roles: dict[int, LineRole] = {}
        self._failed: tuple[int | None, str] = (None, "")

    # ------------------------------------------------------------------ what the user does

    def on_canvas(self, items: tuple[Item, ...]) -> None:
        """Items were selected on the canvas."""
        picture = self._session.picture
        if picture is None:
            return
        selection = selection_of(picture, items[-1] if items else None)
        self._session.select(selection)
        if selection:
            self.inspect.emit()

    def on_item_activated(self, item: Item) -> None:
        """An item was double-clicked: go to when it runs next, and to its line."""
        picture = self._session.picture
        if picture is not None:
            self._session.select(selection_of(picture, item))
            self.inspect.emit()
            self.show_line_of_selection()

    def on_panel(self, selection: Selection) -> None:
        """A panel wants something selected."""
        self._session.select(tuple(selection))
        if selection and selection[0] != "line":
            self.inspect.emit()
        self.show_line_of_selection()

    def on_line(self, line: int) -> None:
        """The cursor went to another line of the program."""
        recorded = self._lines.to_recorded(line) if self._lines is not None else None
        self._session.select(() if recorded is None else ("line", PROGRAM, recorded))

    def on_text_edited(self) -> None:
        """The program is no longer the one that ran: find its lines again."""
        self._failed = (None, "")
        self._match_lines()
        self._mark(self._session.state)

    def show_line_of_selection(self) -> None:
        """Bring the selection's line into view."""
        span = self._session.selected_span()
        line = (
            None if span is None or span.file != PROGRAM or self._lines is None else self._lines.to_current(span.line)
        )
        if line is not None:
            self._parts.editor.show_line(line)

    def clear(self) -> None:
        """Select nothing."""
        self._session.select(())

    # ------------------------------------------------------------------ what the session says

    def on_recording(self, recording: Recording | None, timeline: Timeline | None) -> None:
        """Another run is shown."""
        self._roles = {} if recording is None or timeline is None else line_roles(recording, timeline)
        self._match_lines()

    def on_document(self) -> None:
        """Another text is in the editor."""
        self._failed = (None, "")
        self._match_lines()
        self._mark(self._session.state)

    def on_step(self, state: StepState | None) -> None:
        """The cursor moved."""
        self._mark(state)

    def on_failed_line(self, line: int | None, words: str) -> None:
        """A line of the program failed, or none any more."""
        self._failed = (line, words)
        self._mark(self._session.state)

    def on_selection(self, selection: Selection) -> None:
        """Something else is selected."""
        self._show_on_canvas(selection)
        for panel in (self._views.inspector, self._views.timeline, self._views.ledger):
            panel.set_selection(selection)
        self._mark(self._session.state)

    def on_picture(self) -> None:
        """Another picture: the same things are selected in it."""
        self._show_on_canvas(self._session.selection)

    def _show_on_canvas(self, selection: Selection) -> None:
        picture = self._session.picture
        if picture is None:
            return
        canvas = self._views.canvas
        items = items_of(picture, selection)
        match selection:
            case ("line", *_):
                canvas.set_selection(())
                canvas.set_lit(items)
            case ("leaf", *_):
                canvas.set_selection(items)
                canvas.set_lit(way_items(picture, selection))
            case _:
                canvas.set_selection(items)
                canvas.set_lit(())

    # ------------------------------------------------------------------ marks

    def _match_lines(self) -> None:
        recording = self._session.recording
        if recording is None:
            self._lines = None
        else:
            self._lines = LineMap(recording.program.source, self._parts.editor.text())

    def _mark(self, state: StepState | None) -> None:
        failed, words = self._failed
        marks = LineMarks(failed=failed, failure=words)
        lines = self._lines
        if lines is not None:
            span = None if state is None else state.span
            selected = self._session.selected_span()
            lit = {lines.to_current(selected.line)} if selected is not None and selected.file == PROGRAM else set()
            roles = {lines.to_current(line): role for line, role in self._roles.items()}
            marks = LineMarks(
                running=None if span is None or span.file != PROGRAM else lines.to_current(span.line),
                failed=failed,
                failure=words,
                lit=frozenset(line for line in lit if line is not None),
                roles={line: role for line, role in roles.items() if line is not None},
            )
        if marks != self._parts.editor.marks:
            self._parts.editor.set_marks(marks)


def line_roles(recording: Recording, timeline: Timeline) -> dict[int, LineRole]:
    """What each line of the program did; where it did several things, the most telling one."""
    columns = recording.index.events
    operations = timeline.events_of(ev.OperationRan)
    operations = operations[columns.file[operations] == PROGRAM]
    roles: dict[int, LineRole] = {}
    _, firsts = np.unique(columns.line[operations], return_index=True)
    for number in operations[firsts].tolist():
        event = recording.event(number)
        if isinstance(event, ev.OperationRan) and event.cut in _UNSEEN:
            roles[int(columns.line[number])] = LineRole.UNSEEN
    roles |= dict.fromkeys(_recorded_lines(recording), LineRole.RECORDED)
    backwards = timeline.events_of(ev.BackwardStarted)
    backwards = backwards[columns.file[backwards] == PROGRAM]
    roles |= dict.fromkeys(columns.line[backwards].tolist(), LineRole.BACKWARD)
    roles.pop(ev.NONE, None)
    return roles


def _recorded_lines(recording: Recording) -> list[int]:
    """The lines of the program whose operations made nodes."""
    columns, index = recording.index.events, recording.index
    makers = np.unique(index.nodes.operation)
    makers = makers[(makers >= 0) & (makers < len(index.operation_events))]
    events = index.operation_events[makers]
    events = events[events != ev.NONE]
    return np.unique(columns.line[events[columns.file[events] == PROGRAM]]).tolist()
