"""Paints tiles in one thread: newest wish first, and what is no longer wished for is dropped."""

from __future__ import annotations

import sys
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from graphviz_app.ui.canvas.frame import FrameLike, content_bounds
from graphviz_app.ui.canvas.items import ItemPainter, detail_of
from graphviz_app.ui.canvas.tiles import TILE, TileKey, tile_bounds
from graphviz_app.ui.canvas.view import scale_of
from graphviz_app.ui.painting import colour, painting_on

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence


LONGEST_HOLD: Final = 0.1  # seconds
LONGEST_WAIT: Final = 0.001  # seconds that one thread may keep Python from another


class Job(NamedTuple):
    """A tile to paint as `frame` looks, on a screen with `ratio` device pixels to the pixel."""

    key: TileKey
    frame: FrameLike
    ratio: float

    @property
    def subject(self) -> tuple[object, ...]:
        """What it is a picture of, whatever the step: a newer step does not make work in hand worthless."""
        return self.key, self.ratio, id(self.frame.picture), self.frame.theme.name


class OverviewJob(NamedTuple):
    """The whole picture as an image of `width` × `height` pixels, for the minimap."""

    frame: FrameLike
    width: int
    height: int

    @property
    def subject(self) -> tuple[object, ...]:
        """See `Job.subject`."""
        return self.width, self.height, id(self.frame.picture), self.frame.theme.name


class Painted(NamedTuple):
    """A job that is done, and what the scene raised for items that are therefore missing from it."""

    job: Job | OverviewJob
    image: QImage
    faults: tuple[Exception, ...] = ()


class TileWorker(QObject):
    """The painting thread. Wish with `want`, fetch with `take`; `ready` says that there is something to fetch."""

    ready = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._condition = threading.Condition()
        self._wanted: deque[Job | OverviewJob] = deque()
        self._current: Job | OverviewJob | None = None
        self._dropped = False
        self._stopping = False
        self._free = threading.Event()
        self._free.set()
        self._holders = 0
        self._done: deque[Painted] = deque()
        self._thread: threading.Thread | None = None

    @property
    def idle(self) -> bool:
        """Whether there is nothing to paint, and nothing to fetch."""
        with self._condition:
            return not self._wanted and self._current is None and not self._done

    def want(self, jobs: Sequence[Job | OverviewJob]) -> None:
        """Puts `jobs` in place of all earlier wishes; a tile being painted goes on only if it is among them."""
        with self._condition:
            if self._stopping:
                return
            subject = None if self._current is None else self._current.subject
            self._wanted = deque(job for job in jobs if job.subject != subject)
            self._dropped = subject is not None and len(self._wanted) == len(jobs)
            self._condition.notify()
        if jobs and self._thread is None:
            # The window waits for Python at the start of every event while a tile is computed.
            sys.setswitchinterval(min(sys.getswitchinterval(), LONGEST_WAIT))
            self._thread = threading.Thread(target=self._run, name="canvas tiles", daemon=True)
            self._thread.start()

    def hold(self) -> None:
        """Keeps the painting thread still until `release`; the window's thread alone may.

        The window releases Python's lock in every call to Qt. A thread that computes takes it then, and gives it back
        only 5 ms later: a frame of 300 calls would stall for a second.
        """
        self._holders += 1
        self._free.clear()

    def release(self) -> None:
        """Lets the painting thread go on, once everybody who held it has said so."""
        self._holders -= 1
        if not self._holders:
            self._free.set()

    @contextmanager
    def held(self) -> Generator[None]:
        """Keeps the painting thread still for a moment."""
        self.hold()
        try:
            yield
        finally:
            self.release()

    def take(self) -> list[Painted]:
        """What was painted since the last call."""
        with self._condition:
            done = list(self._done)
            self._done.clear()
            return done

    def stop(self) -> None:
        """Ends the thread, and waits for it; may be called twice."""
        with self._condition:
            self._stopping = self._dropped = True
            self._wanted.clear()
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        items = ItemPainter()
        while (job := self._next()) is not None:
            result = self._paint(items, job)
            with self._condition:
                self._current = None
                if result is None or self._stopping:
                    continue
                self._done.append(result)
            self.ready.emit()

    def _next(self) -> Job | OverviewJob | None:
        with self._condition:
            self._condition.wait_for(lambda: self._wanted or self._stopping)
            if self._stopping:
                return None
            self._current = self._wanted.popleft()
            self._dropped = False
            return self._current

    def _paint(self, items: ItemPainter, job: Job | OverviewJob) -> Painted | None:
        if isinstance(job, OverviewJob):
            image = paint_overview(items, job, self._cancelled)
        else:
            image = paint_tile(items, job, self._cancelled)
        return None if image is None else Painted(job, image, items.faults.take())

    def _cancelled(self) -> bool:
        self._free.wait(LONGEST_HOLD)
        return self._dropped


def paint_tile(items: ItemPainter, job: Job, cancelled: Callable[[], bool]) -> QImage | None:
    """Paints one tile; None if cancelled."""
    edges = tile_bounds(job.key, job.ratio)
    scale = scale_of(job.key.level) * job.ratio
    image = _blank(TILE, TILE, job.frame)
    with painting_on(image) as painter:
        painter.translate(-job.key.x * TILE, -job.key.y * TILE)
        painter.scale(scale, scale)
        finished = items.paint(painter, job.frame, edges, detail_of(scale_of(job.key.level)), cancelled)
    return image if finished else None


def paint_overview(items: ItemPainter, job: OverviewJob, cancelled: Callable[[], bool]) -> QImage | None:
    """Paints the whole picture small; None if cancelled."""
    x, y, width, height = content_bounds(job.frame)
    image = _blank(job.width, job.height, job.frame)
    with painting_on(image) as painter:
        painter.scale(job.width / max(width, 1.0), job.height / max(height, 1.0))
        painter.translate(-x, -y)
        finished = items.paint(painter, job.frame, (x, y, x + width, y + height), 0, cancelled)
    return image if finished else None


def _blank(width: int, height: int, frame: FrameLike) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(colour(frame.theme.background))
    return image
