"""Find: in the graph (names, operations, variables, shapes, lines) or in the program's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QLineEdit, QToolButton

from graphviz_app.ui.icons import icon

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from graphviz_app.ui.look import Look

Scope = Literal["graph", "program"]
_SCOPES: tuple[tuple[Scope, str, str], ...] = (
    ("graph", "In the graph", "Name, operation, variable, module, line 12, (3, 4), nan, norm > 10"),
    ("program", "In the program", "Text of the program"),
)
_TYPING_MS = 120


class FindBar(QFrame):
    """A line to type into, how much was found, and buttons to walk through it.

    Signals:
        query_changed: (scope, text) the user typed, or chose another scope.
        moved: +1 or -1, to the next or the previous find.
        closed: The bar was closed.
    """

    query_changed = Signal(str, str)
    moved = Signal(int)
    closed = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._scope = QComboBox()
        self._scope.addItems([words for _, words, _ in _SCOPES])
        self._scope.setAccessibleName("Where to find")
        self._scope.setToolTip("Find in the graph or in the text of the program.")
        self._line = QLineEdit()
        self._line.setClearButtonEnabled(True)
        self._line.setAccessibleName("Find")
        self._line.installEventFilter(self)
        self._count = QLabel()
        self._count.setObjectName("dim")
        self._previous = self._button("Previous find", "Go to the find before (Shift+Enter).")
        self._next = self._button("Next find", "Go to the next find (Enter).")
        self._close = self._button("Close find", "Close the find bar (Esc).")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 4, 4)
        for widget in (self._scope, self._line, self._count, self._previous, self._next, self._close):
            layout.addWidget(widget, 1 if widget is self._line else 0)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_TYPING_MS)
        self._timer.timeout.connect(self._ask)
        self._line.textChanged.connect(self._timer.start)
        self._scope.currentIndexChanged.connect(self._on_scope)
        self._previous.clicked.connect(self._to_previous)
        self._next.clicked.connect(self._to_next)
        self._close.clicked.connect(self.close_bar)
        self.set_look(look)
        self._on_scope()
        self.hide()

    def set_look(self, look: Look) -> None:
        """Take over colours and sizes."""
        ratio = self.devicePixelRatioF()
        self._previous.setIcon(icon("up", look, ratio))
        self._next.setIcon(icon("down", look, ratio))
        self._close.setIcon(icon("close", look, ratio))
        for widget in (self._scope, self._line, self._count):
            widget.setFont(look.ui_font())

    @property
    def scope(self) -> Scope:
        """Where it looks."""
        return _SCOPES[self._scope.currentIndex()][0]

    @property
    def query(self) -> str:
        """What it looks for."""
        return self._line.text()

    def open_bar(self, scope: Scope, query: str = "") -> None:
        """Show the bar, ready to type; what was looked for last is chosen, so that typing replaces it."""
        self._scope.setCurrentIndex(0 if scope == "graph" else 1)
        if query:
            self._line.setText(query)
        self.show()
        self._line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._line.selectAll()
        if self._line.text():
            self._ask()

    def close_bar(self) -> None:
        """Hide the bar."""
        if not self.isHidden():
            self.hide()
            self.closed.emit()

    def show_result(self, position: int, count: int) -> None:
        """Say which find is shown, of how many; position from 1, 0 for none."""
        if not self.query:
            self._count.setText("")
        elif count == 0:
            self._count.setText("Nothing found")
        else:
            self._count.setText(f"{position:,} of {count:,}")
        self._previous.setEnabled(count > 0)
        self._next.setEnabled(count > 0)

    @property
    def result(self) -> str:
        """What it says about the finds."""
        return self._count.text()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter goes on, Shift+Enter back, Esc closes."""
        if watched is self._line and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._walk(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close_bar()
                return True
        return super().eventFilter(watched, event)

    def _walk(self, direction: int) -> None:
        if self._timer.isActive():
            # What was typed just now has not been looked for yet; doing so shows the first find.
            self._ask()
        else:
            self.moved.emit(direction)

    def _to_previous(self) -> None:
        self._walk(-1)

    def _to_next(self) -> None:
        self._walk(1)

    def _on_scope(self) -> None:
        self._line.setPlaceholderText(_SCOPES[self._scope.currentIndex()][2])
        self._ask()

    def _ask(self) -> None:
        self._timer.stop()
        self.query_changed.emit(self.scope, self.query)

    def _button(self, name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(name)
        button.setToolTip(tip)
        return button
