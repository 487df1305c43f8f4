"""The panels' colours: two sets, light and dark, that colour-blind people can tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QPalette

from graphviz_app.scene.theme import THEMES, Theme

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class PanelColours:
    """Colours by meaning, as "#rrggbb"; after Okabe and Ito, darkened or lightened for contrast."""

    dark: bool
    forward: str
    backward: str
    nested: str
    accumulated: str
    cleared: str
    updated: str
    written: str
    printed: str
    error: str
    cursor: str
    line: str
    muted: str


LIGHT = PanelColours(
    dark=False,
    forward="#0072b2",
    backward="#c65300",
    nested="#e69f00",
    accumulated="#00805d",
    cleared="#5f6670",
    updated="#a03a82",
    written="#8a6d00",
    printed="#3d4450",
    error="#c01818",
    cursor="#101418",
    line="#c9ced6",
    muted="#5f6670",
)
DARK = PanelColours(
    dark=True,
    forward="#56b4e9",
    backward="#ef8a3c",
    nested="#ffc04d",
    accumulated="#35c79b",
    cleared="#a9b1bd",
    updated="#e08cc4",
    written="#e8d84a",
    printed="#c4cbd6",
    error="#ff6f6f",
    cursor="#ffffff",
    line="#3c434f",
    muted="#a0a8b4",
)


def colours_of(palette: QPalette) -> PanelColours:
    """The set that fits a palette: dark where its windows are darker than their text."""
    window = palette.color(QPalette.ColorRole.Window)
    text = palette.color(QPalette.ColorRole.WindowText)
    return DARK if window.lightness() < text.lightness() else LIGHT


def widget_theme(widget: QWidget) -> Theme:
    """The picture's theme that fits a widget's palette: heat maps look the same in a panel and on the canvas."""
    return THEMES["dark" if widget_colours(widget).dark else "light"]


def widget_colours(widget: QWidget) -> PanelColours:
    """The set that fits a widget's palette."""
    return colours_of(widget.palette())


def faint(colour: str, alpha: float) -> QColor:
    """A colour let through to `alpha` (0 to 1)."""
    result = QColor(colour)
    result.setAlphaF(alpha)
    return result
