"""The canvas: one widget that copies tiles to the screen and paints on top of them what moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from graphviz_app.scene.theme import LIGHT, Theme
from graphviz_app.ui.canvas.accessible import announce_focus, announce_step, install
from graphviz_app.ui.canvas.animation import Animator, Clock, FrameClock
from graphviz_app.ui.canvas.camera import Camera
from graphviz_app.ui.canvas.finding import group_path, item_of_key, item_under, same_boxes
from graphviz_app.ui.canvas.frame import FrameLike, Item, PictureLike, content_bounds, running_box, start_bounds
from graphviz_app.ui.canvas.hand import Hand
from graphviz_app.ui.canvas.handled import HandledWidget
from graphviz_app.ui.canvas.items import overlapping
from graphviz_app.ui.canvas.live import LiveLayer, Marking, item_bounds
from graphviz_app.ui.canvas.morph import Morph, Tools, anchored
from graphviz_app.ui.canvas.navigation import Direction, Walker
from graphviz_app.ui.canvas.overlays import Overlays
from graphviz_app.ui.canvas.stage import Stage
from graphviz_app.ui.canvas.tile_layer import Mode, TileLayer
from graphviz_app.ui.canvas.tiles import Lens
from graphviz_app.ui.canvas.view import LEVELS_PER_DOUBLING, Bounds, level_of, union
from graphviz_app.ui.painting import brush, paint_image, painting_on

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from PySide6.QtGui import QResizeEvent


FOLLOWED = 0.9  # part of the window that the running box and those it sends to may take together
FOLLOWED_MARGIN = 24.0
READABLE_LEVEL = level_of(0.7)


class Canvas(HandledWidget):
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
        super().__init__(parent, Hand(self))
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
        self._walker: Walker | None = None
        self._following = False
        self._was_sharp = False
        self._tiles = TileLayer(self)
        self._live = LiveLayer()
        self._animator = Animator(clock or FrameClock(self), self)
        self._stage = Stage(self._animator, self.update)
        self.camera = Camera(self._animator, self)
        self._texts_painted = True
        self._is_holding = self._is_asking = False
        self._after_paint = QTimer(self)
        self._after_paint.setSingleShot(True)
        self.overlays = Overlays(self)
        self.camera.covers = self.overlays.covers
        self._subscribe()

    def _subscribe(self) -> None:
        self._tiles.painted.connect(self._on_painted)
        self._tiles.overview_changed.connect(self._on_overview)
        self._tiles.failed.connect(self.failed)
        self._animator.idle.connect(self.update)
        self._after_paint.timeout.connect(self._go_on)
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
        self._hold()
        old, self._frame = self._frame, frame
        self._theme = frame.theme
        self._stage.stop_tokens()
        if old is None or old.picture is not frame.picture:
            self._turn_to_picture(old, frame)
        elif self._following and (followed := self._followed(frame)) is not None:
            self.camera.reveal(followed)
        self._tiles.set_frame(frame)
        self._live.set_frame(frame)
        self._blur()
        self.overlays.set_frame(frame)
        announce_step(self, frame.caption)
        self.update()

    def animate_step(self, previous: FrameLike | None, frame: FrameLike, duration: float) -> None:
        """Shows a frame, and lets its gradients move along their links for `duration` milliseconds.

        Nothing moves after a jump from elsewhere (`previous` of another picture), or where motion is reduced.
        """
        self.set_frame(frame)
        same = previous is None or previous.picture is frame.picture
        if duration <= 0 or not same or not frame.tokens or self.camera.reduced_motion:
            return
        self._stage.move_tokens(frame, duration)

    def expect(self, frame: FrameLike) -> None:
        """Prepares for a frame that may be shown next, so that it is then there at once."""
        shown = self._frame
        if shown is None or frame is shown or frame.picture is not shown.picture or frame.theme != shown.theme:
            return
        with self.held():
            self._tiles.expect(frame, self.lens)
            self._live.expect(frame, self.lens)

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
        """Everything in its natural size."""
        self.camera.zoom_to(self.camera.natural, self.width() / 2, self.height() / 2)

    def set_zoom(self, zoom: float) -> None:
        """How much larger than designed the whole window is: 1 as designed, 2 for the back of a hall."""
        self.camera.enlarge(level_of(zoom))
        self.overlays.set_zoom(zoom)

    def centre_on(self, item: Item) -> None:
        """Brings an item to the middle, at a zoom at which it can be read."""
        if self._frame is None or (bounds := item_bounds(self._frame, item)) is None:
            return
        level = self.camera.view.level
        self.camera.go_to(bounds, level=max(level, self.camera.natural + READABLE_LEVEL))

    def reveal(self, item: Item) -> None:
        """Brings an item into sight, if it is not."""
        if self._frame is not None and (bounds := item_bounds(self._frame, item)) is not None:
            self.camera.reveal(bounds)

    def index_of(self, key: object) -> Item | None:
        """The box of a key, or the open group of a path."""
        return None if self._frame is None else item_of_key(self._frame, key)

    def item_at(self, x: float, y: float) -> Item | None:
        """The item under a pixel of the widget."""
        return None if self._frame is None else item_under(self._frame, self.camera.view, x, y)

    def boxes_in_sight(self) -> list[int]:
        """The boxes that can be seen, in reading order."""
        if self._frame is None or self._walker is None:
            return []
        return self._walker.in_order(overlapping(self._frame.picture.box_bounds, self.lens.visible, 0.0))

    def text_at(self, x: float, y: float) -> str:
        """What a tooltip says at a pixel of the widget."""
        item = self.item_at(x, y)
        return "" if item is None or self._frame is None else self._frame.describe(item)

    def is_sharp(self) -> bool:
        """Whether what is seen is final: exact zoom, present state, nothing moving, nothing left to paint."""
        return not self._animator.active and self._texts_painted and self._tiles.sharp(self.lens)

    def image(self, scale: float = 1.0) -> QImage:
        """The whole frame, for the clipboard or a printer.

        Raises:
            ValueError: If there is no frame.
        """
        if self._frame is None:
            raise ValueError("There is no picture yet: press Run first.")
        return paint_image(self._frame.shapes(), self._frame.bounds, scale, self._theme.background)

    def shutdown(self) -> None:
        """Ends the painting thread; the canvas shows nothing new afterwards."""
        self._animator.stop_all()
        self._tiles.close()

    # How it is painted.

    def held(self) -> AbstractContextManager[None]:
        """Keeps the painting thread still while something on the canvas is painted."""
        return self._tiles.worker.held()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Copies tiles, paints what moves, and asks for what is missing."""
        lens = self.lens
        self._texts_painted = True
        self._hold()
        with painting_on(self) as painter:
            painter.scale(1 / lens.ratio, 1 / lens.ratio)
            if not self._tiles.fills(lens) or self._stage.changes_pictures:
                painter.fillRect(0, 0, lens.width, lens.height, brush(self._theme.background))
            if self._frame is not None:
                self._paint_picture(painter, lens)
        self._is_asking = True
        for fault in self._live.faults.take():
            self.failed.emit(fault)
        if not self._texts_painted:
            self.update()
        self._tell_sharp()

    def _hold(self) -> None:
        """Keeps the painting thread still until the whole window shows what is new: see `TileWorker.hold`."""
        if not self._is_holding:
            self._is_holding = True
            self._tiles.worker.hold()
        self._after_paint.start()

    def _go_on(self) -> None:
        if self._is_holding:
            self._is_holding = False
            self._tiles.worker.release()
        if self._is_asking:
            self._is_asking = False
            self._tiles.ask(self.lens, Mode(self.camera.zooming, self._animator.active))

    def _paint_picture(self, painter: QPainter, lens: Lens) -> None:
        tools = Tools(self._tiles.items, self._live)
        if self._stage.draw_pictures(painter, tools, covered=self._tiles.covers(lens)):
            return
        self._tiles.draw(painter, lens)
        self._texts_painted = self._live.draw(painter, lens, self._marking, self._stage.moving)

    def _tell_sharp(self) -> None:
        sharp = self.is_sharp()
        if sharp and not self._was_sharp:
            self.sharpened.emit()
        self._was_sharp = sharp

    def _blur(self) -> None:
        # What was painted was painted of another frame, or seen from elsewhere.
        self._was_sharp = self._texts_painted = False

    def _on_painted(self) -> None:
        self.update()

    def _on_overview(self) -> None:
        self.overlays.minimap.set_image(self._tiles.overview)
        self.overlays.place()

    def _on_moved(self) -> None:
        # Boxes on their way are bound for where the view was.
        self._stage.forget_pictures()
        self._blur()
        self.view_changed.emit()
        self.update()

    # How pictures and steps follow one another.

    def _clear(self) -> None:
        self._animator.stop_all()
        self._stage.forget_pictures()
        self._frame = self._walker = None
        self._marking = Marking()
        self._tiles.set_frame(None)
        self._tiles.ask(self.lens, Mode())
        self._live.set_frame(None)
        self.overlays.set_frame(None)
        self.update()

    def _turn_to_picture(self, old: FrameLike | None, frame: FrameLike) -> None:
        self._animator.stop_all()
        self._walker = Walker(frame.picture)
        self._marking = Marking() if old is None else Marking(selected=same_boxes(old, frame, self.selection))
        self._stage.forget_pictures()
        anchor, self._anchor = self._anchor, None
        old_view = self.camera.view
        self.camera.bounds = content_bounds(frame)
        view = None if old is None else anchored(old_view, old, frame, anchor, self.hand.place)
        if old is None or view is None:
            self.camera.open(start_bounds(frame))
            return
        self.camera.look(view)
        if self._following and anchor is None:
            self._keep_in_sight(old_view.shows(content_bounds(old)), frame)
        if not self.camera.reduced_motion:
            old_lens = Lens.of(old_view, self.devicePixelRatioF())
            self._stage.change_pictures(Morph(old, old_lens, frame, self.lens, anchor))

    def _keep_in_sight(self, was_whole: bool, frame: FrameLike) -> None:
        """In a new picture, moves the view to what one saw in the old one: all of it, or what runs."""
        view, whole = self.camera.view, content_bounds(frame)
        spare = min(view.visible[2] - whole[2], view.visible[3] - whole[3]) * view.scale / 2
        followed = self._followed(frame)
        fit = view.fitted(whole, self.camera.natural)
        if was_whole and fit.level - view.level >= LEVELS_PER_DOUBLING:
            # All groups were closed, say: what is left would be a speck in the middle.
            self.camera.look(fit)
        elif was_whole and spare >= 0:
            self.camera.look(view.revealing(whole, min(spare, FOLLOWED_MARGIN)))
        elif followed is not None and view.shows(followed):
            self.camera.look(view.revealing(followed, FOLLOWED_MARGIN))
        elif followed is not None:
            # Where the view must move anyway, it is better moved to where most is seen than just as far as it must.
            self.camera.look(view.turned_to(whole if spare >= 0 else followed, whole))

    def _followed(self, frame: FrameLike) -> Bounds | None:
        """What of a frame should be seen: the running box, and those it sends to if there is room for all."""
        running = running_box(frame)
        if running is None:
            return None
        places = frame.picture.box_bounds
        box: Bounds = tuple(places[running].tolist())
        targets = {frame.picture.graph.links[token.link].target for token in frame.tokens}
        together = union([box, *(tuple(places[target].tolist()) for target in targets)])
        _, _, width, height = self.camera.view.visible
        return together if together[2] <= FOLLOWED * width and together[3] <= FOLLOWED * height else box

    # What the hand does.

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The view keeps what is in the middle of its upper border; a picture that was never seen opens now."""
        first = self.camera.view.width <= 1.0
        self.camera.resize(self.width(), self.height())
        if first and self._frame is not None:
            self.camera.open(start_bounds(self._frame))
        self.overlays.place()
        super().resizeEvent(event)

    def walk(self, *, forward: bool) -> bool:
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
        path = () if self._frame is None else group_path(self._frame, item)
        if path:
            self.toggle_requested.emit(path)
        else:
            self.item_activated.emit(item)

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
