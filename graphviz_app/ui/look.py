"""How the window looks: one frozen value that every widget is given, and paints from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from PySide6.QtGui import QFont

UI_FAMILY = "Inter"
CODE_FAMILY = "JetBrains Mono"
UI_PIXELS = 13
CODE_PIXELS = 13


class Colours(NamedTuple):
    """Colours by what they are for; "#rrggbb".

    Blue and orange carry meaning, never red against green alone, so that colour-blind people can tell them apart.
    """

    window: str
    panel: str
    raised: str
    text: str
    dim: str
    border: str
    accent: str
    accent_text: str
    error: str
    warning: str
    information: str
    running_line: str
    error_line: str
    lit_line: str
    cursor_line: str
    found: str
    keyword: str
    string: str
    comment: str
    number: str
    function: str
    builtin: str


LIGHT = Colours(
    window="#eef0f3",
    panel="#ffffff",
    raised="#f8f9fb",
    text="#1b1f27",
    dim="#5b6472",
    border="#d3d8e0",
    accent="#1660c2",
    accent_text="#ffffff",
    error="#b3261e",
    warning="#8a5300",
    information="#1660c2",
    running_line="#ffe9b8",
    error_line="#fbdcd9",
    lit_line="#dcebff",
    cursor_line="#f4f6f9",
    found="#ffd54a",
    keyword="#7a2fb0",
    string="#00695c",
    comment="#667080",
    number="#a34700",
    function="#1450a8",
    builtin="#0f6a8b",
)

DARK = Colours(
    window="#191c22",
    panel="#20242b",
    raised="#2a2f38",
    text="#e4e8ef",
    dim="#9aa4b4",
    border="#39404c",
    accent="#5fa4f5",
    accent_text="#0d1420",
    error="#ff8a80",
    warning="#ffb74d",
    information="#7ab7ff",
    running_line="#4d3d12",
    error_line="#572a2a",
    lit_line="#203a5c",
    cursor_line="#272c35",
    found="#7a5f00",
    keyword="#cf9bf2",
    string="#7fd1b9",
    comment="#8b95a5",
    number="#f2ae72",
    function="#86b8f7",
    builtin="#7cc7e0",
)


@dataclass(frozen=True)
class Look:
    """Everything that decides how a widget paints itself, apart from its content.

    Attributes:
        dark: Whether on a dark ground.
        zoom: Size of everything, 1.0 as designed.
        reduced_motion: Whether nothing should move by itself.
    """

    dark: bool = False
    zoom: float = 1.0
    reduced_motion: bool = False

    @property
    def colours(self) -> Colours:
        """The colours on this ground."""
        return DARK if self.dark else LIGHT

    def pixels(self, length: float) -> int:
        """A designed length in logical pixels at this zoom, at least 1."""
        return max(1, round(length * self.zoom))

    def ui_font(self, scale: float = 1.0, *, bold: bool = False) -> QFont:
        """The font of buttons, labels and prose."""
        return self._font(UI_FAMILY, UI_PIXELS * scale, bold=bold)

    def code_font(self, scale: float = 1.0, *, bold: bool = False) -> QFont:
        """The font of programs, output and numbers."""
        font = self._font(CODE_FAMILY, CODE_PIXELS * scale, bold=bold)
        font.setStyleHint(QFont.StyleHint.Monospace)
        return font

    def _font(self, family: str, pixels: float, *, bold: bool) -> QFont:
        font = QFont(family)
        font.setPixelSize(self.pixels(pixels))
        if bold:
            font.setWeight(QFont.Weight.DemiBold if family == UI_FAMILY else QFont.Weight.Bold)
        return font
