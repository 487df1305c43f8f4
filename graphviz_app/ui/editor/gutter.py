"""Line numbers, and beside them what each line did and which one is running."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPolygonF
from PySide6.QtWidgets import QToolTip, QWidget

from graphviz_app.ui.editor.marks import LineMarks, LineRole

if TYPE_CHECKING:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QHelpEvent, QMouseEvent, QPaintEvent

    from graphviz_app.ui.editor.code_editor import CodeEditor
    from graphviz_app.ui.look import Look

_MARK_WIDTH = 16


class Gutter(QWidget):
    """The strip left of the text; the editor tells it when to repaint."""

    line_clicked = Signal(int)

    def __init__(self, editor: CodeEditor, look: Look) -> None:
        super().__init__(editor)
        self._editor = editor
        self._look = look
        self._marks = LineMarks()
        self.setAccessibleName("Line numbers")

    def set_look(self, look: Look) -> None:
        """Paint in this look from now on."""
        self._look = look
        self.update()

    def set_marks(self, marks: LineMarks) -> None:
        """Show these marks."""
        self._marks = marks
        self.update()

    def sizeHint(self) -> QSize:
        """Wide enough for the last line's number and a mark."""
        digits = max(2, len(str(self._editor.blockCount())))
        advance = self._editor.fontMetrics().horizontalAdvance("0")
        return QSize(digits * advance + self._look.pixels(_MARK_WIDTH + 10), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what the event uncovers."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), QColor(self._look.colours.raised))
        painter.setFont(self._editor.font())
        for line, top, height in self._editor.visible_lines():
            if top + height >= event.rect().top() and top <= event.rect().bottom():
                self._paint_line(painter, line, top, height)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside a line selects it."""
        line = self._line_at(event.position().y())
        if line is not None:
            self.line_clicked.emit(line)

    def event(self, event: QEvent) -> bool:
        """Explains a mark under the pointer."""
        if event.type() == event.Type.ToolTip:
            help_event: QHelpEvent = event  # type: ignore[assignment]
            QToolTip.showText(help_event.globalPos(), self.explain(self._line_at(help_event.pos().y())), self)
            return True
        return super().event(event)

    def explain(self, line: int | None) -> str:
        """What the marks beside a line mean, in words."""
        if line is None:
            return ""
        said: list[str] = []
        if line == self._marks.failed:
            said.append(f"Line {line} failed: {self._marks.failure}")
        if line == self._marks.running:
            said.append(f"Line {line} belongs to the current step.")
        role = self._marks.roles.get(line)
        if role is not None:
            said.append(f"Line {line} {role.value}.")
        return "\n".join(said)

    def _line_at(self, y: float) -> int | None:
        for line, top, height in self._editor.visible_lines():
            if top <= y < top + height:
                return line
        return None

    def _paint_line(self, painter: QPainter, line: int, top: float, height: float) -> None:
        colours = self._look.colours
        active = line in (self._marks.running, self._marks.failed)
        painter.setPen(QColor(colours.text if active else colours.dim))
        mark_width = self._look.pixels(_MARK_WIDTH)
        box = QRect(0, round(top), self.width() - mark_width, round(height))
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(line))
        centre = QPointF(self.width() - mark_width / 2, top + height / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        unit = self._look.zoom
        if line == self._marks.failed:
            _cross(painter, centre, 4 * unit, QColor(colours.error))
        elif line == self._marks.running:
            _arrow(painter, centre, 5 * unit, QColor(colours.warning))
        else:
            self._paint_role(painter, self._marks.roles.get(line), centre, unit)

    def _paint_role(self, painter: QPainter, role: LineRole | None, centre: QPointF, unit: float) -> None:
        colours = self._look.colours
        if role is LineRole.RECORDED:
            painter.setBrush(QColor(colours.accent))
            painter.drawEllipse(centre, 2.5 * unit, 2.5 * unit)
        elif role is LineRole.UNSEEN:
            painter.setPen(QColor(colours.dim))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, 2.5 * unit, 2.5 * unit)
        elif role is LineRole.BACKWARD:
            _back_arrow(painter, centre, 4.5 * unit, QColor(colours.accent))


def _arrow(painter: QPainter, centre: QPointF, reach: float, colour: QColor) -> None:
    painter.setBrush(colour)
    offsets = ((-0.8, -1.0), (1.0, 0.0), (-0.8, 1.0))
    painter.drawPolygon(QPolygonF([centre + QPointF(x * reach, y * reach) for x, y in offsets]))


def _back_arrow(painter: QPainter, centre: QPointF, reach: float, colour: QColor) -> None:
    painter.setBrush(colour)
    offsets = ((0.8, -1.0), (-1.0, 0.0), (0.8, 1.0))
    painter.drawPolygon(QPolygonF([centre + QPointF(x * reach, y * reach) for x, y in offsets]))


def _cross(painter: QPainter, centre: QPointF, reach: float, colour: QColor) -> None:
    pen = painter.pen()
    pen.setStyle(Qt.PenStyle.SolidLine)
    pen.setColor(colour)
    pen.setWidthF(max(1.5, reach / 2))
    painter.setPen(pen)
    painter.drawLine(centre + QPointF(-reach, -reach), centre + QPointF(reach, reach))
    painter.drawLine(centre + QPointF(-reach, reach), centre + QPointF(reach, -reach))
