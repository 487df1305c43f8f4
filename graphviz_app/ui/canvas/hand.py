"""What mouse, wheel, touchpad and keys do to the canvas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence, QMouseEvent, QNativeGestureEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from graphviz_app.ui.canvas.view import LEVELS_PER_DOUBLING

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.ui.canvas.frame import Item
    from graphviz_app.ui.canvas.navigation import Direction
    from graphviz_app.ui.canvas.widget import Canvas

ARROW_STEP: Final = 80.0
LEVELS_PER_TOUCHED_PIXEL: Final = 4.0
NOTCH: Final = 120.0

_ARROWS: Final[dict[int, tuple[float, float]]] = {
    Qt.Key.Key_Left: (1.0, 0.0),
    Qt.Key.Key_Right: (-1.0, 0.0),
    Qt.Key.Key_Up: (0.0, 1.0),
    Qt.Key.Key_Down: (0.0, -1.0),
}
_DIRECTIONS: Final[dict[int, Direction]] = {
    Qt.Key.Key_Left: "left",
    Qt.Key.Key_Right: "right",
    Qt.Key.Key_Up: "up",
    Qt.Key.Key_Down: "down",
}


class Hand:
    """Turns events into what they mean; the canvas does it."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._dragging = False
        self._pointer: QPointF | None = None

    @property
    def place(self) -> tuple[float, float]:
        """Where the pointer is, or the middle of the canvas while it is elsewhere."""
        canvas = self._canvas
        if self._pointer is not None and canvas.underMouse():
            return self._pointer.x(), self._pointer.y()
        return canvas.width() / 2, canvas.height() / 2

    def press(self, event: QMouseEvent) -> None:
        """A drag or a click begins."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed = self._last = self._pointer = event.position()
            self._dragging = event.button() == Qt.MouseButton.MiddleButton

    def move(self, event: QMouseEvent) -> None:
        """The picture follows the drag; without one, the pointer points."""
        self._pointer = place = event.position()
        if self._pressed is None:
            self._canvas.hover(self._item(event))
            return
        if not self._dragging and (place - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._dragging = True
            self._canvas.hover(None)
            self._canvas.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragging:
            moved = place - self._last
            self._canvas.camera.pan(moved.x(), moved.y())
            self._last = place

    def release(self, event: QMouseEvent) -> None:
        """A click selects; a drag is over."""
        if self._pressed is not None and not self._dragging and event.button() == Qt.MouseButton.LeftButton:
            self._click(event)
        self._pressed = None
        self._dragging = False
        self._canvas.unsetCursor()

    def double_click(self, event: QMouseEvent) -> None:
        """Opens a group, activates an item; on nothing, shows everything."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._pointer = event.position()
        item = self._item(event)
        if item is None:
            self._canvas.fit()
        else:
            self._canvas.activate(item)

    def wheel(self, event: QWheelEvent) -> None:
        """A wheel zooms around the pointer, or pans with Shift or Alt; two fingers pan, or zoom with Ctrl."""
        pixels, place, modifiers = event.pixelDelta(), event.position(), event.modifiers()
        camera = self._canvas.camera
        self._pointer = place
        if not pixels.isNull():
            if modifiers & Qt.KeyboardModifier.ControlModifier:
                camera.pinch(pixels.y() * LEVELS_PER_TOUCHED_PIXEL, place.x(), place.y())
            else:
                camera.pan(pixels.x(), pixels.y())
        else:
            self._turn(event.angleDelta().x(), event.angleDelta().y(), modifiers, place)
        event.accept()

    def gesture(self, event: QEvent) -> bool:
        """Pinching on a touchpad; False for any other event."""
        if not isinstance(event, QNativeGestureEvent):
            return False
        place = event.position()
        if event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            levels = math.log2(max(0.1, 1.0 + event.value())) * LEVELS_PER_DOUBLING
            self._canvas.camera.pinch(levels, place.x(), place.y())
            return True
        if event.gestureType() == Qt.NativeGestureType.SmartZoomNativeGesture:
            self._canvas.fit()
            return True
        return False

    def key(self, event: QKeyEvent) -> bool:
        """Does what a key asks for; False if it asks for nothing here."""
        key, modifiers = event.key(), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if key in _ARROWS:
            return self._arrow(key, modifiers)
        if action := self._zoom_action(event):
            action()
            return True
        if modifiers & ~Qt.KeyboardModifier.ShiftModifier:
            return False
        return self._plain_key(key)

    def context_menu(self, event: QContextMenuEvent) -> None:
        """Asks for a menu on what is under the pointer, or on the selection if a key asked."""
        canvas = self._canvas
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            item = canvas.selection[-1] if canvas.selection else None
        else:
            item = canvas.item_at(event.pos().x(), event.pos().y())
            if item is not None and item not in canvas.selection:
                canvas.choose((item,))
        canvas.context_menu_requested.emit(item, event.globalPos())

    def _item(self, event: QMouseEvent) -> Item | None:
        return self._canvas.item_at(event.position().x(), event.position().y())

    def _click(self, event: QMouseEvent) -> None:
        item, canvas = self._item(event), self._canvas
        if not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            canvas.choose(() if item is None else (item,))
        elif item in canvas.selection:
            canvas.choose(tuple(other for other in canvas.selection if other != item))
        elif item is not None:
            canvas.choose((*canvas.selection, item))

    def _turn(self, x: float, y: float, modifiers: Qt.KeyboardModifier, place: QPointF) -> None:
        camera = self._canvas.camera
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            camera.glide(x or y, 0.0)
        elif modifiers & Qt.KeyboardModifier.AltModifier:
            # Some platforms turn a wheel with Alt into a sideways one.
            camera.glide(0.0, y or x)
        elif y:
            camera.zoom(y / NOTCH, place.x(), place.y())
        elif x:
            camera.glide(x, 0.0)

    def _arrow(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        if modifiers == Qt.KeyboardModifier.AltModifier:
            return self._canvas.walk_along(_DIRECTIONS[key])
        if modifiers not in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
            return False
        step = ARROW_STEP * (4 if modifiers else 1)
        self._canvas.camera.glide(_ARROWS[key][0] * step, _ARROWS[key][1] * step)
        return True

    def _zoom_action(self, event: QKeyEvent) -> Callable[[], None] | None:
        canvas = self._canvas
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.matches(QKeySequence.StandardKey.ZoomIn) or (control and event.key() == Qt.Key.Key_Equal):
            return canvas.zoom_in
        if event.matches(QKeySequence.StandardKey.ZoomOut):
            return canvas.zoom_out
        if control and event.key() == Qt.Key.Key_0:
            return canvas.reset_zoom
        return None

    def _plain_key(self, key: int) -> bool:
        # A window may want the keys with Control for itself.
        canvas = self._canvas
        match key:
            case Qt.Key.Key_F | Qt.Key.Key_0:
                canvas.fit()
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                canvas.zoom_in()
            case Qt.Key.Key_Minus | Qt.Key.Key_Underscore:
                canvas.zoom_out()
            case Qt.Key.Key_1:
                canvas.reset_zoom()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if canvas.selection:
                canvas.activate(canvas.selection[-1])
            case Qt.Key.Key_Escape if canvas.overlays.busy:
                canvas.cancel_requested.emit()
            case Qt.Key.Key_Escape if canvas.selection:
                canvas.choose(())
            case _:
                return False
        return True
