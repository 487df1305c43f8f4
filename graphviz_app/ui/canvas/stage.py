"""What is on its way: tokens along links during a step, boxes from picture to picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.scene.asides import asides
from graphviz_app.scene.draw_box import measure_tag
from graphviz_app.scene.draw_link import TOKEN
from graphviz_app.ui.canvas.animation import Animator, swinging
from graphviz_app.ui.canvas.live import Moving
from graphviz_app.ui.canvas.morph import MORPH_MILLISECONDS, Morph, Tools
from graphviz_app.ui.canvas.tokens import Ways

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPainter

    from graphviz_app.ui.canvas.frame import FrameLike


ONE_CURVE = 4  # control points


class Stage:
    """Runs tokens and the change of pictures; `repaint` is called at every movement."""

    def __init__(self, animator: Animator, repaint: Callable[[], None]) -> None:
        self._animator = animator
        self._repaint = repaint
        self._morph: Morph | None = None
        self._part = 0.0
        self.moving: Moving | None = None

    def move_tokens(self, frame: FrameLike, duration: float) -> None:
        """Lets the gradients of a frame move along their links for some milliseconds."""
        curves = frame.picture.layout.curves
        # A layout that was cut short may have links without a curve.
        tokens = tuple(token for token in frame.tokens if len(curves[token.link]) >= ONE_CURVE)
        ways = Ways([curves[token.link] for token in tokens])
        beside = asides([curves[token.link] for token in tokens], [measure_tag(token.text, TOKEN) for token in tokens])

        def progress(part: float) -> None:
            self.moving = Moving(tokens, ways.at(part), beside.at(part))
            self._repaint()

        self._animator.run("tokens", duration, progress, self._arrived)

    def stop_tokens(self) -> None:
        """Takes the tokens away."""
        self._animator.stop("tokens")

    def change_pictures(self, morph: Morph) -> None:
        """Lets boxes wander from the old picture's places to the new one's."""
        self._morph = morph
        self._animator.run("morph", MORPH_MILLISECONDS, self._progress)

    def forget_pictures(self) -> None:
        """Ends a change of pictures."""
        self._animator.stop("morph")
        self._morph = None

    @property
    def changes_pictures(self) -> bool:
        """Whether one picture is turning into another, or has just done so."""
        return self._morph is not None

    def draw_pictures(self, painter: QPainter, tools: Tools, *, covered: bool) -> bool:
        """Paints a change of pictures, also after its end until tiles have `covered` the canvas; False without one."""
        if self._morph is None:
            return False
        if not self._animator.runs("morph") and covered:
            self._morph = None
            return False
        self._morph.draw(painter, self._part, tools)
        return True

    def _progress(self, part: float) -> None:
        self._part = swinging(part)
        self._repaint()

    def _arrived(self) -> None:
        self.moving = None
        self._repaint()
