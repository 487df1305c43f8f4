"""Colours, zoom and motion: everything about how the window looks, and nothing about what it shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from graphviz_app.ui.look import Look
from graphviz_app.ui.settings import ZOOM_STEPS
from graphviz_app.ui.theme import apply_look, is_dark

if TYPE_CHECKING:
    from graphviz_app.ui.settings import Settings, ThemeMode


class ViewControl(QObject):
    """Holds the look, changes it as asked, and remembers it.

    Signals:
        look_changed: The new `Look`; the application has its palette and fonts already.
    """

    look_changed = Signal(object)

    def __init__(self, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._settings = settings
        self._presenting = False
        self.look = self._wanted()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_changed)

    @property
    def theme(self) -> ThemeMode:
        """What the user chose."""
        return self._settings.theme

    def set_theme(self, mode: ThemeMode) -> None:
        """Light, dark, or as the system."""
        self._settings.theme = mode
        self._apply()

    def set_reduced_motion(self, reduced: bool) -> None:
        """Whether nothing should move by itself."""
        self._settings.reduced_motion = reduced
        self._apply()

    def set_presenting(self, presenting: bool) -> None:
        """Bigger type while presenting, for the back of the hall."""
        self._presenting = presenting
        self._apply()

    def zoom_in(self) -> None:
        """Everything one step bigger."""
        self._zoom_by(1)

    def zoom_out(self) -> None:
        """Everything one step smaller."""
        self._zoom_by(-1)

    def zoom_by(self, steps: int) -> None:
        """Everything so many steps bigger."""
        self._zoom_by(steps)

    def zoom_reset(self) -> None:
        """Everything as designed."""
        self._settings.zoom = 1.0
        self._apply()

    def apply_now(self) -> None:
        """Put the look on the application; once, before the window is made."""
        apply_look(cast("QApplication", QApplication.instance()), self.look)

    def _zoom_by(self, steps: int) -> None:
        position = ZOOM_STEPS.index(self._settings.zoom) + steps
        self._settings.zoom = ZOOM_STEPS[min(max(position, 0), len(ZOOM_STEPS) - 1)]
        self._apply()

    def _on_system_changed(self) -> None:
        if self._settings.theme == "system":
            self._apply()

    def _wanted(self) -> Look:
        look = Look(is_dark(self._settings.theme), self._settings.zoom, self._settings.reduced_motion)
        return replace(look, zoom=min(look.zoom * 1.35, ZOOM_STEPS[-1])) if self._presenting else look

    def _apply(self) -> None:
        wanted = self._wanted()
        if wanted == self.look:
            return
        only_motion = replace(wanted, reduced_motion=self.look.reduced_motion) == self.look
        self.look = wanted
        if not only_motion:
            self.apply_now()
        self.look_changed.emit(wanted)
