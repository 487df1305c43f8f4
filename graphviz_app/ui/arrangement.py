"""Where everything stands in the window, and how the sizes are remembered."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QLabel,
    QMenu,
    QSizePolicy,
    QSplitter,
    QTabWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from graphviz_app.ui.elided import ElidedLabel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMainWindow

    from graphviz_app.ui.look import Look
    from graphviz_app.ui.parts import Parts, Views
    from graphviz_app.ui.settings import Settings

STEP_ACTIONS = ("to_start", "back", "play", "forward", "to_end", "next_pass", "next_accumulation", "next_call")
_LAYOUT_VERSION = "1"
_SIDE_SHARE = 0.33
"""Of the width, for the program at most, and likewise for the inspector: the graph between them has the rest."""
_COLUMNS_SHARE = 0.4
"""Of the height, for program, graph and inspector at least, where the timeline and the ledger can do with less."""


class Arrangement:
    """The window's splitters, tabs and toolbars.

    Attributes:
        program: The left side: title, editor and console.
        side: The right side: lessons and inspector.
        ledger: The ledger at the bottom.
    """

    def __init__(self, window: QMainWindow, parts: Parts, actions: Mapping[str, QAction]) -> None:
        self._window = window
        self._parts = parts
        self._actions = actions
        self.title = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self.title.setObjectName("panelTitle")
        self.editor_and_console = _splitter(Qt.Orientation.Vertical, (parts.sources, 3), (parts.console, 1))
        self.program = _column(self.title, self.editor_and_console)
        self.graph_place = _hint("Press Run (F5) to see the graph that autograd builds")
        self.centre = _column(parts.find, self.graph_place)
        self.side = QTabWidget()
        self.side.setDocumentMode(True)
        self.side.addTab(parts.lessons, "Lesson")
        self.inspector_place = _hint("Select a box or an arrow")
        self.side.addTab(self.inspector_place, "Inspector")
        self.side.setTabToolTip(0, "What this lesson is about, and what to try (Ctrl+L).")
        self.side.setTabToolTip(1, "Everything about what is selected.")
        self.timeline: QWidget = _hint("")
        self.ledger: QWidget = _hint("")
        self.columns = _splitter(Qt.Orientation.Horizontal, (self.program, 0), (self.centre, 1), (self.side, 0))
        self.rows = _splitter(Qt.Orientation.Vertical, (self.columns, 1), (self.timeline, 0), (self.ledger, 0))
        window.setCentralWidget(_column(parts.message, self.rows, parts.status))
        self._is_touched = False
        self._zoom = 1.0
        for splitter in self._splitters.values():
            splitter.splitterMoved.connect(self._on_moved)
        self.run_bar = self._build_run_bar()
        self.step_bar = self._bar("Steps", STEP_ACTIONS)
        self.step_bar.addWidget(parts.speed)
        self.place_bar = self._build_place_bar()
        self.tool_bar = self._build_tool_bar()
        for bar in self.bars:
            window.addToolBar(bar)
        self._bar_rows: tuple[tuple[QToolBar, ...], ...] = (self.bars,)

    def put_views(self, views: Views) -> None:
        """Put the widgets that show recordings where their places were kept."""
        sizes = self.rows.sizes()
        views.ledger.setContentsMargins(8, 0, 4, 0)
        for place, view in ((self.timeline, views.timeline), (self.ledger, views.ledger)):
            view.setVisible(not place.isHidden())
            self.rows.replaceWidget(self.rows.indexOf(place), view)
            place.deleteLater()
        self.timeline, self.ledger = views.timeline, views.ledger
        for index in range(self.rows.count()):
            self.rows.setCollapsible(index, False)
        self.rows.setSizes(sizes)
        column = self.centre.layout()
        assert column is not None
        column.replaceWidget(self.graph_place, views.canvas)
        column.addWidget(views.legend)
        self.graph_place.deleteLater()
        chosen, hint = self.side.currentIndex(), self.inspector_place
        tip = self.side.tabToolTip(1)
        self.side.removeTab(1)
        self.side.addTab(views.inspector, "Inspector")
        self.side.setTabToolTip(1, tip)
        self.side.setCurrentIndex(chosen)
        hint.deleteLater()

    @property
    def bars(self) -> tuple[QToolBar, ...]:
        """The toolbars in their order."""
        return (self.run_bar, self.step_bar, self.place_bar, self.tool_bar)

    def set_look(self, look: Look) -> None:
        """Take over sizes."""
        self._zoom = look.zoom
        for bar in self.bars:
            extent = look.pixels(18)
            bar.setIconSize(bar.iconSize().scaled(extent, extent, Qt.AspectRatioMode.IgnoreAspectRatio))
        for splitter in (self.rows, self.columns, self.editor_and_console):
            splitter.setHandleWidth(max(4, look.pixels(5)))
        self.title.setFont(look.ui_font(bold=True))

    def _reset(self, width: int, height: int) -> None:
        """The sizes of a first start, in a window of that size."""
        zoom = self._zoom
        left, right = (
            min(max(round(250 * zoom), round(width * share)), round(width * _SIDE_SHARE)) for share in (0.3, 0.21)
        )
        self.columns.setSizes([left, max(width - left - right, 200), right])
        self.rows.setSizes(self._shared_out(height))
        self.editor_and_console.setSizes([round(height * 0.5), round(height * 0.16)])

    def _shared_out(self, height: int) -> list[int]:
        """The heights of the columns, the timeline and the ledger in a window of that height.

        Where it is low, the timeline's rows are first to be less high, then the ledger.
        """
        others = (self._window.menuBar(), self._parts.status, *(row[0] for row in self._bar_rows))
        room = height - sum(widget.sizeHint().height() for widget in others if not widget.isHidden())
        if not self._parts.message.isHidden():
            room -= self._parts.message.heightForWidth(self._window.width())
        timeline, least = (hint.height() for hint in (self.timeline.sizeHint(), self.timeline.minimumSizeHint()))
        ledger = min(max(self.ledger.sizeHint().height(), round(height * 0.17)), round(220 * self._zoom))
        lack = max(round(room * _COLUMNS_SHARE) - (room - timeline - ledger), 0)
        saved = min(lack, timeline - least)
        ledger -= min(lack - saved, max(ledger - self.ledger.minimumSizeHint().height(), 0))
        return [max(room - timeline + saved - ledger, 1), timeline - saved, ledger]

    def restore(self, settings: Settings) -> bool:
        """The sizes of the last time; False where there are none."""
        found = [settings.layout(f"{name}-{_LAYOUT_VERSION}") for name in self._splitters]
        if any(state is None for state in found):
            return False
        for splitter, state in zip(self._splitters.values(), found, strict=True):
            if state is not None:
                splitter.restoreState(state)
        self._is_touched = True
        return True

    def save(self, settings: Settings) -> None:
        """Remember the sizes, where the user chose them."""
        if not self._is_touched:
            return
        for name, splitter in self._splitters.items():
            settings.set_layout(f"{name}-{_LAYOUT_VERSION}", splitter.saveState())

    def fit(self, width: int, height: int) -> None:
        """Fit a window of that size: one row of toolbars where they fit, first sizes until the user moves a border."""
        self._fit_bars(width)
        if not self._is_touched:
            self._reset(width, height)

    def _fit_bars(self, width: int) -> None:
        self._show_words(wanted=True)
        if sum(map(_wanted_width, self.bars)) > width:
            self._show_words(wanted=False)
        run, steps, place, tools = self.bars
        ways = (
            ((run, steps, place, tools),),
            ((run, tools), (steps, place)),
            ((run, place, tools), (steps,)),
            ((run, tools), (steps,), (place,)),
        )
        fitting = (way for way in ways if all(sum(map(_wanted_width, row)) <= width for row in way))
        self._put_bars(next(fitting, ((run,), (steps,), (place,), (tools,))))

    def _put_bars(self, rows: tuple[tuple[QToolBar, ...], ...]) -> None:
        if rows == self._bar_rows:
            return
        self._bar_rows = rows
        for bar in self.bars:
            if self._window.toolBarBreak(bar):
                self._window.removeToolBarBreak(bar)
        order = [bar for row in rows for bar in row]
        for before, bar in reversed(list(pairwise(order))):
            self._window.insertToolBar(bar, before)
        for row in rows[1:]:
            self._window.insertToolBarBreak(row[0])

    @property
    def _splitters(self) -> dict[str, QSplitter]:
        return {"rows": self.rows, "columns": self.columns, "program": self.editor_and_console}

    def _on_moved(self, _position: int, _index: int) -> None:
        self._is_touched = True

    def _show_words(self, *, wanted: bool) -> None:
        style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if wanted else Qt.ToolButtonStyle.ToolButtonIconOnly
        self.tool_bar.setToolButtonStyle(style)

    def _build_run_bar(self) -> QToolBar:
        bar = self._bar("Run and stop", ("run", "stop"))
        run = bar.widgetForAction(self._actions["run"])
        if isinstance(run, QToolButton):
            run.setObjectName("run")
            run.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        return bar

    def _build_place_bar(self) -> QToolBar:
        bar = self._bar("Pass and step", ())
        for widget in (self._parts.passes, self._parts.steps):
            bar.addWidget(widget)
        return bar

    def _build_tool_bar(self) -> QToolBar:
        bar = self._bar("Tools", ())
        spring = QWidget()
        spring.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(spring)
        self._add(bar, ("find", "export", "present", "show_lessons"))
        return bar

    def _bar(self, title: str, names: tuple[str, ...]) -> QToolBar:
        bar = QToolBar(title)
        bar.setObjectName(title)
        bar.setAccessibleName(title)
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._add(bar, names)
        return bar

    def _add(self, bar: QToolBar, names: tuple[str, ...]) -> None:
        for name in names:
            action = self._actions[name]
            bar.addAction(action)
            button = bar.widgetForAction(action)
            button.setAccessibleName(action.text())
            button.setAccessibleDescription(action.toolTip())

    def give_menu(self, name: str, menu: QMenu) -> None:
        """Let an action's button also open a menu."""
        for bar in self.bars:
            button = bar.widgetForAction(self._actions[name])
            if isinstance(button, QToolButton):
                button.setMenu(menu)
                button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)


def _splitter(orientation: Qt.Orientation, *children: tuple[QWidget, int]) -> QSplitter:
    splitter = QSplitter(orientation)
    for index, (child, stretch) in enumerate(children):
        splitter.addWidget(child)
        splitter.setStretchFactor(index, stretch)
        splitter.setCollapsible(index, False)
    return splitter


def _wanted_width(bar: QToolBar) -> int:
    """How wide a toolbar wants to be now; by itself it finds out only when the event loop runs."""
    layout = bar.layout()
    assert layout is not None
    layout.invalidate()
    return layout.sizeHint().width()


def _hint(text: str) -> QLabel:
    hint = QLabel(text)
    hint.setObjectName("dim")
    hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
    hint.setWordWrap(True)
    return hint


def _column(*children: QWidget) -> QWidget:
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for child in children:
        layout.addWidget(child)
    layout.setStretchFactor(children[1], 1)
    return column
