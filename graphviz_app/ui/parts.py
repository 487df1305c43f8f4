"""All widgets of the window, made but not yet connected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphviz_app.ui.canvas import Canvas
from graphviz_app.ui.console import Console
from graphviz_app.ui.editor.code_editor import CodeEditor
from graphviz_app.ui.find_bar import FindBar
from graphviz_app.ui.lessons_panel import LessonsPanel
from graphviz_app.ui.message_bar import MessageBar
from graphviz_app.ui.panels.ledger import LedgerPanel
from graphviz_app.ui.panels.timeline_strip import TimelineStrip
from graphviz_app.ui.status import StatusLine
from graphviz_app.ui.transport import PassChooser, SpeedControl, StepCounter

if TYPE_CHECKING:
    from graphviz_app.ui.look import Look


@dataclass
class Parts:
    """The widgets, by what they are."""

    editor: CodeEditor
    console: Console
    canvas: Canvas
    inspector: Any
    lessons: LessonsPanel
    timeline: TimelineStrip
    ledger: LedgerPanel
    message: MessageBar
    find: FindBar
    speed: SpeedControl
    passes: PassChooser
    steps: StepCounter
    status: StatusLine

    def set_look(self, look: Look) -> None:
        """Give all of them another look."""
        for part in (self.editor, self.console, self.lessons, self.message, self.find):
            part.set_look(look)
        for part in (self.speed, self.passes, self.steps, self.status):
            part.set_look(look)


def build_parts(look: Look, speed: float) -> Parts:
    """Make all widgets."""
    return Parts(
        editor=CodeEditor(look),
        console=Console(look),
        canvas=Canvas(),
        inspector=_inspector(),
        lessons=LessonsPanel(look),
        timeline=TimelineStrip(),
        ledger=LedgerPanel(),
        message=MessageBar(look),
        find=FindBar(look),
        speed=SpeedControl(look, speed),
        passes=PassChooser(look),
        steps=StepCounter(look),
        status=StatusLine(look),
    )


def _inspector():
    from PySide6.QtCore import Signal
    from PySide6.QtWidgets import QLabel
    class Inspector(QLabel):
        step_requested = Signal(int)
        selection_requested = Signal(object)
        def set_recording(self, *a): pass
        def set_state(self, *a): pass
        def set_selection(self, *a): self.setText(str(a))
    return Inspector()
