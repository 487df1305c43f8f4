"""The inspector: all about what is selected, or what runs now."""

from __future__ import annotations

import html
import re
import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication, QScrollArea, QVBoxLayout, QWidget

from graphviz_app.ui.panels.fact_section import SectionWidget
from graphviz_app.ui.panels.facts import Fact, Page, Value
from graphviz_app.ui.panels.facts_page import page_of
from graphviz_app.ui.panels.formula_press import FormulaPress
from graphviz_app.ui.panels.labels import label

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QShowEvent

    from graphviz_app.recording import Recording
    from graphviz_app.timeline import StepState, Timeline

_NOTHING_RUN = "Run a program, then select a node, an edge or a leaf: all that is known about it is shown here."
_RUNNING = (
    "The program runs. When it has ended, select a node, an edge or a leaf: all that is known about it is shown here."
)
_NOTHING_SELECTED = "Select a node, an edge or a leaf, or step on: what runs now is shown here."
_SHORT = 16
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=::)(?=\w)|(?<=\.)(?=\w)")
_REST = 0.12
"""Seconds between two steps from which on they are not said to fly by."""
_LONGEST_WAIT = 0.5
"""Seconds after which it is filled in, rest or not."""


class Inspector(QScrollArea):
    """Sections of facts; which of them are open is remembered as long as the window lives.

    Signals:
        step_requested(int): The user wants to go to a step.
        selection_requested(object): ("node", n), ("leaf", n), ("edge", n), ("operation", n) or ("line", file, line).
    """

    step_requested = Signal(int)
    selection_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__(parent)
        self._state: StepState | None = None
        self._selection: tuple[Any, ...] = ()
        self._clock = clock
        self._asked = self._stale_since = -1e9
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._look_up)
        self._coming: Page | None = None
        self._is_due = False
        self._filling = QTimer(self)
        self._filling.setSingleShot(True)
        self._filling.timeout.connect(self._fill)
        self._page: Page | None = None
        self._stale = False
        self._to_top = False
        self._has_recording = self._is_running = False
        self._open: dict[str, bool] = {}
        self._open_values: dict[str, bool] = {}
        self._sections: dict[str, SectionWidget] = {}
        self._press = FormulaPress()
        self._press.setParent(self)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Always there, so that what it shows does not change its width with its length.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setAccessibleName("Inspector")
        self._content = QWidget(self)
        self._rows = QVBoxLayout(self._content)
        self._title, self._subtitle = label(self._content), label(self._content)
        self._rows.addWidget(self._title)
        self._rows.addWidget(self._subtitle)
        self._rows.addStretch(1)
        self.setWidget(self._content)
        self._follow_font()
        self._show(None)

    # -- data in -----------------------------------------------------------------------------------

    def set_recording(self, recording: Recording | None, timeline: Timeline | None) -> None:  # noqa: ARG002
        """Another run: what was selected in the last one is no longer there."""
        self._has_recording = recording is not None
        self._state = None
        self._selection = ()
        self._update()

    def set_running(self, *, running: bool) -> None:
        """While nothing is shown, say whether something will be."""
        self._is_running = running
        if self._page is None:
            self._subtitle.setText(self._hint)

    def set_state(self, state: StepState | None) -> None:
        """Follow the cursor."""
        self._state = state
        self._update()

    def set_selection(self, selection: tuple[Any, ...]) -> None:
        """Show something else."""
        if selection != self._selection:
            self._selection = selection
            self._to_top = True
            self._update()

    @property
    def page(self) -> Page | None:
        """What is shown."""
        return self._page

    def close_press(self) -> None:
        """Wait for the formula that is being printed; for those who take the inspector apart."""
        self._press.close()

    # -- inside ------------------------------------------------------------------------------------

    def _update(self) -> None:
        """Fill in what is seen soon: the canvas comes first, and while steps fly by the inspector waits for a rest."""
        now = self._clock()
        resting = now - self._asked > _REST
        if not self._stale:
            self._stale_since = now
        self._stale, self._asked = True, now
        if not self.isVisible():
            return
        left = self._stale_since + _LONGEST_WAIT - now
        self._soon.start(0 if resting else max(round(1000 * min(_REST, left)), 0))

    def catch_up(self) -> None:
        """Fill in at once what would be filled in soon."""
        self._look_up()
        self._fill()

    def _look_up(self) -> None:
        """Find out what is to be shown; showing it waits for the next turn, so that a key pressed now does not."""
        if self._stale and self.isVisible():
            self._stale = False
            self._coming = None if self._state is None else page_of(self._state, self._selection)
            self._is_due = True
            self._filling.start()

    def _fill(self) -> None:
        if self._is_due:
            self._is_due = False
            self._filling.stop()
            self._show(self._coming)

    def _show(self, page: Page | None) -> None:
        # Each child that is shown or hidden would have everything laid out again at once: this way it happens once.
        focus = QApplication.focusWidget()
        inside = focus is not None and self._content.isAncestorOf(focus)
        self._content.hide()
        self._page = page
        self._title.setText(
            "" if page is None else f'<b style="font-size:large">{html.escape(_breakable(page.title))}</b>'
        )
        self._title.setVisible(page is not None)
        self._subtitle.setText(self._hint if page is None else page.subtitle)
        shown = {one.title: one for one in (() if page is None else page.sections)}
        for place, (title, section) in enumerate(shown.items()):
            widget = self._section(title)
            if self._rows.indexOf(widget) != place + 2:
                self._rows.removeWidget(widget)
                self._rows.insertWidget(place + 2, widget)
            widget.show_section(section, is_open=self._open.get(title, section.open), open_values=self._open_values)
            widget.setVisible(True)
        for title, widget in self._sections.items():
            if title not in shown:
                widget.setVisible(False)
        self._forget_old_lines(shown)
        if self._to_top:
            self._to_top = False
            self.verticalScrollBar().setValue(0)
        self._content.show()
        if inside and focus is not None and focus.isVisible():
            focus.setFocus()

    @property
    def _hint(self) -> str:
        if self._has_recording:
            return _NOTHING_SELECTED
        return _RUNNING if self._is_running else _NOTHING_RUN

    def _section(self, title: str) -> SectionWidget:
        if title not in self._sections:
            widget = SectionWidget(title, self._press, self._content)
            widget.followed.connect(self._follow)
            widget.opened.connect(self._open.__setitem__)
            widget.value_opened.connect(self._open_values.__setitem__)
            self._sections[title] = widget
            self._rows.insertWidget(self._rows.count() - 1, widget)
        return self._sections[title]

    def _forget_old_lines(self, shown: dict[str, Any]) -> None:
        """Sections about single lines would pile up: only the one that is shown is kept."""
        for title in [title for title in self._sections if title.startswith("Line ") and title not in shown]:
            self._sections.pop(title).deleteLater()

    def _follow(self, row: Fact | Value) -> None:
        if isinstance(row, Fact) and row.step is not None:
            self.step_requested.emit(row.step)
        elif row.target:
            self.selection_requested.emit(row.target)

    def _follow_font(self) -> None:
        em = QFontMetricsF(self.font()).height()
        self._rows.setContentsMargins(round(em * 0.5), round(em * 0.5), round(em * 0.5), round(em * 0.5))
        self._rows.setSpacing(round(em * 0.25))

    # -- Qt ----------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened while it was hidden."""
        super().showEvent(event)
        self.catch_up()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette and the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._follow_font()
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            for widget in self._sections.values():
                widget.refresh()


def _breakable(title: str) -> str:
    """A long name may be broken where its words begin; a short one is copied as it is."""
    return title if len(title) <= _SHORT else _WORDS.sub("\u200b", title)
