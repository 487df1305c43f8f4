"""The still part of the canvas: which tiles are drawn, which are asked for, and what has changed since they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QObject, QRect, QRectF, Signal
from PySide6.QtGui import QImage, QPainter, QRegion

from graphviz_app.ui.canvas.frame import FrameLike, colouring, content_bounds
from graphviz_app.ui.canvas.items import Chosen, ItemPainter, detail_of, overlapping
from graphviz_app.ui.canvas.minimap import overview_size
from graphviz_app.ui.canvas.tiles import (
    TILE,
    Lens,
    Target,
    TileKey,
    TileStore,
    doubling_level,
    target_of,
    tile_bounds,
    tiles_in_sight,
)
from graphviz_app.ui.canvas.view import LEVELS_PER_DOUBLING, scale_of
from graphviz_app.ui.canvas.worker import Job, OverviewJob, Painted, TileWorker

if TYPE_CHECKING:
    import numpy.typing as npt

LAYERS: Final = 3  # levels drawn over one another while the right one is being painted
LIVE_ITEMS: Final = 500  # changed items painted over stale tiles, in full detail
LIVE_LINES: Final = 4_000  # the same, as boxes and lines
REPAINTED_AT_ONCE: Final = 40  # changed items from which a stale tile far away is repainted even while something moves
PREFETCHED: Final = 60


class States:
    """The states that a tile was painted in; told apart by identity, compared once."""

    def __init__(self, frame: FrameLike) -> None:
        self.boxes = frame.box_state
        self.links = frame.link_state

    def same(self, frame: FrameLike) -> bool:
        """Whether a frame has these states."""
        return _equal(self.boxes, frame.box_state) and _equal(self.links, frame.link_state)


class Tile(NamedTuple):
    """A painted tile and what it shows."""

    image: QImage
    states: States


class Mode(NamedTuple):
    """How the view is moving, which decides what is worth painting."""

    zooming: bool = False
    animated: bool = False


class TileLayer(QObject):
    """Keeps tiles, draws them, and asks the worker for those that are missing or stale."""

    painted = Signal()
    overview_changed = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None, budget: int = 200 * 2**20) -> None:
        super().__init__(parent)
        self._store: TileStore[Tile] = TileStore(budget)
        self.items = ItemPainter()
        self._frame: FrameLike | None = None
        self._states: States | None = None
        self._changes: dict[States, Chosen] = {}
        self._ratio = 0.0
        self._overview: QImage | None = None
        self._overview_states: States | None = None
        self.worker = TileWorker()
        self.worker.ready.connect(self._fetch)

    @property
    def overview(self) -> QImage | None:
        """The whole picture, small; None until it was painted."""
        return self._overview

    @property
    def kept(self) -> int:
        """How many tiles are kept."""
        return len(self._store)

    def set_frame(self, frame: FrameLike | None) -> None:
        """What to show from now on; tiles of another picture, theme or colouring are forgotten."""
        before = self._frame
        self._frame = frame
        if frame is None or before is None or _look(frame) != _look(before):
            self._forget()
        if frame is None:
            self._states = None
            return
        if self._states is None or not self._states.same(frame):
            self._states = States(frame)
            self._changes.clear()

    def expect(self, frame: FrameLike, lens: Lens) -> None:
        """Prepares to draw what will look otherwise in a frame of the same picture that may be shown next."""
        if self._states is None:
            return
        chosen = within(difference(self._states, frame), frame, lens.visible)
        if chosen.total <= LIVE_ITEMS // 10:
            self.items.prepare(frame, chosen, detail_of(scale_of(lens.level)))

    def draw(self, painter: QPainter, lens: Lens) -> None:
        """Draws the best tiles there are, and on top of stale ones what has changed since."""
        self._use_ratio(lens.ratio)
        if self._frame is None:
            return
        if not self.covers(lens):
            self._draw_overview(painter, lens, self._frame)
        stale: dict[States, QRegion] = {}
        for key, target in self._drawn(lens):
            tile = self._store.use(key)
            if tile is None:
                continue
            _blit(painter, tile.image, target, lens)
            if tile.states is not self._states:
                stale[tile.states] = stale.get(tile.states, QRegion()).united(_rectangle(target))
        for states, region in stale.items():
            self._draw_changed(painter, lens, states, region)

    def covers(self, lens: Lens) -> bool:
        """Whether tiles of some level show everything in sight."""
        return any(self._complete(lens, level) for level in self._nearest_levels(lens.level))

    def fills(self, lens: Lens) -> bool:
        """Whether tiles at the exact zoom leave nothing of the background free."""
        return self._frame is not None and lens.ratio == self._ratio and self._complete(lens, lens.level)

    def sharp(self, lens: Lens) -> bool:
        """Whether everything in sight is drawn at its exact zoom and in its present state, by tiles alone."""
        if self._frame is None:
            return True
        if lens.ratio != self._ratio:
            return False
        return all(
            key in self._store and not self._stale(key, self._store.peek(key))
            for key in tiles_in_sight(lens, lens.level)
        )

    def ask(self, lens: Lens, mode: Mode) -> None:
        """Tells the worker what to paint now, the most needed first."""
        self._use_ratio(lens.ratio)
        frame = self._frame
        if frame is None:
            self.worker.want([])
            return
        level = doubling_level(lens.level) if mode.zooming else lens.level
        visible = tiles_in_sight(lens, level)
        keys = [key for key in visible if key not in self._store]
        keys += [key for key in visible if key in self._store and self._worth_repainting(key, mode)]
        jobs: list[Job | OverviewJob] = [Job(key, frame, lens.ratio) for key in keys]
        if not jobs or self._overview is None:
            jobs += self._overview_jobs(frame)
        if not mode.animated:
            jobs += [Job(key, frame, lens.ratio) for key in self._prefetched(lens, level)]
        self.worker.want(jobs)

    def close(self) -> None:
        """Ends the worker."""
        self.worker.stop()

    def _fetch(self) -> None:
        for painted in self.worker.take():
            for fault in painted.faults:
                self.failed.emit(fault)
            if self._frame is not None and _look(painted.job.frame) == _look(self._frame):
                self._receive(painted)
        self.painted.emit()

    def _receive(self, painted: Painted) -> None:
        job, states = painted.job, self._states_of(painted.job.frame)
        if isinstance(job, OverviewJob):
            self._overview, self._overview_states = painted.image, states
            self.overview_changed.emit()
        elif job.ratio == self._ratio:
            self._store.put(job.key, Tile(painted.image, states))

    def _states_of(self, frame: FrameLike) -> States:
        """The states of a frame: the present ones, if they are the same, so that most comparisons end at identity."""
        if self._states is not None and self._states.same(frame):
            return self._states
        for states in self._changes:
            if states.same(frame):
                return states
        return States(frame)

    def _forget(self) -> None:
        self._store.clear()
        self._changes.clear()
        self._states = None
        self._overview = None
        self._overview_states = None

    def _use_ratio(self, ratio: float) -> None:
        if ratio != self._ratio:
            self._ratio = ratio
            self._store.clear()

    def _drawn(self, lens: Lens) -> list[tuple[TileKey, Target]]:
        """The tiles to draw, worst first: up to a level that covers all, and closer ones on top of it."""
        if self._complete(lens, lens.level):
            return [(key, target_of(key, lens)) for key in tiles_in_sight(lens, lens.level)]
        levels: list[int] = []
        for level in self._nearest_levels(lens.level)[:8]:
            levels.append(level)
            if self._complete(lens, level) or len(levels) == LAYERS + 1:
                break
        return [(key, target_of(key, lens)) for level in reversed(levels) for key in self._kept_in_sight(lens, level)]

    def _kept_in_sight(self, lens: Lens, level: int) -> list[TileKey]:
        left, top, right, bottom = lens.visible
        kept: list[TileKey] = []
        for key in self._store.at(level):
            x0, y0, x1, y1 = tile_bounds(key, lens.ratio)
            if x0 < right and x1 > left and y0 < bottom and y1 > top:
                kept.append(key)
        return kept

    def _nearest_levels(self, level: int) -> list[int]:
        # A finer tile shrunk looks better than a coarser one blown up.
        return sorted(self._store.levels, key=lambda other: abs(other - level) * (1.0 if other >= level else 1.5))

    def _complete(self, lens: Lens, level: int) -> bool:
        kept = self._store.at(level)
        if not kept or level - lens.level > 3 * LEVELS_PER_DOUBLING:
            return False
        return kept.issuperset(tiles_in_sight(lens, level))

    def _draw_overview(self, painter: QPainter, lens: Lens, frame: FrameLike) -> None:
        if self._overview is None:
            return
        x, y, width, height = content_bounds(frame)
        scale = lens.scale
        place = QRectF(x * scale + lens.origin_x, y * scale + lens.origin_y, width * scale, height * scale)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(place, self._overview)

    def _draw_changed(self, painter: QPainter, lens: Lens, states: States, region: QRegion) -> None:
        frame = self._frame
        if frame is None:
            return
        around = region.boundingRect()
        edges = lens.within(around.left(), around.top(), around.right() + 1, around.bottom() + 1)
        chosen = within(self._changed(states), frame, edges)
        detail = detail_of(scale_of(lens.level))
        if not chosen.total or chosen.total > (LIVE_ITEMS if detail > 1 else LIVE_LINES):
            return
        painter.save()
        painter.setClipRegion(region)
        painter.translate(lens.origin_x, lens.origin_y)
        painter.scale(lens.scale, lens.scale)
        self.items.paint_chosen(painter, frame, chosen, detail)
        painter.restore()
        for fault in self.items.faults.take():
            self.failed.emit(fault)

    def _changed(self, states: States) -> Chosen:
        """What differs between `states` and now."""
        frame = self._frame
        if frame is None or states is self._states:
            return Chosen(np.empty(0, np.intp), np.empty(0, np.intp))
        changed = self._changes.get(states)
        if changed is None:
            changed = self._changes[states] = difference(states, frame)
        return changed

    def _stale(self, key: TileKey, tile: Tile | None) -> int:
        """How many items on a tile look otherwise now."""
        if tile is None or self._frame is None or tile.states is self._states:
            return 0
        return within(self._changed(tile.states), self._frame, tile_bounds(key, self._ratio)).total

    def _worth_repainting(self, key: TileKey, mode: Mode) -> bool:
        stale = self._stale(key, self._store.peek(key))
        # Near by, what was painted over may be larger than what it is painted over with: a border that was thick.
        patient = mode.animated and detail_of(scale_of(key.level)) <= 1
        return stale > (REPAINTED_AT_ONCE if patient else 0)

    def _prefetched(self, lens: Lens, level: int) -> list[TileKey]:
        """What a hand may want next: the tiles around, and the two doublings on either side of this zoom."""
        below = lens.level // LEVELS_PER_DOUBLING * LEVELS_PER_DOUBLING
        keys = [*tiles_in_sight(lens, level, ring=1)]
        for other in (below, below + LEVELS_PER_DOUBLING):
            keys += tiles_in_sight(lens, other)
        keys += tiles_in_sight(lens, below - LEVELS_PER_DOUBLING)
        return [key for key in keys if key not in self._store and self._shows_something(key)][:PREFETCHED]

    def _shows_something(self, key: TileKey) -> bool:
        if self._frame is None:
            return False
        left, top, right, bottom = tile_bounds(key, self._ratio)
        x, y, width, height = content_bounds(self._frame)
        return left < x + width and right > x and top < y + height and bottom > y

    def _overview_jobs(self, frame: FrameLike) -> list[Job | OverviewJob]:
        if self._overview is not None and self._overview_states is self._states:
            return []
        width, height = overview_size(*content_bounds(frame)[2:])
        return [OverviewJob(frame, round(width * self._ratio), round(height * self._ratio))]


def difference(states: States, frame: FrameLike) -> Chosen:
    """What looks otherwise in a frame than in `states`."""
    return Chosen(np.flatnonzero(states.boxes != frame.box_state), np.flatnonzero(states.links != frame.link_state))


def within(chosen: Chosen, frame: FrameLike, edges: tuple[float, float, float, float]) -> Chosen:
    """Those of `chosen` that may show within left, top, right, bottom."""
    if not chosen.total:
        return chosen
    picture = frame.picture
    return Chosen(
        chosen.boxes[overlapping(picture.box_bounds[chosen.boxes], edges)],
        chosen.links[overlapping(picture.link_bounds[chosen.links], edges)],
    )


def _look(frame: FrameLike) -> tuple[object, ...]:
    return frame.picture, frame.theme, colouring(frame)


def _equal(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> bool:
    return one is other or bool(np.array_equal(one, other))


def _rectangle(target: Target) -> QRect:
    return QRect(target.left, target.top, target.right - target.left, target.bottom - target.top)


def _blit(painter: QPainter, image: QImage, target: Target, lens: Lens) -> None:
    """Copies the part of a tile that is in sight; never left of 0, where Qt would round the other way."""
    if target.right - target.left != TILE or target.bottom - target.top != TILE:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(_rectangle(target), image)
        return
    left, top = max(0, target.left), max(0, target.top)
    right, bottom = min(lens.width, target.right), min(lens.height, target.bottom)
    if left < right and top < bottom:
        painter.drawImage(left, top, image, left - target.left, top - target.top, right - left, bottom - top)
