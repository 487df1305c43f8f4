"""The canvas for screen readers: the step in words, said when it changes, and the boxes in sight as its children.

Qt's cache of interfaces owns every interface that a screen reader has seen, and deletes it with its widget; Python must
not free one before. So interfaces are kept until Qt has deleted them, and boxes' ones are handed back on purpose.
"""

# Qt takes None for "there is none"; PySide's stubs leave that out.
# pyright: reportIncompatibleMethodOverride=false

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final

import shiboken6
from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAccessibleEvent,
    QAccessibleInterface,
    QColor,
    QWindow,
)
from PySide6.QtWidgets import QAccessibleWidget

from graphviz_app.ui.canvas.frame import Item
from graphviz_app.ui.canvas.live import item_rectangle

if TYPE_CHECKING:
    from graphviz_app.ui.canvas.widget import Canvas

MOST_CHILDREN: Final = 400

_interfaces: list[CanvasInterface] = []
_installed: list[bool] = []


def announce_step(canvas: Canvas, caption: str) -> None:
    """Puts the step in words where screen readers find it, and says it if one listens."""
    if caption == canvas.accessibleDescription():
        return
    canvas.setAccessibleDescription(caption)
    if caption and QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(canvas, caption))


def announce_focus(canvas: Canvas, item: Item) -> None:
    """Tells a screen reader which box the keyboard has gone to."""
    if item.kind != "box" or not QAccessible.isActive():
        return
    interface = QAccessible.queryAccessibleInterface(canvas)
    if isinstance(interface, CanvasInterface) and (number := interface.number_of(item.index)) >= 0:
        event = QAccessibleEvent(canvas, QAccessible.Event.Focus)
        event.setChild(number)
        QAccessible.updateAccessibility(event)


def install() -> None:
    """Makes Qt ask here for the interface of a canvas; once is enough for all of them."""
    if not _installed:
        _installed.append(True)
        QAccessible.installFactory(_interface_for)


def _interface_for(_class_name: str, widget: QObject | None) -> QAccessibleInterface | None:
    from graphviz_app.ui.canvas.widget import Canvas

    if not isinstance(widget, Canvas):
        return None
    _interfaces[:] = [kept for kept in _interfaces if shiboken6.isValid(kept)]
    made = CanvasInterface(widget)
    _interfaces.append(made)
    boxes = made.boxes
    widget.destroyed.connect(lambda: _hand_back(boxes))
    return made


class CanvasInterface(QAccessibleWidget):
    """A graphic whose children are the boxes in sight, in reading order."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas, QAccessible.Role.Graphic, "Graph")
        self._canvas = weakref.ref(canvas)
        self.boxes: dict[int, BoxInterface] = {}  # those that were asked for
        self._picture: object = None

    def childCount(self) -> int:
        """How many boxes are in sight, 400 at most."""
        return len(self._in_sight())

    def child(self, index: int) -> QAccessibleInterface | None:
        """The box of a number."""
        boxes = self._in_sight()
        return self._box(boxes[index]) if 0 <= index < len(boxes) else None

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        """The number of a box; -1 if it is out of sight."""
        return self.number_of(child.box) if isinstance(child, BoxInterface) else -1

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:
        """The box at a place on the screen."""
        canvas = self._canvas()
        if canvas is None:
            return None
        place = canvas.mapFromGlobal(QPoint(x, y))
        item = canvas.item_at(place.x(), place.y())
        return self._box(item.index) if item is not None and item.kind == "box" else None

    def focusChild(self) -> QAccessibleInterface | None:
        """The selected box."""
        canvas = self._canvas()
        boxes = [] if canvas is None else [item.index for item in canvas.selection if item.kind == "box"]
        return self._box(boxes[-1]) if boxes else None

    def number_of(self, box: int) -> int:
        """The number of a box among the children; -1 if it is out of sight."""
        boxes = self._in_sight()
        return boxes.index(box) if box in boxes else -1

    def _in_sight(self) -> list[int]:
        canvas = self._canvas()
        return [] if canvas is None else canvas.boxes_in_sight()[:MOST_CHILDREN]

    def _box(self, index: int) -> BoxInterface | None:
        canvas = self._canvas()
        if canvas is None:
            return None
        if self._picture is not canvas.picture:
            self._picture = canvas.picture
            _hand_back(self.boxes)
        if index not in self.boxes:
            self.boxes[index] = BoxInterface(canvas, self, index)
        return self.boxes[index]


class BoxInterface(QAccessibleInterface):
    """A box: its name and place, and what a tooltip would say of it."""

    def __init__(self, canvas: Canvas, parent: CanvasInterface, box: int) -> None:
        super().__init__()
        self.box = box
        self._canvas = weakref.ref(canvas)
        self._parent = weakref.ref(parent)

    def isValid(self) -> bool:
        """Whether the box is still there."""
        canvas = self._canvas()
        return canvas is not None and shiboken6.isValid(canvas) and canvas.frame is not None

    def object(self) -> QObject | None:
        """No object of its own."""
        return None

    def window(self) -> QWindow | None:
        """The window that the canvas is in."""
        canvas = self._canvas()
        return None if canvas is None else canvas.window().windowHandle()

    def parent(self) -> QAccessibleInterface | None:
        """The canvas."""
        return self._parent()

    def child(self, _index: int) -> QAccessibleInterface | None:
        """Boxes have no children."""
        return None

    def childAt(self, _x: int, _y: int) -> QAccessibleInterface | None:
        """Boxes have no children."""
        return None

    def childCount(self) -> int:
        """Boxes have no children."""
        return 0

    def indexOfChild(self, _child: QAccessibleInterface) -> int:
        """Boxes have no children."""
        return -1

    def rect(self) -> QRect:
        """Its place on the screen."""
        canvas = self._canvas()
        if canvas is None or canvas.frame is None:
            return QRect()
        lens = canvas.lens
        place = item_rectangle(canvas.frame, Item("box", self.box), lens)
        if place is None:
            return QRect()
        ratio = lens.ratio
        corner = canvas.mapToGlobal(QPoint(round(place.x() / ratio), round(place.y() / ratio)))
        return QRect(corner.x(), corner.y(), round(place.width() / ratio), round(place.height() / ratio))

    def role(self) -> QAccessible.Role:
        """One of several like it."""
        return QAccessible.Role.ListItem

    def state(self) -> QAccessible.State:
        """Whether it is selected."""
        state = QAccessible.State()
        canvas = self._canvas()
        if canvas is not None:
            state.selectable = state.focusable = 1
            state.selected = state.focused = int(Item("box", self.box) in canvas.selection)
        return state

    def text(self, which: QAccessible.Text) -> str:
        """What it is and what it shows."""
        canvas = self._canvas()
        if canvas is None or canvas.frame is None or which != QAccessible.Text.Name:
            return ""
        return canvas.frame.describe(Item("box", self.box))

    def setText(self, which: QAccessible.Text, text: str) -> None:
        """Nothing can be written here."""

    def foregroundColor(self) -> QColor:
        """Unknown."""
        return QColor()

    def backgroundColor(self) -> QColor:
        """Unknown."""
        return QColor()


def _hand_back(boxes: dict[int, BoxInterface]) -> None:
    """Lets Qt's cache delete interfaces, which it may hold, before Python forgets them."""
    for box in boxes.values():
        if shiboken6.isValid(box):
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(box))
    boxes.clear()
