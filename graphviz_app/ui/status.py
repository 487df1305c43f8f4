"""The line at the bottom: the step in words, and what takes long, with a button that cancels it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from graphviz_app.ui.elided import ElidedLabel
from graphviz_app.ui.icons import icon

if TYPE_CHECKING:
    from graphviz_app.ui.look import Look

_BUSY_AFTER_MS = 300
_HINT = "Press Run (F5) to record the program and watch its backward pass."


class StatusLine(QWidget):
    """Says what the current step is, and what is being worked on.

    Signals:
        cancel_requested: The user does not want to wait for what takes long.
    """

    cancel_requested = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._caption = ElidedLabel()
        self._caption.setAccessibleName("Current step")
        self._work = QLabel()
        self._work.setObjectName("dim")
        self._progress = QProgressBar()
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)
        self._progress.setAccessibleName("Progress")
        self._cancel = QToolButton()
        self._cancel.setAccessibleName("Cancel")
        self._cancel.setToolTip("Cancel (Esc).")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 2, 6, 3)
        layout.addWidget(self._caption, 1)
        for widget in (self._work, self._progress, self._cancel):
            layout.addWidget(widget)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_BUSY_AFTER_MS)
        self._timer.timeout.connect(self._show_work)
        self._cancel.clicked.connect(self.cancel_requested)
        self._set_work_visible(visible=False)
        self.set_look(look)
        self.set_caption("")

    def set_look(self, look: Look) -> None:
        """Take over colours and sizes."""
        self._cancel.setIcon(icon("close", look, self.devicePixelRatioF()))
        self._progress.setFixedSize(look.pixels(90), look.pixels(8))
        for label in (self._caption, self._work):
            label.setFont(look.ui_font())
        self._caption.setMinimumHeight(look.pixels(22))

    @property
    def caption(self) -> str:
        """The step in words."""
        return self._caption.text()

    def set_caption(self, caption: str) -> None:
        """Say the step in words; a hint where there is none."""
        text = caption or _HINT
        if text != self._caption.text():
            self._caption.setText(text)
            self._caption.setToolTip(text)
            self._caption.setAccessibleDescription(text)

    @property
    def work(self) -> str:
        """What takes long, in words, or ""."""
        return self._work.text()

    def set_work(self, text: str) -> None:
        """Say what is being worked on; shown when it takes longer than a moment. "" when it is done."""
        self._work.setText(text)
        if not text:
            self._timer.stop()
            self._set_work_visible(visible=False)
        elif self._progress.isHidden() and not self._timer.isActive():
            self._timer.start()

    def _show_work(self) -> None:
        self._set_work_visible(visible=True)

    def _set_work_visible(self, *, visible: bool) -> None:
        for widget in (self._work, self._progress, self._cancel):
            widget.setVisible(visible)
