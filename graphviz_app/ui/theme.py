"""Puts a look on the whole application: fonts that ship with it, Fusion palettes of our own, a little style sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontDatabase, QGuiApplication, QPalette

from graphviz_app.resources import resource
from graphviz_app.ui.stylesheet import style_sheet

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from graphviz_app.ui.look import Look
    from graphviz_app.ui.settings import ThemeMode

FONT_FILES = ("Inter-Regular.otf", "Inter-SemiBold.otf", "JetBrainsMono-Regular.ttf", "JetBrainsMono-Bold.ttf")


def load_fonts() -> None:
    """Make the shipped fonts known to Qt, so that text is measured alike on every machine."""
    for name in FONT_FILES:
        QFontDatabase.addApplicationFont(str(resource("fonts", name)))


def system_is_dark() -> bool:
    """Whether the desktop asks for dark colours; False where it does not say."""
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def is_dark(mode: ThemeMode) -> bool:
    """Whether the chosen mode means dark colours now."""
    return system_is_dark() if mode == "system" else mode == "dark"


def apply_look(application: QApplication, look: Look) -> None:
    """Give the whole application the look's palette, font and style sheet."""
    application.setPalette(palette(look))
    application.setFont(look.ui_font())
    application.setStyleSheet(style_sheet(look))


def palette(look: Look) -> QPalette:
    """The look's colours in the roles that Fusion paints with."""
    colours = look.colours
    result = QPalette()
    roles = QPalette.ColorRole
    for role, colour in {
        roles.Window: colours.window,
        roles.WindowText: colours.text,
        roles.Base: colours.panel,
        roles.AlternateBase: colours.raised,
        roles.Text: colours.text,
        roles.Button: colours.raised,
        roles.ButtonText: colours.text,
        roles.BrightText: colours.error,
        roles.ToolTipBase: colours.raised,
        roles.ToolTipText: colours.text,
        roles.PlaceholderText: colours.dim,
        roles.Highlight: colours.accent,
        roles.HighlightedText: colours.accent_text,
        roles.Link: colours.accent,
        roles.LinkVisited: colours.accent,
        roles.Mid: colours.border,
        roles.Midlight: colours.border,
        roles.Light: colours.raised,
        roles.Dark: colours.border,
        roles.Shadow: "#000000",
    }.items():
        result.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.dim))
    return result
