"""What stands between the buttons that step: how fast, which pass, which step."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QLocale, QModelIndex, QPersistentModelIndex, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QSpinBox, QWidget

from graphviz_app.ui.settings import SPEED_STEPS

if TYPE_CHECKING:
    from graphviz_app.timeline import StepState, Timeline
    from graphviz_app.ui.look import Look


class SpeedControl(QWidget):
    """A slider over the speeds, with the chosen one in words.

    Signals:
        speed_chosen: Steps a second.
    """

    speed_chosen = Signal(float)

    def __init__(self, look: Look, speed: float) -> None:
        super().__init__()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, len(SPEED_STEPS) - 1)
        self._slider.setPageStep(1)
        self._slider.setAccessibleName("Speed")
        self._slider.setToolTip("How many steps a second are played.")
        self._label = QLabel()
        self._label.setToolTip("How many steps a second are played.")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 0, 6, 0)
        layout.addWidget(self._slider)
        layout.addWidget(self._label)
        self._slider.valueChanged.connect(self._on_moved)
        self.set_look(look)
        self.set_speed(speed)

    def set_look(self, look: Look) -> None:
        """Take over sizes; the label keeps room for its longest text, so that nothing moves."""
        self._slider.setFixedWidth(look.pixels(64))
        self._label.setFont(look.ui_font())
        longest = max(self._label.fontMetrics().horizontalAdvance(speed_text(speed)) for speed in SPEED_STEPS)
        self._label.setMinimumWidth(longest + look.pixels(4))

    @property
    def speed(self) -> float:
        """Steps a second."""
        return SPEED_STEPS[self._slider.value()]

    def set_speed(self, speed: float) -> None:
        """Show a speed without saying so."""
        with QSignalBlocker(self._slider):
            self._slider.setValue(min(bisect_left(SPEED_STEPS, speed), len(SPEED_STEPS) - 1))
        self._say()

    def _on_moved(self) -> None:
        self._say()
        self.speed_chosen.emit(self.speed)

    def _say(self) -> None:
        text = speed_text(self.speed)
        self._label.setText(text)
        self._slider.setAccessibleDescription(text)


def speed_text(speed: float) -> str:
    """A speed in words."""
    return f"{speed:g} step{'' if speed == 1 else 's'}/s"


_CONTENTS = 11
_MOST_CONTENTS = 20
"""How many X wide the texts of the chooser of passes may be."""
_OF_AN_X = 0.8
"""How wide other letters are."""


class _Chapters(QAbstractListModel):
    """The chapters by title; made for tens of thousands of them, so nothing is built ahead."""

    def __init__(self) -> None:
        super().__init__()
        self._timeline: Timeline | None = None
        self._passes = 0

    def set_timeline(self, timeline: Timeline | None) -> None:
        self.beginResetModel()
        self._timeline = timeline
        self._passes = 0 if timeline is None else sum(chapter.pass_id >= 0 for chapter in timeline.chapters)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - Qt's
        return 0 if parent.isValid() or self._timeline is None else len(self._timeline.chapters)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self._timeline is None or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        chapter = self._timeline.chapters[index.row()]
        return f"{chapter.title} of {self._passes}" if chapter.pass_id >= 0 else _short(chapter.title)


def _short(title: str) -> str:
    return "No pass" if title == "No backward pass" else title


class PassChooser(QComboBox):
    """Which backward pass is shown: "Pass 2 of 5".

    Signals:
        chapter_chosen: The index of the chapter that the user wants to see.
    """

    chapter_chosen = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._chapters = _Chapters()
        self.setModel(self._chapters)
        self.setAccessibleName("Backward pass")
        self.setToolTip("Which backward pass is shown; choosing one goes to its start.")
        self.setPlaceholderText("No pass yet")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_CONTENTS)
        self.setMaxVisibleItems(20)
        self.activated.connect(self.chapter_chosen)
        self.set_look(look)
        self.set_timeline(None)

    def set_look(self, look: Look) -> None:
        """Take over sizes."""
        self.setFont(look.ui_font())

    def set_timeline(self, timeline: Timeline | None) -> None:
        """Offer the passes of another recording."""
        with QSignalBlocker(self):
            self._chapters.set_timeline(timeline)
        # Wide enough for "Pass 2000 of 2000", and no wider than the longest of the others need be.
        last = self._chapters.rowCount() - 1
        longest = max((len(self.itemText(row)) for row in (last - 1, last) if row >= 0), default=0)
        self.setMinimumContentsLength(min(max(round(longest * _OF_AN_X), _CONTENTS), _MOST_CONTENTS))
        self.setEnabled(timeline is not None)

    def set_state(self, state: StepState | None) -> None:
        """Show where the cursor is."""
        index = -1 if state is None else state.chapter.index
        if index != self.currentIndex():
            with QSignalBlocker(self):
                self.setCurrentIndex(index)


class StepCounter(QSpinBox):
    """Which step is shown, of how many; a number can be typed.

    Signals:
        step_requested: The step that the user wants to see.
    """

    step_requested = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.setPrefix("Step ")
        # As all other numbers of the window, whatever the system's own way of writing them.
        self.setLocale(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
        self.setGroupSeparatorShown(True)
        self.setKeyboardTracking(False)
        self.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName("Step")
        self.setToolTip("The step that is shown; type a number to go there.")
        self.valueChanged.connect(self.step_requested)
        self.set_look(look)
        self.set_timeline(None)

    def set_look(self, look: Look) -> None:
        """Take over sizes."""
        self.setFont(look.ui_font())
        self.lineEdit().setFont(look.ui_font())
        self._fit()

    def set_timeline(self, timeline: Timeline | None) -> None:
        """Count the steps of another recording."""
        last = 0 if timeline is None else timeline.step_count
        with QSignalBlocker(self):
            self.setRange(0, last)
            self.setSuffix(f" of {last:,}")
        self.setEnabled(timeline is not None)
        self._fit()

    def set_state(self, state: StepState | None) -> None:
        """Show where the cursor is."""
        with QSignalBlocker(self):
            self.setValue(0 if state is None else state.step)

    def _fit(self) -> None:
        """Wide enough for the longest text it can come to, so that nothing moves while playing."""
        widest = f"Step {self.maximum():,} of {self.maximum():,}00"
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance(widest) + 16)
