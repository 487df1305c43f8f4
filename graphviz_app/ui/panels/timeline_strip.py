"""The timeline: every event as a mark, the cursor, and everything that a hand or a key can do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractSlider, QSizePolicy, QToolTip, QWidget

from graphviz_app.recording import events as ev
from graphviz_app.recording.passes import pass_name
from graphviz_app.ui.panels.colours import widget_colours
from graphviz_app.ui.panels.timeline_geometry import StripGeometry, arrange, wanted_height
from graphviz_app.ui.panels.timeline_marks import Marks, marks_of
from graphviz_app.ui.panels.timeline_painter import StripContext, draw_cursor, draw_marks
from graphviz_app.ui.panels.timeline_view import StripView
from graphviz_app.ui.panels.words import step_in_words

if TYPE_CHECKING:
    from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent, QWheelEvent

    from graphviz_app.recording import Recording
    from graphviz_app.timeline import StepState, Timeline
    from graphviz_app.ui.panels.timeline_marks import Steps

_EMPTY = Marks.empty()
_HINT = "Run a program: every event of it becomes a mark here."
_HINT_RUNNING = "The program runs: every event of it becomes a mark here when it has ended."
_SNAP = Qt.KeyboardModifier.ShiftModifier
_HELP = (
    "Drag to scrub, with Shift from pass to pass. Wheel zooms, Shift+wheel or middle button pans, double-click shows "
    "everything. Arrow keys step, with Shift from pass to pass; + and - zoom, 0 shows everything."
)


class TimelineStrip(QAbstractSlider):
    """One strip over the whole run.

    It is a slider, so that screen readers know its value; the value is the step.

    Signals:
        step_requested(int): The user wants to go to a step.
        selection_requested(object): ("node", n) and the like, for a mark that was double-clicked with Ctrl.
    """

    step_requested = Signal(int)
    selection_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._timeline: Timeline | None = None
        self._marks = _EMPTY
        self._view = StripView(0)
        self._geometry: StripGeometry | None = None
        self._picture: QPixmap | None = None
        self._step = 0
        self._selected: tuple[Any, ...] = ()
        self._hint = _HINT
        self._wanted: int | None = None
        self._unpainted = False
        # The cursor comes first; what it points at is put into words when it has been painted.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._describe)
        self._panning_from: float | None = None
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMouseTracking(True)
        self.setAccessibleName("Timeline")
        self.setAccessibleDescription(_HINT)
        self.setWhatsThis(_HELP)

    # -- data in -----------------------------------------------------------------------------------

    def set_recording(self, recording: Recording | None, timeline: Timeline | None) -> None:
        """Show another recording, all of it, with the cursor at its start."""
        self._timeline = timeline
        self._marks = _EMPTY if recording is None or timeline is None else marks_of(recording)
        self._step = 0
        self._wanted = None
        self.setRange(0, self._marks.step_count)
        self.setPageStep(max(self._marks.step_count // 10, 1))
        self.setValue(0)
        self.setAccessibleDescription(self._hint if timeline is None else step_in_words(timeline, 0))
        self._arrange()
        self.show_all()
        self.updateGeometry()

    def set_state(self, state: StepState | None) -> None:
        """Put the cursor where the run stands."""
        step = 0 if state is None else state.step
        if step == self._step and self.value() == step:
            return
        self._step = step
        self._soon.start()
        self.setValue(step)
        self._set_view(self._view.showing(step))
        self.update()

    def set_running(self, *, running: bool) -> None:
        """While nothing is shown, say whether something will be."""
        self._hint = _HINT_RUNNING if running else _HINT
        if self._timeline is None:
            self.setAccessibleDescription(self._hint)
            self.update()

    def _describe(self) -> None:
        """Say the step in words, for those who do not see it."""
        if self._timeline is not None and self._step <= self._marks.step_count:
            self.setAccessibleDescription(step_in_words(self._timeline, self._step))

    def set_selection(self, selection: tuple[Any, ...]) -> None:
        """Point at the marks of what is selected."""
        if selection != self._selected:
            self._selected = selection
            self._redraw()

    # -- what is shown -------------------------------------------------------------------------------

    @property
    def view(self) -> StripView:
        """Which steps are shown, and where."""
        return self._view

    def show_all(self) -> None:
        """Zoom out until every step is shown."""
        if self._geometry is not None:
            left = self._geometry.label_width
            self._set_view(StripView.whole(self._marks.step_count, left, self.width() - left - 1))
            self._redraw()

    def zoom(self, factor: float, x: float | None = None) -> None:
        """Zoom in by `factor` around pixel `x`, else around the cursor."""
        self._set_view(self._view.zoomed(factor, self._view.x_of(self._step) if x is None else x))

    def pan(self, pixels: float) -> None:
        """Move what is shown."""
        self._set_view(self._view.panned(pixels / self._view.pixels_per_step))

    def sizeHint(self) -> QSize:
        """High enough for a line of text per row."""
        metrics = QFontMetricsF(self.font())
        return QSize(round(metrics.averageCharWidth() * 80), round(wanted_height(self._marks, metrics)))

    def minimumSizeHint(self) -> QSize:
        """Rows may shrink to 60 % before they are too thin to hit."""
        metrics = QFontMetricsF(self.font())
        return QSize(round(metrics.averageCharWidth() * 24), round(wanted_height(self._marks, metrics) * 0.6))

    # -- asking for a step ---------------------------------------------------------------------------

    def request(self, step: int) -> None:
        """Ask for a step; while the last one asked for is not painted yet, only the newest waits."""
        step = min(max(step, 0), self._marks.step_count)
        self._wanted = step
        # A widget that is not shown is never painted, and must not wait for it.
        if not self._unpainted or not self.isVisible():
            self._send()

    def _send(self) -> None:
        step, self._wanted = self._wanted, None
        if step is None or step == self._step:
            return
        self._unpainted = True
        self.update()
        self.step_requested.emit(step)

    def _painted(self) -> None:
        self._unpainted = False
        if self._wanted is not None:
            QTimer.singleShot(0, self, self._send)

    def _step_under(self, x: float, modifiers: Qt.KeyboardModifier) -> int:
        step = self._view.step_at(x)
        return self._marks.nearest_boundary(step) if modifiers & _SNAP else step

    def _boundary(self, direction: int) -> int:
        boundaries = self._marks.boundaries
        ahead = boundaries[boundaries > self._step] if direction > 0 else boundaries[boundaries < self._step]
        if not ahead.size:
            return self._marks.step_count if direction > 0 else 0
        return int(ahead[0] if direction > 0 else ahead[-1])

    # -- painting --------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - all of it is one blit
        """Blit the marks, draw the cursor."""
        painter = QPainter(self)
        context = self._context()
        if context is None or not self._marks.step_count:
            self._draw_hint(painter)
        else:
            if self._picture is None:
                self._picture = self._draw_picture(context)
            painter.drawPixmap(0, 0, self._picture)
            draw_cursor(painter, context, self._step, focused=self.hasFocus())
        painter.end()
        self._painted()

    def _context(self) -> StripContext | None:
        if self._geometry is None:
            return None
        palette = self.palette()
        return StripContext(
            self._marks,
            self._view,
            self._geometry,
            widget_colours(self),
            palette.color(QPalette.ColorRole.Window),
            palette.color(QPalette.ColorRole.WindowText),
            palette.color(QPalette.ColorRole.Highlight),
            self.font(),
            self.devicePixelRatioF(),
            self._selected_steps(),
            self._pass_name,
        )

    def _pass_name(self, pass_id: int) -> str:
        return "" if self._timeline is None else pass_name(self._timeline.recording, pass_id)

    def _selected_steps(self) -> Steps:
        events = np.zeros(0, np.int32)
        timeline = self._timeline
        if timeline is None:
            return events
        match self._selected:
            case ("node", int(node)):
                events = timeline.calls.of(node)
            case ("edge", int(edge)):
                events = timeline.calls.of(int(timeline.recording.index.edges.source[edge]))
            case ("leaf", int(leaf)):
                events = timeline.grad_events.of(leaf)
            case ("operation", int(operation)):
                events = timeline.recording.index.operation_events[operation : operation + 1]
            case ("line", int(file), int(line)):
                columns = timeline.recording.index.events
                events = np.flatnonzero((columns.line == line) & (columns.file == file))
            case _:
                pass
        return self._marks.step_of_event[events[events >= 0]]

    def _draw_picture(self, context: StripContext) -> QPixmap:
        ratio = context.device_pixel_ratio
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(context.background)
        painter = QPainter(picture)
        draw_marks(painter, context)
        painter.end()
        return picture

    def _draw_hint(self, painter: QPainter) -> None:
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.rect().adjusted(4, 0, -4, 0), flags, self._hint)

    def _arrange(self) -> None:
        self._geometry = arrange(self._marks, self.size(), QFontMetricsF(self.font()))
        left = self._geometry.label_width
        self._view = self._view.resized(left, self.width() - left - 1)
        self._redraw()

    def _set_view(self, view: StripView) -> None:
        if view != self._view:
            self._view = view
            self._redraw()

    def _redraw(self) -> None:
        self._picture = None
        self.update()

    # -- events of Qt -----------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the same steps in view."""
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette and the font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._arrange()
            self.updateGeometry()

    def event(self, event: QEvent) -> bool:
        """Tell under the pointer what happened there; redraw when the screen's density changes."""
        if event.type() == QEvent.Type.ToolTip:
            self._show_tip(event)  # pyright: ignore[reportArgumentType]
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._redraw()
        return super().event(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        text = self.tip_at(event.pos())
        if text:
            QToolTip.showText(event.globalPos(), text, self)
        else:
            QToolTip.hideText()

    def tip_at(self, position: QPoint) -> str:
        """What the tooltip says at a position; "" where there is nothing to say."""
        if self._timeline is None or self._geometry is None or position.x() < self._geometry.label_width:
            return "" if self._timeline is None else _HELP
        step = self._view.step_at(position.x())
        return f"Step {step:,} of {self._marks.step_count:,}. {step_in_words(self._timeline, step)}"

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there, or take hold to pan."""
        if event.button() == Qt.MouseButton.MiddleButton:
            self._panning_from = event.position().x()
        elif event.button() == Qt.MouseButton.LeftButton and self._marks.step_count:
            self.request(self._step_under(event.position().x(), event.modifiers()))
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub or pan."""
        x = event.position().x()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.request(self._step_under(x, event.modifiers()))
        elif self._panning_from is not None:
            self.pan(self._panning_from - x)
            self._panning_from = x
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._panning_from = None
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show everything; with Ctrl, select what ran there."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._select_at(self._view.step_at(event.position().x()))
        else:
            self.show_all()
        event.accept()

    def _select_at(self, step: int) -> None:
        match None if self._timeline is None else self._timeline.event(step):
            case ev.NodeCalled(node=node):
                self.selection_requested.emit(("node", node))
            case ev.OperationRan(operation=operation):
                self.selection_requested.emit(("operation", operation))
            case ev.GradAccumulated(leaf=leaf) | ev.GradCleared(leaf=leaf) | ev.LeafUpdated(leaf=leaf):
                self.selection_requested.emit(("leaf", leaf))
            case _:
                pass

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer; with Shift, or a sideways wheel, pan."""
        turned = event.angleDelta()
        if turned.x() and not turned.y():
            self.pan(-turned.x() / 2)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(-turned.y() / 2)
        else:
            self.zoom(1.2 ** (turned.y() / 120), event.position().x())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step, jump and zoom."""
        step = self._step_for_key(event)
        if step is not None:
            self.request(step)
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.5)
        elif event.key() == Qt.Key.Key_Minus:
            self.zoom(1 / 1.5)
        elif event.key() == Qt.Key.Key_0:
            self.show_all()
        else:
            event.ignore()

    def _step_for_key(self, event: QKeyEvent) -> int | None:
        key, snap = event.key(), bool(event.modifiers() & _SNAP)
        page = max(round((self._view.last - self._view.first) / 10), 1)
        if snap and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            return self._boundary(1 if key == Qt.Key.Key_Right else -1)
        # A key held down goes on from the step asked for last, also while it is not shown yet.
        here = self._step if self._wanted is None else self._wanted
        targets = {
            Qt.Key.Key_Left: here - 1,
            Qt.Key.Key_Right: here + 1,
            Qt.Key.Key_PageUp: here - page,
            Qt.Key.Key_PageDown: here + page,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: self._marks.step_count,
        }
        return targets.get(Qt.Key(key))
