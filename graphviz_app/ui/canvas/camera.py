"""The hand that moves the view: panning, zooming, fitting, going somewhere; smooth where motion is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from graphviz_app.ui.canvas.animation import Animator, slowing, swinging
from graphviz_app.ui.canvas.view import Bounds, View, between, clamp_level, opening_view

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ZOOM_MILLISECONDS: Final = 140
TRAVEL_MILLISECONDS: Final = 260
PINCH_REST_MILLISECONDS: Final = 120
LEVELS_PER_NOTCH: Final = 256  # a quarter of a doubling


class Camera(QObject):
    """Owns the view; every change goes through `look` and is told by `moved`."""

    moved = Signal()
    rested = Signal()

    def __init__(self, animator: Animator, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view = View()
        self.bounds: Bounds = (0.0, 0.0, 1.0, 1.0)
        self.reduced_motion = False
        self.natural = 0  # the level at which things have their natural size
        self.covers: Callable[[], Sequence[Bounds]] = tuple  # what lies over the picture, in pixels of the window
        self._animator = animator
        self._level_wanted = 0.0
        self._pinching = QTimer(self)
        self._pinching.setSingleShot(True)
        self._pinching.setInterval(PINCH_REST_MILLISECONDS)
        self._pinching.timeout.connect(self.rested)

    @property
    def zooming(self) -> bool:
        """Whether the zoom is changing, so that tiles of this exact zoom would be painted in vain."""
        return self._animator.runs("zoom") or self._pinching.isActive()

    def look(self, view: View) -> None:
        """Turns to a view at once."""
        clamped = view.clamped(self.bounds)
        if clamped != self.view:
            self.view = clamped
            self.moved.emit()

    def resize(self, width: float, height: float) -> None:
        """The window has another size."""
        # A movement under way knows the old size only.
        self._animator.stop("travel")
        self._animator.stop("zoom")
        self.look(self.view.resized(width, height))

    def pan(self, dx: float, dy: float) -> None:
        """Moves the picture by pixels of the window."""
        self._animator.stop("travel")
        self.look(self.view.panned(dx, dy))

    def glide(self, dx: float, dy: float) -> None:
        """Moves the picture by pixels of the window, smoothly."""
        self._travel(self.view.panned(dx, dy), ZOOM_MILLISECONDS, slowing)

    def zoom(self, notches: float, x: float, y: float) -> None:
        """Zooms by notches of a wheel around a pixel of the window, smoothly."""
        if not self._animator.runs("zoom"):
            self._level_wanted = self.view.level
        self._level_wanted = self._clamped(self._level_wanted + notches * LEVELS_PER_NOTCH)
        self.zoom_to(round(self._level_wanted), x, y)

    def zoom_to(self, level: int, x: float, y: float) -> None:
        """Zooms to a level around a pixel of the window, smoothly."""
        start, end = self.view, self._clamped(level)
        self._level_wanted = end
        self._animator.stop("travel")

        def progress(part: float) -> None:
            now = round(start.level + (end - start.level) * slowing(part))
            self.look(self.view.zoomed(now, x, y))

        self._animator.run("zoom", self._time(ZOOM_MILLISECONDS), progress, self.rested.emit)

    def enlarge(self, level: int) -> None:
        """Makes another level the natural one; what is seen grows or shrinks with it, around the middle."""
        change, self.natural = level - self.natural, level
        if change:
            self._animator.stop("zoom")
            self._animator.stop("travel")
            self.look(
                self.view.zoomed(self._clamped(self.view.level + change), self.view.width / 2, self.view.height / 2)
            )

    def pinch(self, factor_level: float, x: float, y: float) -> None:
        """Zooms by a (fractional) number of levels at once, as two fingers ask for it."""
        if not self._pinching.isActive():
            self._level_wanted = self.view.level
        self._pinching.start()
        self._level_wanted = self._clamped(self._level_wanted + factor_level)
        self.look(self.view.zoomed(round(self._level_wanted), x, y))

    def open(self, start: Bounds) -> None:
        """The first sight of a new picture, whose gradients start at `start`."""
        self.look(opening_view(self.view, self.bounds, start, self.natural))

    def fit(self) -> None:
        """Goes to where all can be seen."""
        self._travel(self.view.fitted(self.bounds, self.natural), TRAVEL_MILLISECONDS, swinging)

    def go_to(self, bounds: Bounds, *, level: int | None = None) -> None:
        """Brings `bounds` to the middle of the window."""
        view = self.view if level is None else self.view._replace(level=self._clamped(level))
        middle = view.centred(bounds[0] + bounds[2] / 2, bounds[1] + bounds[3] / 2)
        self._travel(middle, TRAVEL_MILLISECONDS, swinging)

    def jump(self, x: float, y: float) -> None:
        """Brings a point of the picture to the middle of the window at once."""
        self._animator.stop("travel")
        self._animator.stop("zoom")
        self.look(self.view.centred(x, y))

    def reveal(self, bounds: Bounds, margin: float = 24.0) -> None:
        """Moves just as far as it takes to see all of `bounds`, or its middle if it is too large."""
        covers = self.covers()
        if not self.view.shows(bounds, margin, covers):
            self._travel(self.view.revealing(bounds, margin, covers), TRAVEL_MILLISECONDS, swinging)

    def _travel(self, target: View, duration: float, ease: Callable[[float], float]) -> None:
        start, end = self.view, target.clamped(self.bounds)
        name = "zoom" if end.level != start.level else "travel"
        self._animator.stop("travel")
        self._animator.stop("zoom")

        def progress(part: float) -> None:
            self.look(between(start, end, ease(part)))

        self._animator.run(name, self._time(duration), progress, self.rested.emit)

    def _time(self, duration: float) -> float:
        return 0.0 if self.reduced_motion else duration

    def _clamped(self, level: float) -> int:
        return clamp_level(round(level), self.bounds, self.view.width, self.view.height)
