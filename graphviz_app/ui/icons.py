"""Icons drawn for this app: small SVG pictures, rendered in a colour at a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

if TYPE_CHECKING:
    from graphviz_app.ui.look import Look

ICON_EXTENT = 18
"""Designed size in logical pixels."""

# On a 24 x 24 ground. F is replaced by a fill in the icon's colour, S by a stroke.
_DRAWINGS = {
    "run": '<path F d="M7 4.5 L19.5 12 L7 19.5 Z"/>',
    "stop": '<rect F x="6" y="6" width="12" height="12" rx="1.5"/>',
    "play": '<path F d="M8 5 L19 12 L8 19 Z"/>',
    "pause": '<path F d="M7 5 H10.5 V19 H7 Z M13.5 5 H17 V19 H13.5 Z"/>',
    "to_start": '<path F d="M5 5 H7.4 V19 H5 Z M19 5 V19 L9 12 Z"/>',
    "to_end": '<path F d="M16.6 5 H19 V19 H16.6 Z M5 5 L15 12 L5 19 Z"/>',
    "back": '<path S d="M15 5 L8 12 L15 19"/>',
    "forward": '<path S d="M9 5 L16 12 L9 19"/>',
    "next_pass": '<path S d="M4 6 L10 12 L4 18 M12 6 L18 12 L12 18"/><path S d="M21 5 V19"/>',
    "next_accumulation": '<path S d="M12 3 V12 M7.5 8 L12 12.5 L16.5 8"/><path S d="M4 14 V20 H20 V14"/>',
    "next_call": '<circle S cx="12" cy="16" r="4.5"/><path S d="M4 9 C6 3 18 3 20 9 M20 3.5 V9 H14.5"/>',
    "find": '<circle S cx="10.5" cy="10.5" r="6"/><path S d="M15 15 L20.5 20.5"/>',
    "export": '<path S d="M12 15 V3.5 M7.5 8 L12 3.5 L16.5 8"/><path S d="M4 14 V20 H20 V14"/>',
    "present": '<path S d="M3 4 H21 M4.5 4 V15 H19.5 V4 M12 15 V18 M8 21 L12 18 L16 21"/>',
    "lessons": '<path S d="M12 6.5 C9.5 4.5 6 4.5 3.5 5.5 V18.5 C6 17.5 9.5 17.5 12 19.5 '
    'C14.5 17.5 18 17.5 20.5 18.5 V5.5 C18 4.5 14.5 4.5 12 6.5 V19"/>',
    "fit": '<path S d="M4 9 V4 H9 M15 4 H20 V9 M20 15 V20 H15 M9 20 H4 V15"/>',
    "turn": '<path S d="M4 12 A8 8 0 0 1 19 8 M19.5 3 V8.5 H14 M12 12 V20 M8.5 16.5 L12 20 L15.5 16.5"/>',
    "open": '<path S d="M3.5 19 V5 H10 L12 7.5 H20.5 V19 Z"/>',
    "save": '<path S d="M4 4 H16.5 L20 7.5 V20 H4 Z M8 4 V9 H15 V4 M7.5 20 V14 H16.5 V20"/>',
    "close": '<path S d="M6 6 L18 18 M18 6 L6 18"/>',
    "up": '<path S d="M5 15 L12 8 L19 15"/>',
    "down": '<path S d="M5 9 L12 16 L19 9"/>',
    "error": '<circle S cx="12" cy="12" r="8.5"/><path S d="M12 7 V13 M12 16.4 V16.6"/>',
    "warning": '<path S d="M12 4 L21 19.5 H3 Z M12 10 V14.5 M12 16.9 V17"/>',
    "information": '<circle S cx="12" cy="12" r="8.5"/><path S d="M12 11 V16.8 M12 7.4 V7.6"/>',
}
NAMES = frozenset(_DRAWINGS)


def svg(name: str, colour: str) -> str:
    """The icon as an SVG text, all in one colour."""
    drawing = _DRAWINGS[name].replace(" F ", f' fill="{colour}" ')
    stroke = f' fill="none" stroke="{colour}" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" '
    drawing = drawing.replace(" S ", stroke)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">{drawing}</svg>'


def pixmap(name: str, colour: str, extent: int, ratio: float = 1.0) -> QPixmap:
    """The icon rendered into a square of `extent` logical pixels at a device pixel ratio."""
    result = QPixmap(round(extent * ratio), round(extent * ratio))
    result.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(svg(name, colour).encode()))
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, result.width(), result.height()))
    painter.end()
    result.setDevicePixelRatio(ratio)
    return result


def icon(name: str, look: Look, ratio: float = 1.0, *, colour: str | None = None) -> QIcon:
    """The icon for buttons in this look; greyed where the button is disabled."""
    extent = look.pixels(ICON_EXTENT)
    result = QIcon(pixmap(name, colour or look.colours.text, extent, ratio))
    result.addPixmap(pixmap(name, _between(look.colours.border, look.colours.dim), extent, ratio), QIcon.Mode.Disabled)
    return result


def _between(one: str, other: str) -> str:
    """The colour half-way: what is disabled can still be made out."""
    first, second = QColor(one), QColor(other)
    return QColor(
        (first.red() + second.red()) // 2, (first.green() + second.green()) // 2, (first.blue() + second.blue()) // 2
    ).name()
