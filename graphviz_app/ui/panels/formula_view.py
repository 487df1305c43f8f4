"""One formula, as large as it fits, in several lines if need be; as text until it is drawn, or where it cannot be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QPointF, QRectF, QSize, QSizeF, Qt, QTimer
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPalette
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from graphviz_app.ui.panels.formula_press import FormulaPress

_DRAWN_AT = 32.0
_GAP = 8.0
"""Between lines of what is drawn at that size."""
_FORMAT = QImage.Format.Format_ARGB32_Premultiplied
_PATIENCE = 120
"""Milliseconds that a formula must stay before it is worth drawing: while steps fly by, text will do."""
_SMALLEST = 0.55
_READABLE = 0.75
"""What is drawn smaller than this in one line is broken where that can be done."""
_ARRAY = r"(?:\\left\[|\{\\begin)"
_AFTER = r"(?<=[\])}]) "
_RESULT = rf"{_AFTER}(?== {_ARRAY})| (?:\\quad )?(?=\\longrightarrow)"
_BREAKS = (re.compile(_RESULT), re.compile(rf"{_RESULT}|{_AFTER}(?=(?:\+|\\cdot|\\;) {_ARRAY})"))
"""Where numbers may be broken over lines: before what comes out, and also before what is multiplied or added."""
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
        self._ways: list[tuple[str, ...]] = []
        self._drawn: dict[str, QSvgRenderer] = {}
        self._lines: tuple[QSvgRenderer, ...] = ()
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
        self._ways = _ways(latex)
        self._drawn, self._lines, self._image = {}, (), None
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
        """Have it drawn, in as few lines as leave it readable."""
        lines: tuple[QSvgRenderer, ...] = ()
        for way in self._ways:
            if not all(map(self._has, way)):
                break
            lines = tuple(self._drawn[line] for line in way)
            if self.width() / _size(lines).width() >= self._wanted() * _READABLE:
                break
        if lines != self._lines:
            self._lines, self._image = lines, None
            self.updateGeometry()
            self.update()

    def _has(self, line: str) -> bool:
        """Whether a line is drawn; where it is not, it is ordered."""
        if line not in self._drawn and (svg := self._press.drawing(line)):
            renderer = QSvgRenderer(QByteArray(svg.encode()))
            if renderer.isValid():
                self._drawn[line] = renderer
        return line in self._drawn

    @property
    def is_drawn(self) -> bool:
        """Whether the formula is seen as a drawing, not as text."""
        return bool(self._lines)

    def hasHeightForWidth(self) -> bool:
        """A narrow panel makes a wide formula smaller."""
        return True

    def heightForWidth(self, width: int) -> int:
        """The height at the scale that fits."""
        if not self._lines:
            return round(self._text_area(width).height()) + 2
        return round(_size(self._lines).height() * self._scale(width)) + 4

    def sizeHint(self) -> QSize:
        """As wide as the panel is."""
        return QSize(self.width(), self.heightForWidth(max(self.width(), 1)))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - it is small enough to paint whole
        """The drawing, or the text in its place."""
        painter = QPainter(self)
        if not self._lines:
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            painter.drawText(QRectF(self.rect()), Qt.TextFlag.TextWordWrap, plain(self._latex))
            return
        if self._image is None:
            self._image = self._draw()
        painter.drawImage(0, 2, self._image)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette and the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._image = None
            self.updateGeometry()
            self._break_again()

    def resizeEvent(self, event: QEvent) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Another width, another scale."""
        self._image = None
        super().resizeEvent(event)  # pyright: ignore[reportArgumentType]
        self._break_again()

    def _take(self, latex: str, _svg: str) -> None:
        if any(latex in way for way in self._ways):
            self._order()

    def _break_again(self) -> None:
        if self._lines:
            self._order()

    def _wanted(self) -> float:
        return QFontMetricsF(self.font()).height() * 1.05 / _DRAWN_AT

    def _scale(self, width: int) -> float:
        wanted = self._wanted()
        return min(wanted, max(width / _size(self._lines).width(), wanted * _SMALLEST))

    def _draw(self) -> QImage:
        """The formula in the colour of text: the SVG is black, so its alpha is kept and its colour replaced."""
        ratio = self.devicePixelRatioF()
        scale = self._scale(self.width()) * ratio
        image = QImage((_size(self._lines) * scale).toSize().expandedTo(QSize(1, 1)), _FORMAT)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        top = 0.0
        for line in self._lines:
            size = line.defaultSize().toSizeF() * scale
            line.render(painter, QRectF(QPointF(0, top), size))
            top += size.height() + _GAP * scale
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(image.rect(), self.palette().color(QPalette.ColorRole.WindowText))
        painter.end()
        image.setDevicePixelRatio(ratio)
        return image

    def _text_area(self, width: int) -> QRectF:
        room = QRectF(0, 0, width, 10_000)
        return QFontMetricsF(self.font()).boundingRect(room, Qt.TextFlag.TextWordWrap, plain(self._latex))


def _size(lines: Sequence[QSvgRenderer]) -> QSizeF:
    """Of lines below each other, as they were drawn."""
    sizes = [line.defaultSize() for line in lines]
    return QSizeF(
        max(1, *(size.width() for size in sizes)), sum(size.height() for size in sizes) + _GAP * (len(sizes) - 1)
    )


def _ways(latex: str) -> list[tuple[str, ...]]:
    """The lines in which a formula may stand: one, and the more the narrower the panel is."""
    broken = [tuple(pattern.split(latex)) for pattern in _BREAKS]
    return list(dict.fromkeys([(latex,), *broken]))


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
