"""One selection, seen everywhere: on the canvas, in the editor, in the inspector, on the timeline and in the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from graphviz_app.recording import events as ev
from graphviz_app.scene.words import short_name, snippet, was_off
from graphviz_app.ui.canvas_items import items_of, selection_of, way_items
from graphviz_app.ui.editor.line_map import LineMap
from graphviz_app.ui.editor.marks import LineMarks, LineRole
from graphviz_app.ui.source_files import PROGRAM, FileText

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.recording import Recording
    from graphviz_app.session.selection import Selection
    from graphviz_app.session.session import Session
    from graphviz_app.timeline import StepState, Timeline
    from graphviz_app.ui.canvas import Item
    from graphviz_app.ui.parts import Parts, Views

_LOOKED_AT = 8
"""Operations of a line."""
_UNSEEN = frozenset({"no_grad", "inference_mode", "detach", "item", "new_tensor"})


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
        self._roles: dict[int, dict[int, LineRole]] = {}
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
            self.show_line_of_selection()

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

    def on_line_of(self, file: int, line: int) -> None:
        """The cursor went to another line of another file."""
        self._session.select(("line", file, line))

    def on_file_shown(self, _file: int) -> None:
        """Another file is seen."""
        self._mark(self._session.state)

    def on_text_edited(self) -> None:
        """The program is no longer the one that ran: find its lines again."""
        self._failed = (None, "")
        self._match_lines()
        if self._session.selection[:2] == ("line", PROGRAM):
            # The cursor moved with the text, before it was known what lines there are now.
            self.on_line(self._parts.editor.current_line())
        self._mark(self._session.state)

    def show_line_of_selection(self) -> None:
        """Bring the selection's line into view."""
        span = self._session.selected_span()
        if span is None or self._lines is None:
            return
        line = self._lines.to_current(span.line) if span.file == PROGRAM else span.line
        if line is not None:
            self._parts.sources.show_file(span.file, line)

    def line_now(self, line: int) -> int:
        """Where a line of the program that ran is in the text now; the same line where it was changed."""
        current = None if self._lines is None else self._lines.to_current(line)
        return line if current is None else current

    def clear(self) -> None:
        """Select nothing."""
        self._session.select(())

    # ------------------------------------------------------------------ what the session says

    def on_recording(self, recording: Recording | None, timeline: Timeline | None) -> None:
        """Another run is shown."""
        self._roles = {}
        if recording is None or timeline is None:
            self._parts.sources.set_files("", {})
        else:
            files = {number: FileText(source.path, source.text) for number, source in enumerate(recording.sources)}
            files.pop(PROGRAM, None)
            self._parts.sources.set_files(recording.program.path, files)
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
        span = self._session.selected_span()
        if span is not None:
            # Another file may be seen for the first time, far from the line that is lit.
            self._parts.sources.show_file(span.file, None if span.file == PROGRAM else span.line)
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
        sources, lines = self._parts.sources, self._lines
        if lines is not None:
            sources.set_running(None if state is None or state.span is None else state.span.file)
            marks = self._marks_of(PROGRAM, state, lines.to_current)
            # The user may have written on while the program ran.
            marks = replace(marks, failed=lines.to_current(failed), failure=words)
        if marks != self._parts.editor.marks:
            self._parts.editor.set_marks(marks)
        if sources.file != PROGRAM:
            sources.set_marks(self._marks_of(sources.file, state, lambda line: line))

    def _marks_of(self, file: int, state: StepState | None, current: Callable[[int | None], int | None]) -> LineMarks:
        """The marks on the lines of a file; `current` says where a recorded line is now."""
        span = None if state is None else state.span
        selected = self._session.selected_span()
        lit = current(selected.line) if selected is not None and selected.file == file else None
        roles = {current(line): role for line, role in self._roles_in(file).items()}
        return LineMarks(
            running=None if span is None or span.file != file else current(span.line),
            lit=frozenset(() if lit is None else (lit,)),
            roles={line: role for line, role in roles.items() if line is not None},
        )

    def _roles_in(self, file: int) -> dict[int, LineRole]:
        recording, timeline = self._session.recording, self._session.timeline
        if recording is None or timeline is None:
            return {}
        if file not in self._roles:
            self._roles[file] = line_roles(recording, timeline, file)
        return self._roles[file]


def line_roles(recording: Recording, timeline: Timeline, file: int = PROGRAM) -> dict[int, LineRole]:
    """What each line of a file did; where it did several things, the most telling one."""
    columns = recording.index.events
    operations = timeline.events_of(ev.OperationRan)
    operations = operations[columns.file[operations] == file]
    recorded = _recorded_lines(recording, file)
    others = operations[~np.isin(columns.line[operations], recorded)]
    roles = dict.fromkeys(_unseen_lines(recording, others), LineRole.UNSEEN)
    roles |= dict.fromkeys(recorded, LineRole.RECORDED)
    backwards = timeline.events_of(ev.BackwardStarted)
    backwards = backwards[columns.file[backwards] == file]
    roles |= dict.fromkeys(columns.line[backwards].tolist(), LineRole.BACKWARD)
    roles.pop(ev.NONE, None)
    return roles


def _unseen_lines(recording: Recording, operations: npt.NDArray[np.int64]) -> list[int]:
    """The lines of operations that autograd was kept from seeing; of each line the first few are looked at."""
    lines = recording.index.events.line[operations]
    order = np.argsort(lines, kind="stable")
    _, firsts = np.unique(lines[order], return_index=True)
    few = [order[first : first + _LOOKED_AT] for first in firsts.tolist()]
    numbers = np.unique(operations[np.concatenate([order[:0], *few])])
    return [
        int(recording.index.events.line[number])
        for number, event in zip(numbers.tolist(), recording.events_at(numbers.tolist()), strict=True)
        if isinstance(event, ev.OperationRan)
        and (event.cut in _UNSEEN or (was_off(event) and _stands_there(recording, event)))
    ]


def _stands_there(recording: Recording, operation: ev.OperationRan) -> bool:
    """Whether the line itself has an operation: not a library's function that it calls, such as an optimizer's step."""
    text = snippet(recording, operation.span)
    return not text.endswith(")") or "=" in text.partition("(")[0] or short_name(operation.name).rstrip("_") in text


def _recorded_lines(recording: Recording, file: int) -> list[int]:
    """The lines of a file whose operations made nodes."""
    columns, index = recording.index.events, recording.index
    makers = np.unique(index.nodes.operation)
    makers = makers[(makers >= 0) & (makers < len(index.operation_events))]
    events = index.operation_events[makers]
    events = events[events != ev.NONE]
    return np.unique(columns.line[events[columns.file[events] == file]]).tolist()
