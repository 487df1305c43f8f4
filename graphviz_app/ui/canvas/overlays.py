"""What lies over the picture: a hint while it is empty, what it waits for, zoom buttons, the minimap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from graphviz_app.scene.theme import LIGHT, Theme
from graphviz_app.ui.canvas.minimap import Minimap

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.ui.canvas.frame import FrameLike, PictureLike
    from graphviz_app.ui.canvas.view import Bounds
    from graphviz_app.ui.canvas.widget import Canvas

EMPTY_HINT: Final = "Press Run (F5) to see the graph that autograd builds"
NO_GRAPH_HINT: Final = "Autograd built no graph here: no operation ran on a tensor that requires a gradient."
MARGIN: Final = 12
_CORNERS: Final = ((0, 1), (0, 0), (1, 0))  # the buttons stand in the fourth
_BUTTONS_PART: Final = (0.8, 0.25)  # of the canvas's width and height at most; a small one is not hidden under them


class Overlays:
    """The small widgets on a canvas, and where they stand."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._theme: Theme = LIGHT
        self._zoom = 1.0
        self._empty = True
        self._placed_for: PictureLike | None = None  # of which the minimap was given its corner
        self._placed_in = (0, 0)  # the canvas's size then
        self._corner = (0, 1)
        self._hint = QLabel(EMPTY_HINT, canvas)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._hint.setWordWrap(True)
        self._busy = QLabel(canvas)
        self._busy.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._busy.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._busy.hide()
        self._buttons = _zoom_buttons(canvas)
        self._buttons.hide()
        self.minimap = Minimap(canvas.camera, canvas.held, canvas)
        canvas.camera.moved.connect(self._on_moved)
        self.set_theme(LIGHT)

    @property
    def busy(self) -> bool:
        """Whether it says that the canvas waits."""
        return not self._busy.isHidden()

    @property
    def hint(self) -> str:
        """What stands on an empty canvas, or ""."""
        return "" if self._hint.isHidden() else self._hint.text()

    def covers(self) -> list[Bounds]:
        """Where the picture lies under something."""
        shown = [widget.geometry() for widget in (self._buttons, self.minimap) if not widget.isHidden()]
        return [(area.x(), area.y(), area.width(), area.height()) for area in shown]

    def set_frame(self, frame: FrameLike | None) -> None:
        """An empty canvas has a hint, any other its buttons."""
        boxes = 0 if frame is None else len(frame.box_state)
        self._empty = not boxes
        self._hint.setText(EMPTY_HINT if frame is None else NO_GRAPH_HINT)
        self._hint.setVisible(self._empty and not self.busy)
        if frame is not None:
            self.set_theme(frame.theme)
        self.minimap.set_picture(self._theme, is_empty=self._empty)
        self.place()

    def set_theme(self, theme: Theme) -> None:
        """The colours of the picture beneath."""
        if theme is not self._theme or not self._hint.styleSheet():
            self._theme = theme
            self._dress()

    def set_zoom(self, zoom: float) -> None:
        """How much larger than designed the whole window is."""
        if zoom != self._zoom:
            self._zoom = zoom
            self.minimap.set_zoom(zoom)
            self._dress()
            self.place()

    def _dress(self) -> None:
        theme = self._theme
        self._hint.setStyleSheet(
            f"color: {theme.muted}; background: transparent; font-size: {round(15 * self._zoom)}px;"
        )
        self._busy.setStyleSheet(
            f"color: {theme.text}; background: {theme.card}; border: 1px solid {theme.card_border};"
            "border-radius: 8px; padding: 8px 14px;"
        )
        self._buttons.setStyleSheet(
            f"QFrame {{ background: {theme.card}; border: 1px solid {theme.card_border}; border-radius: 6px; }}"
            f"QToolButton {{ color: {theme.text}; background: transparent; border: none; padding: 4px 8px; }}"
            f"QToolButton:hover {{ background: {theme.group_fill_inner}; }}"
        )

    def set_busy(self, text: str | None) -> None:
        """Shows what is waited for; None hides it."""
        self._busy.setText(text or "")
        self._busy.setVisible(text is not None)
        self._hint.setVisible(self._empty and text is None)
        self.place()

    def hide(self) -> None:
        """Takes everything away: for a picture of the graph alone."""
        for widget in (self._hint, self._busy, self._buttons, self.minimap):
            widget.hide()

    def place(self) -> None:
        """Puts everything where it belongs on a canvas of this size."""
        width, height = self._canvas.width(), self._canvas.height()
        self._hint.setGeometry(MARGIN, MARGIN, max(0, width - 2 * MARGIN), max(0, height - 2 * MARGIN))
        self._busy.adjustSize()
        self._busy.move(
            (width - self._busy.width()) // 2, MARGIN if not self._empty else (height - self._busy.height()) // 2
        )
        self._buttons.adjustSize()
        across, down = _BUTTONS_PART
        fit = self._buttons.width() <= across * width and self._buttons.height() <= down * height
        self._buttons.setVisible(fit and not self._empty)
        self._buttons.move(width - self._buttons.width() - MARGIN, height - self._buttons.height() - MARGIN)
        self._place_minimap()

    def _on_moved(self) -> None:
        if self.minimap.isHidden():
            self._placed_for = None  # what it would cover when it appears again is another matter
        elif self._placed_for is None:
            self._place_minimap()

    def _place_minimap(self) -> None:
        """Puts it where it covers least when it appears; there it stays, for who looks around would not find it.

        On a canvas of another size everything has another place anyway.
        """
        frame, size = self._canvas.frame, (self._canvas.width(), self._canvas.height())
        if size != self._placed_in:
            self._placed_in, self._placed_for = size, None
        if not self.minimap.isHidden() and frame is not None and frame.picture is not self._placed_for:
            self._placed_for = frame.picture
            # Where nothing is gained, it stays where it was.
            self._corner = min((self._corner, *_CORNERS), key=lambda corner: self._covered(frame.picture, corner))
        if self._meets_buttons(self._corner):
            self._corner = (0, 0)
        self.minimap.move(*self._place_in(self._corner))

    def _place_in(self, corner: tuple[int, int]) -> tuple[int, int]:
        free_x = self._canvas.width() - self.minimap.width() - 2 * MARGIN
        free_y = self._canvas.height() - self.minimap.height() - 2 * MARGIN
        return MARGIN + corner[0] * free_x, MARGIN + corner[1] * free_y

    def _meets_buttons(self, corner: tuple[int, int]) -> bool:
        """Whether the minimap would lie over the buttons, in a window that is narrow."""
        place = QRect(QPoint(*self._place_in(corner)), self.minimap.size())
        return not self._buttons.isHidden() and place.intersects(self._buttons.geometry())

    def _covered(self, picture: PictureLike, corner: tuple[int, int]) -> float:
        """How much of the boxes the minimap would cover in a corner."""
        place, view = self._place_in(corner), self._canvas.camera.view
        low = np.array(view.to_picture(*place))
        high = np.array(view.to_picture(place[0] + self.minimap.width(), place[1] + self.minimap.height()))
        corners = picture.box_bounds[:, :2]
        covered = np.minimum(corners + picture.box_bounds[:, 2:], high) - np.maximum(corners, low)
        return float(covered.clip(0).prod(axis=1).sum())


def _zoom_buttons(canvas: Canvas) -> QWidget:
    frame = QFrame(canvas)
    row = QHBoxLayout(frame)
    row.setContentsMargins(2, 2, 2, 2)
    row.setSpacing(0)
    for text, name, action in (
        ("−", "Zoom out (−)", canvas.zoom_out),
        ("+", "Zoom in (+)", canvas.zoom_in),
        ("1:1", "Show at 100 % (1)", canvas.reset_zoom),
        ("Fit", "Show everything (0)", canvas.fit),
    ):
        row.addWidget(_button(text, name, action))
    return frame


def _button(text: str, name: str, action: Callable[[], None]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(name)
    button.setAccessibleName(name)
    # Tab belongs to the boxes; every button has a key of its own.
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    button.clicked.connect(action)
    return button
