"""The canvas: one widget that copies tiles to the screen and paints on top of them what moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import (
    QGuiApplication,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from graphviz_app.scene.theme import LIGHT, Theme
from graphviz_app.ui.canvas.accessible import announce_focus, announce_step, install
from graphviz_app.ui.canvas.animation import Animator, Clock, FrameClock, swinging
from graphviz_app.ui.canvas.camera import Camera
from graphviz_app.ui.canvas.frame import FrameLike, Item, PictureLike, content_bounds, running_box, start_bounds
from graphviz_app.ui.canvas.hand import Hand
from graphviz_app.ui.canvas.items import overlapping
from graphviz_app.ui.canvas.live import LiveLayer, Marking, Moving, item_bounds
from graphviz_app.ui.canvas.morph import MORPH_MILLISECONDS, Morph, Tools, anchored
from graphviz_app.ui.canvas.navigation import Direction, Walker
from graphviz_app.ui.canvas.overlays import Overlays
from graphviz_app.ui.canvas.tile_layer import Mode, TileLayer
from graphviz_app.ui.canvas.tiles import Lens
from graphviz_app.ui.canvas.tokens import Ways
from graphviz_app.ui.canvas.view import level_of
from graphviz_app.ui.painting import brush, paint_image, painting_on

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PySide6.QtGui import QContextMenuEvent, QResizeEvent


READABLE_LEVEL = level_of(0.7)


class Canvas(QWidget):
    """Shows a frame, and lets one look around in it.

    Signals:
        item_activated: An `Item` was double-clicked, or Enter pressed on it.
        toggle_requested: A group (its path) should be opened or closed.
        selection_changed: The selected items (a tuple of `Item`), after the user changed them.
        hovered: The `Item` under the pointer, or None.
        context_menu_requested: An `Item` or None, and the place on the screen.
        view_changed: Another part of the picture is seen.
        sharpened: Everything in sight is painted at its exact zoom and in its present state.
        cancel_requested: Escape was pressed while the canvas was busy.
        failed: Painting raised this exception; the rest of the picture goes on.
    """

    item_activated = Signal(object)
    toggle_requested = Signal(object)
    selection_changed = Signal(object)
    hovered = Signal(object)
    context_menu_requested = Signal(object, QPoint)
    view_changed = Signal()
    sharpened = Signal()
    cancel_requested = Signal()
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, clock: Clock | None = None) -> None:
        super().__init__(parent)
        self._hand = Hand(self)  # first, for the lines below already send events
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Graph")
        install()
        self._frame: FrameLike | None = None
        self._theme: Theme = LIGHT
        self._anchor: object | None = None
        self._marking = Marking()
        self._moving: Moving | None = None
        self._morph: Morph | None = None
        self._morph_part = 0.0
        self._walker: Walker | None = None
        self._following = False
        self._was_sharp = False
        self._tiles = TileLayer(self)
        self._live = LiveLayer()
        self._animator = Animator(clock or FrameClock(self), self)
        self.camera = Camera(self._animator, self)
        self._texts_painted = True
        self.overlays = Overlays(self)
        self._subscribe()

    def _subscribe(self) -> None:
        self._tiles.painted.connect(self._on_painted)
        self._tiles.overview_changed.connect(self._on_overview)
        self._tiles.failed.connect(self.failed)
        self._animator.idle.connect(self.update)
        self.camera.moved.connect(self._on_moved)
        self.camera.rested.connect(self.update)
        # A bound method of the widget would not be called any more once the widget is being destroyed.
        self.destroyed.connect(self._tiles.worker.stop)
        application = QGuiApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._tiles.worker.stop)

    # What is shown.

    @property
    def frame(self) -> FrameLike | None:
        """The frame that is shown."""
        return self._frame

    @property
    def picture(self) -> PictureLike | None:
        """Its picture."""
        return None if self._frame is None else self._frame.picture

    @property
    def lens(self) -> Lens:
        """The view in device pixels."""
        return Lens.of(self.camera.view, self.devicePixelRatioF())

    def set_picture(self, picture: PictureLike | None, anchor_key: object | None = None) -> None:
        """Announces the picture of the next frame, and what should stay in place then; None empties the canvas.

        Args:
            picture: The next frame's.
            anchor_key: Key of a box, or path of a group, that was opened or closed; by default, what is under the
                pointer.
        """
        self._anchor = anchor_key
        if picture is None:
            self._clear()

    def set_frame(self, frame: FrameLike) -> None:
        """Shows a frame at once; of another picture, its boxes wander from their old places to the new ones."""
        old, self._frame = self._frame, frame
        self._theme = frame.theme
        self._stop_tokens()
        if old is None or old.picture is not frame.picture:
            self._turn_to_picture(old, frame)
        self._tiles.set_frame(frame)
        self._live.set_frame(frame)
        self._was_sharp = False
        self.overlays.set_frame(frame)
        announce_step(self, frame.caption)
        if self._following:
            self._follow(frame)
        self.update()

    def animate_step(self, previous: FrameLike | None, frame: FrameLike, duration: float) -> None:
        """Shows a frame, and lets its gradients move along their links for `duration` milliseconds.

        Nothing moves after a jump from elsewhere (`previous` of another picture), or where motion is reduced.
        """
        self.set_frame(frame)
        same = previous is None or previous.picture is frame.picture
        if duration <= 0 or not same or not frame.tokens or self.camera.reduced_motion:
            return
        curves = frame.picture.layout.curves
        ways = Ways([curves[token.link] for token in frame.tokens])
        tokens = tuple(frame.tokens)

        def progress(part: float) -> None:
            self._moving = Moving(tokens, ways.at(part))
            self.update()

        self._animator.run("tokens", duration, progress, self._tokens_arrived)

    def set_theme(self, theme: Theme) -> None:
        """The colours of an empty canvas; a frame brings its own."""
        self._theme = theme
        self.overlays.set_theme(theme)
        self.update()

    def set_busy(self, text: str | None) -> None:
        """Says what the canvas waits for, over whatever it shows; None takes it away."""
        self.overlays.set_busy(text)

    # What is marked.

    @property
    def selection(self) -> tuple[Item, ...]:
        """What is selected, the latest last."""
        return self._marking.selected

    def set_selection(self, items: Iterable[Item]) -> None:
        """Selects items; does not emit `selection_changed`."""
        self._mark(selected=tuple(items))

    def set_found(self, items: Iterable[Item]) -> None:
        """Rings around search hits."""
        self._mark(found=tuple(items))

    def set_lit(self, items: Iterable[Item]) -> None:
        """Lights a path, or what belongs to a line of the program."""
        self._mark(lit=tuple(items))

    def choose(self, items: tuple[Item, ...]) -> None:
        """Selects items as the user would."""
        if items != self._marking.selected:
            self._mark(selected=items)
            self.selection_changed.emit(items)

    def hover(self, item: Item | None) -> None:
        """Points at an item as the user would."""
        if item != self._marking.hovered:
            self._mark(hovered=item)
            self.hovered.emit(item)

    def _mark(self, **changes: object) -> None:
        marking = self._marking._replace(**changes)  # type: ignore[arg-type]
        if marking != self._marking:
            self._marking = marking
            self.update()

    # Where one looks.

    def set_following(self, following: bool) -> None:
        """Whether the view goes along with the running node when that is out of sight."""
        self._following = following

    def set_reduced_motion(self, reduced: bool) -> None:
        """Whether everything jumps instead of moving."""
        self.camera.reduced_motion = reduced
        if reduced:
            self._animator.stop_all()

    def fit(self) -> None:
        """Shows everything."""
        self.camera.fit()

    def zoom_in(self) -> None:
        """One notch closer."""
        self.camera.zoom(2.0, self.width() / 2, self.height() / 2)

    def zoom_out(self) -> None:
        """One notch away."""
        self.camera.zoom(-2.0, self.width() / 2, self.height() / 2)

    def reset_zoom(self) -> None:
        """100 %."""
        self.camera.zoom_to(0, self.width() / 2, self.height() / 2)

    def centre_on(self, item: Item) -> None:
        """Brings an item to the middle, at a zoom at which it can be read."""
        if self._frame is None or (bounds := item_bounds(self._frame, item)) is None:
            return
        level = self.camera.view.level
        self.camera.go_to(bounds, level=max(level, READABLE_LEVEL))

    def reveal(self, item: Item) -> None:
        """Brings an item into sight, if it is not."""
        if self._frame is not None and (bounds := item_bounds(self._frame, item)) is not None:
            self.camera.reveal(bounds)

    def index_of(self, key: object) -> Item | None:
        """The box of a key, or the open group of a path."""
        if self._frame is None:
            return None
        for index, box in enumerate(self._frame.picture.graph.boxes):
            if box.key == key:
                return Item("box", index)
        for index, group in enumerate(self._frame.picture.layout.groups):
            if group.path == key:
                return Item("group", index)
        return None

    def item_at(self, x: float, y: float) -> Item | None:
        """The item under a pixel of the widget."""
        if self._frame is None:
            return None
        return self._frame.hit(*self.camera.view.to_picture(x, y))

    def boxes_in_sight(self) -> list[int]:
        """The boxes that can be seen, in reading order."""
        if self._frame is None or self._walker is None:
            return []
        return self._walker.in_order(overlapping(self._frame.picture.box_bounds, self.lens.visible, 0.0))

    def is_sharp(self) -> bool:
        """Whether what is seen is final: exact zoom, present state, nothing moving, nothing left to paint."""
        return not self._animator.active and self._texts_painted and self._tiles.sharp(self.lens)

    def image(self, scale: float = 1.0) -> QImage:
        """The whole frame, for the clipboard or a printer.

        Raises:
            ValueError: If there is no frame, or its picture would be too large.
        """
        if self._frame is None:
            raise ValueError("There is no picture yet: press Run first.")
        return paint_image(self._frame.shapes(), self._frame.bounds, scale, self._theme.background)

    def shutdown(self) -> None:
        """Ends the painting thread; the canvas shows nothing new afterwards."""
        self._animator.stop_all()
        self._tiles.close()

    # How it is painted.

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Copies tiles, paints what moves, and asks for what is missing."""
        lens = self.lens
        self._texts_painted = True
        with self._tiles.worker.held(), painting_on(self) as painter:
            painter.scale(1 / lens.ratio, 1 / lens.ratio)
            painter.fillRect(0, 0, lens.width, lens.height, brush(self._theme.background))
            if self._frame is not None:
                self._paint_picture(painter, lens)
        self._tiles.ask(lens, Mode(self.camera.zooming, self._animator.active))
        for fault in self._live.faults.take():
            self.failed.emit(fault)
        if not self._texts_painted:
            self.update()
        self._tell_sharp()

    def _paint_picture(self, painter: QPainter, lens: Lens) -> None:
        if self._morph is not None:
            if self._animator.runs("morph") or not self._tiles.covers(lens):
                self._morph.draw(painter, self._morph_part, Tools(self._tiles.items, self._live))
                return
            self._morph = None
        self._tiles.draw(painter, lens)
        self._texts_painted = self._live.draw(painter, lens, self._marking, self._moving)

    def _tell_sharp(self) -> None:
        sharp = self.is_sharp()
        if sharp and not self._was_sharp:
            self.sharpened.emit()
        self._was_sharp = sharp

    def _on_painted(self) -> None:
        self.update()

    def _on_overview(self) -> None:
        self.overlays.minimap.set_image(self._tiles.overview)
        self.overlays.place()

    def _on_moved(self) -> None:
        if self._morph is not None and not self._animator.runs("morph"):
            self._morph = None
        self._was_sharp = False
        self.view_changed.emit()
        self.update()

    # How pictures and steps follow one another.

    def _clear(self) -> None:
        self._animator.stop_all()
        self._frame = self._morph = self._walker = None
        self._marking = Marking()
        self._tiles.set_frame(None)
        self._tiles.ask(self.lens, Mode())
        self._live.set_frame(None)
        self.overlays.set_frame(None)
        self.update()

    def _turn_to_picture(self, old: FrameLike | None, frame: FrameLike) -> None:
        self._animator.stop_all()
        self._walker = Walker(frame.picture)
        self._marking = self._carried_over(old, frame)
        self._morph = None
        anchor, self._anchor = self._anchor, None
        old_view = self.camera.view
        self.camera.bounds = content_bounds(frame)
        view = None if old is None else anchored(old_view, old, frame, anchor, self._hand.place)
        if old is None or view is None:
            self.camera.open(start_bounds(frame))
            return
        self.camera.look(view)
        if self.camera.reduced_motion:
            return
        self._morph = Morph(old, Lens.of(old_view, self.devicePixelRatioF()), frame, self.lens, anchor)
        self._animator.run("morph", MORPH_MILLISECONDS, self._on_morph)

    def _on_morph(self, part: float) -> None:
        self._morph_part = swinging(part)
        self.update()

    def _carried_over(self, old: FrameLike | None, frame: FrameLike) -> Marking:
        """The selection, as far as the new picture has the same boxes."""
        if old is None or not self._marking.selected:
            return Marking()
        keys = {box.key: index for index, box in enumerate(frame.picture.graph.boxes)}
        boxes = [old.picture.graph.boxes[item.index].key for item in self._marking.selected if item.kind == "box"]
        return Marking(selected=tuple(Item("box", keys[key]) for key in boxes if key in keys))

    def _stop_tokens(self) -> None:
        self._animator.stop("tokens")

    def _tokens_arrived(self) -> None:
        self._moving = None
        self.update()

    def _follow(self, frame: FrameLike) -> None:
        running = running_box(frame)
        if running is not None:
            self.reveal(Item("box", running))

    # What the hand does.

    def event(self, event: QEvent) -> bool:
        """Tooltips, pinching, and Tab, which Qt does not send as other events."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_tooltip(event)
            return True
        return self._hand.gesture(event) or super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """See `Hand.press`."""
        self._hand.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """See `Hand.move`."""
        self._hand.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """See `Hand.release`."""
        self._hand.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """See `Hand.double_click`."""
        self._hand.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """See `Hand.wheel`."""
        self._hand.wheel(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See `Hand.key`."""
        if not self._hand.key(event):
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is pointed at any more."""
        self.hover(None)
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """See `Hand.context_menu`."""
        self._hand.context_menu(event)

    def focusNextPrevChild(self, next: bool) -> bool:
        """Tab walks the boxes first, and leaves the canvas after the last."""
        return self.walk(next) or super().focusNextPrevChild(next)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The view keeps its top left corner; a picture that was never seen opens now."""
        first = self.camera.view.width <= 1.0
        self.camera.resize(self.width(), self.height())
        if first and self._frame is not None:
            self.camera.open(start_bounds(self._frame))
        self.overlays.place()
        super().resizeEvent(event)

    def _show_tooltip(self, event: QHelpEvent) -> None:
        item = self.item_at(event.pos().x(), event.pos().y())
        text = "" if item is None or self._frame is None else self._frame.describe(item)
        QToolTip.showText(event.globalPos(), text, self)

    def walk(self, forward: bool) -> bool:
        """Selects the next or previous box in reading order; False past the end."""
        return self._walk_to(None if self._walker is None else self._walker.next(self._current_box(), forward))

    def walk_along(self, direction: Direction) -> bool:
        """Selects the box to which a link leads in a direction; False if none does."""
        box = self._current_box()
        if self._walker is None:
            return False
        return self._walk_to(self._walker.next(None, True) if box is None else self._walker.along(box, direction))

    def activate(self, item: Item) -> None:
        """Opens or closes a group, or activates another item."""
        path = self.group_path(item)
        if path:
            self.toggle_requested.emit(path)
        else:
            self.item_activated.emit(item)

    def group_path(self, item: Item) -> tuple[str, ...]:
        """The path of a closed group's box or an open group's frame; () for all else."""
        if self._frame is None:
            return ()
        picture = self._frame.picture
        if item.kind == "group":
            return tuple(picture.layout.groups[item.index].path)
        return tuple(getattr(picture.graph.boxes[item.index], "path", ())) if item.kind == "box" else ()

    def _current_box(self) -> int | None:
        boxes = [item.index for item in self._marking.selected if item.kind == "box"]
        return boxes[-1] if boxes else None

    def _walk_to(self, box: int | None) -> bool:
        if box is None:
            return False
        item = Item("box", box)
        self.choose((item,))
        self.reveal(item)
        announce_focus(self, item)
        return True
