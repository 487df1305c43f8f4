"""The widgets of the window, made but not yet connected.

In two lots, because the window should be there before numpy is: the `Parts` are needed for its first picture, the
`Views` show recordings and come a moment later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphviz_app.ui.console import Console
from graphviz_app.ui.find_bar import FindBar
from graphviz_app.ui.lessons_panel import LessonsPanel
from graphviz_app.ui.message_bar import MessageBar
from graphviz_app.ui.source_files import SourceFiles
from graphviz_app.ui.status import StatusLine
from graphviz_app.ui.transport import PassChooser, SpeedControl, StepCounter

if TYPE_CHECKING:
    from graphviz_app.ui.canvas import Canvas
    from graphviz_app.ui.colouring_legend import ColouringLegend
    from graphviz_app.ui.editor.code_editor import CodeEditor
    from graphviz_app.ui.look import Look
    from graphviz_app.ui.panels.inspector import Inspector
    from graphviz_app.ui.panels.ledger import LedgerPanel
    from graphviz_app.ui.panels.timeline_strip import TimelineStrip


@dataclass(frozen=True)
class Parts:
    """The widgets that are there from the start."""

    editor: CodeEditor
    sources: SourceFiles
    console: Console
    lessons: LessonsPanel
    message: MessageBar
    find: FindBar
    speed: SpeedControl
    passes: PassChooser
    steps: StepCounter
    status: StatusLine

    def set_look(self, look: Look) -> None:
        """Give all of them another look, but for the editor, which was there before them."""
        self.sources.set_look(look)
        self.console.set_look(look)
        self.lessons.set_look(look)
        self.message.set_look(look)
        self.find.set_look(look)
        self.speed.set_look(look)
        self.passes.set_look(look)
        self.steps.set_look(look)
        self.status.set_look(look)


@dataclass(frozen=True)
class Views:
    """The widgets that show a recording."""

    canvas: Canvas
    inspector: Inspector
    timeline: TimelineStrip
    ledger: LedgerPanel
    legend: ColouringLegend

    def set_running(self, *, running: bool) -> None:
        """What is still empty says whether it will be filled."""
        for panel in (self.timeline, self.ledger, self.inspector):
            panel.set_running(running=running)


def build_parts(editor: CodeEditor, look: Look, speed: float) -> Parts:
    """Make what stands around the editor."""
    return Parts(
        editor=editor,
        sources=SourceFiles(editor, look),
        console=Console(look),
        lessons=LessonsPanel(look),
        message=MessageBar(look),
        find=FindBar(look),
        speed=SpeedControl(look, speed),
        passes=PassChooser(look),
        steps=StepCounter(look),
        status=StatusLine(look),
    )


def build_views() -> Views:
    """Make what shows recordings; imports numpy."""
    from PySide6.QtWidgets import QComboBox

    from graphviz_app.ui.canvas import Canvas
    from graphviz_app.ui.colouring_legend import ColouringLegend
    from graphviz_app.ui.panels.inspector import Inspector
    from graphviz_app.ui.panels.ledger import LedgerPanel
    from graphviz_app.ui.panels.timeline_strip import TimelineStrip

    views = Views(Canvas(), Inspector(), TimelineStrip(), LedgerPanel(), ColouringLegend())
    for view in (views.inspector, views.ledger):
        for chooser in view.findChildren(QComboBox):
            chooser.setToolTip(chooser.toolTip() or chooser.accessibleName())
    return views
