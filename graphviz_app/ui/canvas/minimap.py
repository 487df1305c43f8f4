"""The whole picture in a corner, and in it what is seen; dragging there moves the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from graphviz_app.scene.theme import LIGHT, Theme
from graphviz_app.ui.painting import brush, colour, painting_on, pen

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from graphviz_app.ui.canvas.camera import Camera

LONG_SIDE: Final = 200
SHORT_SIDE: Final = 48  # of very long pictures, which are squeezed rather than drawn as a hair
LARGEST_PART: Final = 0.35  # of the window's width and height; a small window is not hidden under it
SMALLEST: Final = 36  # of its longer side; a smaller one shows nothing and is hard to hit
FRAME: Final = 4


def overview_size(width: float, height: float) -> tuple[int, int]:
    """The size of the overview of a picture, in pixels of the window."""
    scale = LONG_SIDE / max(width, height, 1.0)
    return max(SHORT_SIDE, round(width * scale)), max(SHORT_SIDE, round(height * scale))


class Minimap(QWidget):
    """Shows an overview image and the camera's view as a rectangle in it."""

    def __init__(self, camera: Camera, held: Callable[[], AbstractContextManager[None]], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Overview of the graph")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._camera = camera
        self._held = held
        self._theme: Theme = LIGHT
        self._zoom = 1.0
        self._image: QImage | None = None
        self._grip = QPointF()
        self.hide()
        camera.moved.connect(self.refresh)

    def set_picture(self, theme: Theme, *, is_empty: bool) -> None:
        """Another picture, in these colours; of an empty one there is no overview."""
        self._theme = theme
        if is_empty:
            self._image = None
        self.refresh()

    def set_zoom(self, zoom: float) -> None:
        """How much larger than designed the whole window is."""
        self._zoom = zoom
        self.refresh()

    def set_image(self, image: QImage | None) -> None:
        """The overview, of any resolution."""
        if image is not None:
            self._image = image
            self.refresh()

    def refresh(self) -> None:
        """Appears where something is out of sight, whatever the picture, and follows the view."""
        view = self._camera.view
        width, height = overview_size(self._camera.bounds[2], self._camera.bounds[3])
        part = min(self._zoom, LARGEST_PART * view.width / width, LARGEST_PART * view.height / height)
        self.resize(round(part * width) + 2 * FRAME, round(part * height) + 2 * FRAME)
        is_large_enough = part * max(width, height) >= SMALLEST
        self.setVisible(is_large_enough and self._image is not None and not view.shows(self._camera.bounds))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The overview, darkened outside the view."""
        theme, room = self._theme, QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        with self._held(), painting_on(self) as painter:
            painter.setPen(pen(theme.group_border))
            painter.setBrush(brush(theme.background))
            painter.drawRoundedRect(room, 5, 5)
            if self._image is None:
                return
            place = self._place
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(place, self._image)
            shade = QColor(colour(theme.muted))  # a copy, for the original is shared
            shade.setAlpha(40)
            seen = self._seen.intersected(place)
            for part in _around(place, seen):
                painter.fillRect(part, shade)
            painter.setPen(pen(theme.selection, 1.5))
            painter.setBrush(brush(None))
            painter.drawRect(seen)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes hold of the view's rectangle, or brings it here first."""
        place = event.position()
        self._grip = self._seen.center() - place if self._seen.contains(place) else QPointF()
        self._go_to(place + self._grip)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Moves the view along."""
        self._go_to(event.position() + self._grip)

    @property
    def _place(self) -> QRectF:
        return QRectF(self.rect()).adjusted(FRAME, FRAME, -FRAME, -FRAME)

    @property
    def _seen(self) -> QRectF:
        """The view as a rectangle of the minimap, at least as large as can be gripped."""
        x, y, width, height = self._camera.view.visible
        left, top, across, down = self._camera.bounds
        place = self._place
        to_x, to_y = place.width() / across, place.height() / down
        seen = QRectF(
            place.x() + (x - left) * to_x, place.y() + (y - top) * to_y, width * to_x, height * to_y
        ).intersected(place.adjusted(1, 1, -1, -1))
        missing_x, missing_y = max(0.0, 6 - seen.width()) / 2, max(0.0, 4 - seen.height()) / 2
        return seen.adjusted(-missing_x, -missing_y, missing_x, missing_y)

    def _go_to(self, place: QPointF) -> None:
        left, top, across, down = self._camera.bounds
        room = self._place
        x = left + (place.x() - room.x()) / room.width() * across
        y = top + (place.y() - room.y()) / room.height() * down
        self._camera.jump(x, y)


def _around(place: QRectF, hole: QRectF) -> list[QRectF]:
    """The parts of a rectangle above, below, left and right of a hole in it."""
    return [
        QRectF(place.left(), place.top(), place.width(), hole.top() - place.top()),
        QRectF(place.left(), hole.bottom(), place.width(), place.bottom() - hole.bottom()),
        QRectF(place.left(), hole.top(), hole.left() - place.left(), hole.height()),
        QRectF(hole.right(), hole.top(), place.right() - hole.right(), hole.height()),
    ]
