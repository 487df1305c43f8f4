"""Finding: which boxes or which places of the text match, and walking through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QTextCursor
from PySide6.QtWidgets import QTextEdit

from graphviz_app.ui.canvas_items import found_items, selection_of

if TYPE_CHECKING:
    from graphviz_app.session.session import Session
    from graphviz_app.ui.canvas import Item
    from graphviz_app.ui.find_bar import Scope
    from graphviz_app.ui.look import Look
    from graphviz_app.ui.parts import Parts, Views

_MOST_FINDS = 10_000


class FindControl(QObject):
    """Serves the find bar."""

    def __init__(self, session: Session, parts: Parts, views: Views, look: Look) -> None:
        super().__init__(views.canvas)
        self._session = session
        self._parts = parts
        self._views = views
        self._look = look
        self._items: tuple[Item, ...] = ()
        self._places: list[int] = []
        self._position = 0

    def open_bar(self) -> None:
        """Open the find bar for where the keyboard is: the program, or else the graph."""
        scope: Scope = "program" if self._parts.editor.hasFocus() else "graph"
        chosen = self._parts.editor.textCursor().selectedText() if scope == "program" else ""
        self._parts.find.open_bar(scope, "" if "\u2029" in chosen else chosen)

    def set_look(self, look: Look) -> None:
        """Mark in the look's colours."""
        self._look = look
        self._show_places()

    def look_for(self, scope: Scope, query: str) -> None:
        """Find, mark what was found, and go to the first of it from where the cursor is."""
        self._forget()
        if not query:
            self._parts.find.show_result(0, 0)
        elif scope == "graph":
            self._look_in_graph(query)
        else:
            self._look_in_program(query)

    def move(self, direction: int) -> None:
        """Go to the next (+1) or the previous (-1) find, around the ends."""
        count = len(self._items) or len(self._places)
        if count:
            self._position = (self._position + direction) % count
            self._go()

    def next(self) -> None:
        """Go to the next find."""
        self.move(1)

    def previous(self) -> None:
        """Go to the previous find."""
        self.move(-1)

    def close(self) -> None:
        """Take the marks away; the keyboard goes to what was looked at."""
        in_program = bool(self._places)
        self._forget()
        (self._parts.editor if in_program else self._views.canvas).setFocus()

    def on_picture(self) -> None:
        """Another picture: look for the same things in it."""
        find = self._parts.find
        if not find.isHidden() and find.scope == "graph" and find.query:
            self._items = found_items(self._session.picture, find.query, self._session.step)
            self._views.canvas.set_found(self._items)
            self._position = 0
            find.show_result(min(1, len(self._items)), len(self._items))

    def _look_in_graph(self, query: str) -> None:
        self._items = found_items(self._session.picture, query, self._session.step)
        self._views.canvas.set_found(self._items)
        self._position = 0
        self._go()

    def _look_in_program(self, query: str) -> None:
        editor = self._parts.editor
        text, wanted = editor.text(), query
        if query.islower():
            text, wanted = text.lower(), query.lower()
        place = text.find(wanted)
        while place >= 0 and len(self._places) < _MOST_FINDS:
            self._places.append(_units(text[:place]))
            place = text.find(wanted, place + len(wanted))
        start = editor.textCursor().selectionStart()
        self._position = next((i for i, found in enumerate(self._places) if found >= start), 0)
        self._show_places()
        self._go()

    def _go(self) -> None:
        find = self._parts.find
        if self._items:
            item = self._items[self._position]
            self._views.canvas.set_selection((item,))
            self._views.canvas.centre_on(item)
            picture = self._session.picture
            if picture is not None:
                self._session.select(selection_of(picture, item))
        elif self._places:
            editor = self._parts.editor
            cursor = QTextCursor(editor.document())
            cursor.setPosition(self._places[self._position])
            end = self._places[self._position] + _units(find.query)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            editor.setTextCursor(cursor)
            editor.centerCursor()
        count = len(self._items) or len(self._places)
        find.show_result(min(self._position + 1, count), count)

    def _forget(self) -> None:
        self._items = ()
        self._places = []
        self._position = 0
        self._views.canvas.set_found(())
        self._parts.editor.set_found([])

    def _show_places(self) -> None:
        length = _units(self._parts.find.query)
        self._parts.editor.set_found([self._place(place, length) for place in self._places[:500]])

    def _place(self, position: int, length: int) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self._parts.editor.document())
        cursor.setPosition(position)
        cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
        selection.cursor = cursor  # type: ignore[attr-defined]
        selection.format.setBackground(QColor(self._look.colours.found))  # type: ignore[attr-defined]
        return selection


def _units(text: str) -> int:
    """How long a text is in Qt's counting."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
