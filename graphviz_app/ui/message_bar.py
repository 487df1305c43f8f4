"""One sentence about something that went wrong, with PyTorch's own words below it; never a box in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout

from graphviz_app.ui.icons import icon, pixmap

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QResizeEvent

    from graphviz_app.ui.look import Look

Kind = Literal["error", "warning", "information"]
_LONGEST_DETAIL = 600
_DETAIL_LINES = 3
_LOW = 22
"""Lines of text that are the height of a window which has room for the sentence alone."""
_OF_A_LINE = 0.9
"""How much of a line is filled where words are not broken."""
_INFORMATION_MS = 8000


class MessageBar(QFrame):
    """Shows one message at a time, until it is closed, taken back or replaced.

    Signals:
        line_requested: (path, line) the user wants to see the place it speaks of.
        changed: It says something else now, or nothing any more.
    """

    line_requested = Signal(str, int)
    changed = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._kind: Kind = "information"
        self._place = ("", 0)
        self._whole_detail = ""
        self._choose: Callable[[], object] | None = None
        self._icon = QLabel()
        self._sentence = QLabel()
        self._detail = QLabel()
        for label in (self._sentence, self._detail):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._detail.setObjectName("dim")
        self._line_button = QPushButton("Go to the line")
        self._choice_button = QPushButton("Choose")
        self._choice_button.setToolTip("Do what the button says, and close this message.")
        self._line_button.setToolTip("Put the cursor on the line of the program.")
        self._close_button = QToolButton()
        self._close_button.setToolTip("Close this message (Esc).")
        self._close_button.setAccessibleName("Close this message")
        # What only says that something went well goes by itself.
        self._goodbye = QTimer(self)
        self._goodbye.setSingleShot(True)
        self._goodbye.setInterval(_INFORMATION_MS)
        self._goodbye.timeout.connect(self.clear)
        self._arrange()
        self.setObjectName("messageBar")
        self.setAccessibleName("Message")
        self._line_button.clicked.connect(self._go_to_line)
        self._choice_button.clicked.connect(self._on_choice)
        self._close_button.clicked.connect(self.clear)
        self.set_look(look)
        self.hide()

    def set_look(self, look: Look) -> None:
        """Take over colours and sizes."""
        self._look = look
        colours = look.colours
        colour = getattr(colours, self._kind)
        edge = f"border: none; border-left: {look.pixels(4)}px solid {colour};"
        self.setStyleSheet(f"#messageBar {{ background: {colours.raised}; {edge} }}")
        self._icon.setPixmap(pixmap(self._kind, colour, look.pixels(20), self.devicePixelRatioF()))
        self._sentence.setFont(look.ui_font(bold=True))
        self._detail.setFont(look.code_font(0.92))
        self._close_button.setIcon(icon("close", look, self.devicePixelRatioF()))

    def show_message(
        self,
        sentence: str,
        detail: str = "",
        *,
        kind: Kind = "error",
        place: tuple[str, int] | None = None,
        choice: tuple[str, Callable[[], object]] | None = None,
    ) -> None:
        """Say something.

        Args:
            sentence: In the app's words.
            detail: PyTorch's or Python's own words, or "".
            kind: How bad it is.
            place: (path, line) that it speaks of.
            choice: A button's text and what it does; the bar closes with it.
        """
        self._kind = kind
        self._sentence.setText(sentence)
        self._whole_detail = detail
        self.shorten_detail()
        self._place = place or ("", 0)
        self._line_button.setVisible(place is not None)
        self._line_button.setText(f"Go to line {self._place[1]}")
        self._line_button.setToolTip(f"Put the cursor on line {self._place[1]} of the program.")
        self._choose = None if choice is None else choice[1]
        self._choice_button.setVisible(choice is not None)
        self._choice_button.setText("" if choice is None else choice[0])
        self.set_look(self._look)
        self.setAccessibleDescription(f"{sentence} {detail[:_LONGEST_DETAIL]}".strip())
        self.show()
        self.changed.emit()
        if kind == "information" and choice is None and place is None:
            self._goodbye.start()
        else:
            self._goodbye.stop()
        from PySide6.QtGui import QAccessible, QAccessibleEvent

        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def clear(self) -> None:
        """Take the message back."""
        self._goodbye.stop()
        self.hide()
        self._sentence.clear()
        self._detail.clear()
        self._whole_detail = ""
        self.changed.emit()

    @property
    def sentence(self) -> str:
        """What it says, or ""."""
        return self._sentence.text()

    @property
    def detail(self) -> str:
        """What stands below, or ""; in a narrow window more than is shown."""
        return self._whole_detail

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What stands below takes a few lines at any width."""
        super().resizeEvent(event)
        self.shorten_detail()

    def shorten_detail(self) -> None:
        """Let what stands below the sentence take a few lines, and none in a low window."""
        is_low = self.window().height() < _LOW * self._sentence.fontMetrics().height()
        detail, lines = self._whole_detail, self._whole_detail.split("\n")[:_DETAIL_LINES]
        self._sentence.setToolTip(detail if is_low else "")
        self._detail.setVisible(bool(detail) and detail.strip() != self.sentence.strip() and not is_low)
        letters = self._detail.width() / max(self._detail.fontMetrics().averageCharWidth(), 1)
        room = min(_LONGEST_DETAIL, round(max(letters, 20) * _DETAIL_LINES * _OF_A_LINE)) - round(
            letters * (len(lines) - 1) / 2
        )
        shown = "\n".join(lines)[: max(room, 40)]
        shown = detail if shown == detail else shown.rstrip() + " …"
        if shown != self._detail.text():
            self._detail.setText(shown)
            self._detail.setToolTip(detail if shown != detail else "")

    def _arrange(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._sentence)
        texts.addWidget(self._detail)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)
        for button in (self._line_button, self._choice_button, self._close_button):
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    def _go_to_line(self) -> None:
        self.line_requested.emit(*self._place)

    def _on_choice(self) -> None:
        choose = self._choose
        self.clear()
        if choose is not None:
            choose()
