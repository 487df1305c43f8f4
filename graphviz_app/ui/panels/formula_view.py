"""One formula, drawn as large as it fits; as text until it is drawn, or where it cannot be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPalette
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from graphviz_app.ui.panels.formula_press import FormulaPress

_DRAWN_AT = 32.0
_PATIENCE = 120
"""Milliseconds that a formula must stay before it is worth drawing: while steps fly by, text will do."""
_SMALLEST = 0.55
_SYMBOLS = {
    "partial": "∂", "cdot": "·", "odot": "⊙", "top": "ᵀ", "sum": "∑", "times": "×", "le": "≤", "ge": "≥", "leq": "≤",
    "geq": "≥", "sigma": "σ", "infty": "∞", "max": "max", "min": "min", "quad": "  ", "log": "log", "exp": "exp",
    "sin": "sin", "cos": "cos", "tanh": "tanh", "left": "", "right": "", "ne": "≠", "in": "∈", "mu": "μ", "pi": "π",
    "bar": "", "overline": "", "qquad": "  ", "ldots": "…", "cdots": "…", "approx": "≈", "alpha": "α", "beta": "β",
}  # fmt: skip


class FormulaView(QWidget):
    """Draws LaTeX in the colour of text."""

    def __init__(self, press: FormulaPress, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._press = press
        self._latex = ""
        self._renderer: QSvgRenderer | None = None
        self._image: QImage | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        press.printed.connect(self._take)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE)
        self._patience.timeout.connect(self._order)

    def set_latex(self, latex: str) -> None:
        """Show another formula; it is drawn when it is printed."""
        if latex == self._latex:
            return
        self._latex = latex
        self._renderer, self._image = None, None
        self.setAccessibleName(f"Formula: {plain(latex)}")
        self.setToolTip(latex)
        self._patience.stop()
        if self._press.has(latex):
            self._order()
        else:
            self._patience.start()
        self.updateGeometry()
        self.update()

    def _order(self) -> None:
        svg = self._press.drawing(self._latex)
        if svg is not None:
            self._take(self._latex, svg)

    @property
    def is_drawn(self) -> bool:
        """Whether the formula is seen as a drawing, not as text."""
        return self._renderer is not None

    def hasHeightForWidth(self) -> bool:
        """A narrow panel makes a wide formula smaller."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height at the scale that fits."""
        if self._renderer is None:
            return round(self._text_area(width).height()) + 2
        return round(self._renderer.defaultSize().height() * self._scale(width)) + 4

    def sizeHint(self) -> QSize:
        """As wide as the panel is."""
        return QSize(self.width(), self.heightForWidth(max(self.width(), 1)))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - it is small enough to paint whole
        """The drawing, or the text in its place."""
        painter = QPainter(self)
        if self._renderer is None:
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            painter.drawText(QRectF(self.rect()), Qt.TextFlag.TextWordWrap, plain(self._latex))
            return
        if self._image is None:
            self._image = self._draw(self._renderer)
        painter.drawImage(0, 2, self._image)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette and the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._image = None
            self.updateGeometry()

    def resizeEvent(self, event: QEvent) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Another width, another scale."""
        self._image = None
        super().resizeEvent(event)  # pyright: ignore[reportArgumentType]

    def _take(self, latex: str, svg: str) -> None:
        if latex != self._latex or not svg:
            return
        renderer = QSvgRenderer(QByteArray(svg.encode()))
        if renderer.isValid():
            self._renderer, self._image = renderer, None
            self.updateGeometry()
            self.update()

    def _scale(self, width: int) -> float:
        wanted = QFontMetricsF(self.font()).height() * 1.05 / _DRAWN_AT
        if self._renderer is None:
            return wanted
        fitting = width / max(self._renderer.defaultSize().width(), 1)
        return min(wanted, max(fitting, wanted * _SMALLEST))

    def _draw(self, renderer: QSvgRenderer) -> QImage:
        """The formula in the colour of text: the SVG is black, so its alpha is kept and its colour replaced."""
        ratio = self.devicePixelRatioF()
        size = renderer.defaultSize().toSizeF() * self._scale(self.width())
        image = QImage((size * ratio).toSize().expandedTo(QSize(1, 1)), QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(image.rect(), self.palette().color(QPalette.ColorRole.WindowText))
        painter.end()
        image.setDevicePixelRatio(ratio)
        return image

    def _text_area(self, width: int) -> QRectF:
        room = QRectF(0, 0, width, 10_000)
        return QFontMetricsF(self.font()).boundingRect(room, Qt.TextFlag.TextWordWrap, plain(self._latex))


def plain(latex: str) -> str:
    """LaTeX as readable text, for screen readers and until it is drawn."""
    text = re.sub(r"\\(?:text|mathrm|operatorname|mathbf)\{([^{}]*)\}", r"\1", latex)
    for _ in range(4):
        text = re.sub(r"\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}", r"(\1)/(\2)", text)
        text = re.sub(r"\\sqrt\{([^{}]*)\}", r"√(\1)", text)
        text = re.sub(r"([_^])\{([^{}]*)\}", r"\1\2", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda found: _SYMBOLS.get(found.group(1), found.group(1)), text)
    text = re.sub(r"\\.", " ", text)
    return re.sub(r"\s+", " ", text.replace("{", "").replace("}", "").replace("&", " ")).strip()
