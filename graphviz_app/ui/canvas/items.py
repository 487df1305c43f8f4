"""Paints boxes, links and groups of a frame, as detailed as their size allows: into tiles, and over stale ones."""

from __future__ import annotations

import logging
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from graphviz_app.scene.shapes import Curve, Rectangle
from graphviz_app.ui.canvas.frame import FrameLike, colouring
from graphviz_app.ui.painting import ShapePainter, brush, colour, pen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    from graphviz_app.scene.shapes import Shape
    from graphviz_app.ui.painting import Mark

BULK_DETAIL: Final = 1  # up to this detail, boxes and lines are painted by the thousand, colour by colour
CHECKED_EVERY: Final = 8
AT_ONCE: Final = 1_000  # shapes in one call: turning a list into Qt's kind holds every other thread up
MARKS_KEPT: Final = 12_000
PARTS_KEPT: Final = 200_000
REACH: Final = 8.0  # how far an item's strokes may reach beyond its bounds, in pixels at 100 %
FAINTEST: Final = 0.25
FULL_STRENGTH: Final = 5.0  # times the scale: lines are opaque from 20 % on
SMALLEST_BARE: Final = 0.05  # the scale below which boxes need a border to be seen
SAMPLES: Final = (1, 6)  # straight pieces per Bézier at detail 0 and 1

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")
Edges = tuple[float, float, float, float]


def detail_of(scale: float) -> int:
    """Detail for pixels per pixel at 100 %: 0 boxes and lines, 1 polylines, 2 curves and titles, 3 all texts."""
    if scale < 0.12:
        return 0
    if scale < 0.25:
        return 1
    return 2 if scale < 0.5 else 3


class Chosen(NamedTuple):
    """Indices of items."""

    boxes: npt.NDArray[np.intp]
    links: npt.NDArray[np.intp]

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.boxes) + len(self.links)


def overlapping(bounds: npt.NDArray[np.float32], edges: Edges, reach: float = REACH) -> npt.NDArray[np.bool_]:
    """Which of `bounds` (n, 4: x, y, width, height) overlap left, top, right, bottom."""
    left, top, right, bottom = edges
    x, y, width, height = bounds.T
    return (x <= right + reach) & (y <= bottom + reach) & (x + width >= left - reach) & (y + height >= top - reach)


def chosen_in(frame: FrameLike, edges: Edges) -> Chosen:
    """The boxes and links that may show within `edges`."""
    picture = frame.picture
    return Chosen(
        np.flatnonzero(overlapping(picture.box_bounds, edges)),
        np.flatnonzero(overlapping(picture.link_bounds, edges)),
    )


class Faults:
    """What the scene raised: told and logged once an item, which is then left out; the rest of the picture goes on."""

    def __init__(self) -> None:
        self._raised: list[Exception] = []

    def guard(self, question: Callable[[], Answer], otherwise: Answer) -> Answer:
        """The answer to a question to the scene, or `otherwise` if it raises."""
        # A canvas must outlive any fault of the scene: the window, and the user's program in it, depend on it.
        try:
            return question()
        except Exception as error:
            logger.exception("An item of the picture could not be drawn.")
            # Without its frames, which would keep painters alive beyond their images.
            self._raised.append(error.with_traceback(None))
            return otherwise

    def take(self) -> tuple[Exception, ...]:
        """What was raised since the last call."""
        raised, self._raised = tuple(self._raised), []
        return raised


def never() -> bool:
    """A painting that is not cancelled."""
    return False


def pale_pen(name: str, strength: float) -> QPen:
    """A pen one pixel wide, of a colour that is `strength` (0 to 1) opaque."""
    ink = QColor(colour(name))
    ink.setAlphaF(ink.alphaF() * strength)
    return QPen(ink, 0.0)


class _Bulk:
    """Boxes and lines sorted by colour, so that a few calls paint thousands."""

    def __init__(self) -> None:
        self.boxes: dict[tuple[str | None, str | None], list[QRectF]] = {}
        self.lines: dict[str, list[QLineF]] = {}

    def paint(self, painter: QPainter) -> None:
        # A line is one pixel wide however far away it is; so that crowds of them do not drown the boxes, it pales.
        scale = painter.transform().m11()
        strength = min(1.0, max(FAINTEST, scale * FULL_STRENGTH))
        for name, lines in self.lines.items():
            painter.setPen(pale_pen(name, strength))
            for start in range(0, len(lines), AT_ONCE):
                painter.drawLines(lines[start : start + AT_ONCE])
        for (fill, stroke), boxes in self.boxes.items():
            # A border of one pixel keeps the smallest boxes from vanishing.
            painter.setPen(pen(stroke or (fill if scale < SMALLEST_BARE else None), 0.0))
            painter.setBrush(brush(fill))
            for start in range(0, len(boxes), AT_ONCE):
                painter.drawRects(boxes[start : start + AT_ONCE])


class _Part(NamedTuple):
    """One item, ready for `_Bulk`."""

    boxes: tuple[tuple[tuple[str | None, str | None], QRectF], ...]
    lines: tuple[tuple[str, list[QLineF]], ...]


class ItemPainter:
    """Paints items of frames; belongs to one thread; keeps what it prepared while picture and look stay the same."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._shapes = ShapePainter()
        self._look: object = None
        self._groups = np.empty((0, 4), np.float32)
        self._marks: dict[tuple[str, int, int, int], tuple[Mark, ...]] = {}
        self._parts: dict[tuple[str, int, int, int], _Part] = {}

    def paint(
        self,
        painter: QPainter,
        frame: FrameLike,
        edges: Edges,
        detail: int,
        cancelled: Callable[[], bool] = never,
    ) -> bool:
        """Paints all that shows within `edges`; False if it was cancelled half-way."""
        self._turn_to(frame)
        self._paint_groups(painter, frame, edges, detail)
        return self.paint_chosen(painter, frame, chosen_in(frame, edges), detail, cancelled)

    def paint_chosen(
        self,
        painter: QPainter,
        frame: FrameLike,
        chosen: Chosen,
        detail: int,
        cancelled: Callable[[], bool] = never,
    ) -> bool:
        """Paints some links and boxes; False if it was cancelled half-way."""
        self._turn_to(frame)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if detail <= BULK_DETAIL:
            return self._paint_bulk(painter, frame, chosen, detail, cancelled)
        for count, (kind, index) in enumerate(_in_order(chosen)):
            if count % CHECKED_EVERY == 0 and cancelled():
                return False
            for mark in self._marks_of(frame, kind, index, detail):
                mark.draw(painter)
        return True

    def prepare(self, frame: FrameLike, chosen: Chosen, detail: int) -> None:
        """Computes what `paint_chosen` will need."""
        self._turn_to(frame)
        for kind, index in _in_order(chosen) if detail > BULK_DETAIL else ():
            self._marks_of(frame, kind, index, detail)

    def _turn_to(self, frame: FrameLike) -> None:
        look = (frame.picture, frame.theme, colouring(frame))
        if look != self._look:
            self._look = look
            self._groups = np.array([place[1:5] for place in frame.picture.layout.groups], np.float32).reshape(-1, 4)
            self._marks.clear()
            self._parts.clear()
        if len(self._marks) > MARKS_KEPT:
            self._marks.clear()
        if len(self._parts) > PARTS_KEPT:
            self._parts.clear()

    def _paint_groups(self, painter: QPainter, frame: FrameLike, edges: Edges, detail: int) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for index in np.flatnonzero(overlapping(self._groups, edges)).tolist():
            for mark in self._kept_marks(("group", index, 0, detail), partial(frame.group_shapes, index, detail)):
                mark.draw(painter)

    def _paint_bulk(
        self, painter: QPainter, frame: FrameLike, chosen: Chosen, detail: int, cancelled: Callable[[], bool]
    ) -> bool:
        bulk = _Bulk()
        for count, (kind, index) in enumerate(_in_order(chosen)):
            if count % CHECKED_EVERY == 0 and cancelled():
                return False
            part = self._part_of(frame, kind, index, detail)
            for key, box in part.boxes:
                bulk.boxes.setdefault(key, []).append(box)
            for name, lines in part.lines:
                bulk.lines.setdefault(name, []).extend(lines)
        bulk.paint(painter)
        return True

    def _part_of(self, frame: FrameLike, kind: str, index: int, detail: int) -> _Part:
        key = (kind, index, _state(frame, kind, index), detail)
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = self.faults.guard(
                lambda: _part(_item_shapes(frame, kind, index, detail), SAMPLES[detail]), _Part((), ())
            )
        return part

    def _marks_of(self, frame: FrameLike, kind: str, index: int, detail: int) -> tuple[Mark, ...]:
        key = (kind, index, _state(frame, kind, index), detail)
        return self._kept_marks(key, lambda: _item_shapes(frame, kind, index, detail))

    def _kept_marks(self, key: tuple[str, int, int, int], shapes: Callable[[], Iterable[Shape]]) -> tuple[Mark, ...]:
        marks = self._marks.get(key)
        if marks is None:
            marks = self._marks[key] = self.faults.guard(lambda: self._shapes.prepare(shapes()), ())
        return marks


def _in_order(chosen: Chosen) -> Iterable[tuple[str, int]]:
    """Links lie under boxes."""
    for index in chosen.links.tolist():
        yield "link", index
    for index in chosen.boxes.tolist():
        yield "box", index


def _state(frame: FrameLike, kind: str, index: int) -> int:
    return int(frame.box_state[index] if kind == "box" else frame.link_state[index])


def _item_shapes(frame: FrameLike, kind: str, index: int, detail: int) -> Sequence[Shape]:
    return frame.box_shapes(index, detail) if kind == "box" else frame.link_shapes(index, detail)


def _part(shapes: Iterable[Shape], samples: int) -> _Part:
    boxes: list[tuple[tuple[str | None, str | None], QRectF]] = []
    lines: list[tuple[str, list[QLineF]]] = []
    for shape in shapes:
        if isinstance(shape, Rectangle):
            boxes.append(((shape.fill, shape.stroke), QRectF(shape.x, shape.y, shape.width, shape.height)))
        elif isinstance(shape, Curve):
            lines.append((shape.colour, _pieces(shape.points, samples)))
    return _Part(tuple(boxes), tuple(lines))


def _pieces(points: npt.NDArray[np.float32], samples: int) -> list[QLineF]:
    """Straight pieces along cubic Béziers, `samples` of them to each."""
    polyline = (points[::3] if samples == 1 else flattened(points, samples)).tolist()
    return [QLineF(*start, *end) for start, end in pairwise(polyline)]


def flattened(points: npt.NDArray[np.float32], samples: int) -> npt.NDArray[np.float64]:
    """Points on cubic Béziers, float64 (..., k * samples + 1, 2), from (..., 3k + 1, 2) control points."""
    starts = points[..., 0:-1:3, :].astype(np.float64)
    one, two, ends = points[..., 1::3, :], points[..., 2::3, :], points[..., 3::3, :]
    t = (np.arange(1, samples + 1) / samples)[:, None]
    s = 1 - t
    pieces = (
        s**3 * starts[..., None, :]
        + 3 * s * s * t * one[..., None, :]
        + 3 * s * t * t * two[..., None, :]
        + t**3 * ends[..., None, :]
    )
    curve = pieces.reshape(*points.shape[:-2], -1, 2)
    return np.concatenate([starts[..., :1, :], curve], axis=-2)
