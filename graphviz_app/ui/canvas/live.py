"""What moves or changes with the step, painted on top of the tiles: labels, values, rings, tokens; all of it culled."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from graphviz_app.scene.draw_box import measure_tag
from graphviz_app.scene.draw_link import TOKEN
from graphviz_app.scene.measure import ASCENT
from graphviz_app.scene.shapes import Curve, HeatMap, Rectangle, Shape, Text
from graphviz_app.ui.canvas.frame import Item, running_box
from graphviz_app.ui.canvas.items import Faults, detail_of, overlapping
from graphviz_app.ui.canvas.view import scale_of
from graphviz_app.ui.painting import ShapePainter, brush, colour, curve_path, painting_on, pen, shapes_bounds

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    import numpy.typing as npt

    from graphviz_app.scene.theme import Theme
    from graphviz_app.ui.canvas.frame import FrameLike, TokenLike
    from graphviz_app.ui.canvas.tiles import Lens

    TextItem = tuple[str, int]  # "live" and a box, or "label" and a link
    Answers = dict[TextItem, Sequence[Shape]]

SPRITES_BYTES: Final = 48 * 2**20
SPRITE_BUDGET: Final = 0.005  # seconds a frame may take to paint new labels; the rest follow in the next frames
EXPECTED_BUDGET: Final = 0.008  # seconds that may be spent on a step that is not shown yet
ROUND_RINGS: Final = 150  # of more rings the corners are not worth their time
LABEL_REACH: Final = (150.0, 60.0)  # half of the widest and of the highest label
BEACON: Final = 7.0  # height in pixels of the window below which the running box gets a dot
DOT: Final = 4.5  # radius of a token too small to be read, in pixels of the window


class Marking(NamedTuple):
    """What is pointed at, chosen, found, and lit."""

    hovered: Item | None = None
    selected: tuple[Item, ...] = ()
    found: tuple[Item, ...] = ()
    lit: tuple[Item, ...] = ()


class Sprite(NamedTuple):
    """Shapes painted once: their image, the level it is for, and the corner in device pixels without the origin."""

    image: QImage
    level: int
    left: int
    top: int


class Moving(NamedTuple):
    """The tokens under way: where each of them is now, and how far beside that its tag, where that can be read."""

    tokens: Sequence[TokenLike]
    places: npt.NDArray[np.float64]
    asides: npt.NDArray[np.float64]


class LiveLayer:
    """Paints labels, values, rings and tokens; keeps what it painted as sprites."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._shapes = ShapePainter()
        self._frame: FrameLike | None = None
        self._asked: Answers = {}
        self._expected: tuple[FrameLike, Answers] | None = None
        self._sprites: OrderedDict[Hashable, Sprite] = OrderedDict()
        self._bytes = 0

    def set_frame(self, frame: FrameLike | None) -> None:
        """What to show from now on."""
        if frame is not self._frame:
            expected, self._expected = self._expected, None
            self._asked = expected[1] if expected is not None and expected[0] is frame else {}
            self._frame = frame

    def expect(self, frame: FrameLike, lens: Lens) -> None:
        """Prepares what a frame that may be shown next will have in sight, as far as a moment reaches."""
        answers: Answers = {}
        self._expected = (frame, answers)
        if detail_of(scale_of(lens.level)) < 3:
            return
        deadline = time.perf_counter() + EXPECTED_BUDGET
        for item in _texts_in_sight(frame, lens):
            if time.perf_counter() > deadline:
                return
            shapes = answers[item] = self._ask(frame, item)
            if shapes and not self._is_exact(self._sprites.get(key := _key(shapes)), lens):
                self._new_sprite(key, shapes, lens)

    def draw(self, painter: QPainter, lens: Lens, marking: Marking, moving: Moving | None) -> bool:
        """Paints it all; False if some labels are still to be painted in the next frame."""
        frame = self._frame
        if frame is None:
            return True
        self._draw_lit_links(painter, lens, frame, marking)
        finished = True
        if detail_of(scale_of(lens.level)) == 3:
            finished = self._draw_texts(painter, lens, frame, moving)
        self._draw_rings(painter, lens, frame, marking)
        self._draw_beacon(painter, lens, frame)
        if moving is not None:
            self._draw_tokens(painter, lens, frame, moving)
        return finished

    def draw_values(self, painter: QPainter, lens: Lens, box: int) -> None:
        """Paints the values of one box, where its detail has any."""
        if self._frame is not None and detail_of(scale_of(lens.level)) == 3:
            self._draw_sprite(painter, lens, self._frame, ("live", box), math.inf)

    def _draw_texts(self, painter: QPainter, lens: Lens, frame: FrameLike, moving: Moving | None) -> bool:
        deadline = time.perf_counter() + SPRITE_BUDGET
        finished = True
        # A value that is still on its way is not yet written on its link.
        under_way = {token.link for token in moving.tokens} if moving is not None else set[int]()
        for kind, index in _texts_in_sight(frame, lens):
            if kind == "live" or index not in under_way:
                finished &= self._draw_sprite(painter, lens, frame, (kind, index), deadline)
        return finished

    def _ask(self, frame: FrameLike, item: TextItem) -> Sequence[Shape]:
        ask = frame.label_shapes if item[0] == "label" else frame.live_shapes
        return self.faults.guard(lambda: ask(item[1]), ())

    def _draw_sprite(self, painter: QPainter, lens: Lens, frame: FrameLike, item: TextItem, deadline: float) -> bool:
        late = time.perf_counter() > deadline
        shapes = self._asked.get(item)
        if shapes is None:
            if late:
                return False
            shapes = self._asked[item] = self._ask(frame, item)
        if not shapes:
            return True
        key = _key(shapes)
        sprite = self._sprites.get(key)
        exact = self._is_exact(sprite, lens)
        if not exact and not late:
            sprite, exact = self._new_sprite(key, shapes, lens), True
        if sprite is not None:
            _draw_sprite(painter, lens, sprite)
        return exact

    @staticmethod
    def _is_exact(sprite: Sprite | None, lens: Lens) -> bool:
        return sprite is not None and sprite.level == lens.level

    def _new_sprite(self, key: Hashable, shapes: Sequence[Shape], lens: Lens) -> Sprite:
        left, top, right, bottom = (edge * lens.scale for edge in shapes_bounds(shapes) or (0, 0, 0, 0))
        x, y = int(np.floor(left)) - 1, int(np.floor(top)) - 1
        width, height = int(np.ceil(right)) + 2 - x, int(np.ceil(bottom)) + 2 - y
        image = QImage(max(1, width), max(1, height), QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        with painting_on(image) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(-x, -y)
            painter.scale(lens.scale, lens.scale)
            self._shapes.draw(painter, shapes)
        return self._keep(key, Sprite(image, lens.level, x, y))

    def _keep(self, key: Hashable, sprite: Sprite) -> Sprite:
        old = self._sprites.pop(key, None)
        self._bytes += sprite.image.sizeInBytes() - (old.image.sizeInBytes() if old is not None else 0)
        self._sprites[key] = sprite
        while self._bytes > SPRITES_BYTES and len(self._sprites) > 1:
            _, forgotten = self._sprites.popitem(last=False)
            self._bytes -= forgotten.image.sizeInBytes()
        return sprite

    def _draw_lit_links(self, painter: QPainter, lens: Lens, frame: FrameLike, marking: Marking) -> None:
        theme = frame.theme
        lit = [(item, theme.highlight, 4.0) for item in (*marking.lit, *marking.found)]
        lit += [(item, theme.selection, 4.0) for item in marking.selected]
        lit += [(marking.hovered, theme.highlight, 3.0)] if marking.hovered is not None else []
        links = [(item.index, name, width) for item, name, width in lit if item.kind == "link"]
        if not links:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(brush(None))
        painter.translate(lens.origin_x, lens.origin_y)
        painter.scale(lens.scale, lens.scale)
        seen = overlapping(frame.picture.link_bounds, lens.visible)
        for index, name, width in links:
            if bool(seen[index]) and len(frame.picture.layout.curves[index]):
                line = QPen(colour(name), max(width, 2 * lens.ratio / lens.scale))
                line.setCapStyle(Qt.PenCapStyle.RoundCap)
                painter.setPen(line)
                painter.drawPath(curve_path(frame.picture.layout.curves[index]))
        painter.restore()

    def _draw_rings(self, painter: QPainter, lens: Lens, frame: FrameLike, marking: Marking) -> None:
        theme = frame.theme
        rings = [
            (marking.lit, theme.highlight, 2.0),
            (marking.found, theme.highlight, 2.0),
            (marking.selected, theme.selection, 2.5),
            (() if marking.hovered is None else (marking.hovered,), theme.highlight, 1.5),
        ]
        if not any(items for items, _, _ in rings):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(brush(None))
        for items, name, width in rings:
            painter.setPen(pen(name, width * lens.ratio))
            self._draw_ring_of_each(painter, lens, _in_window(frame, items, lens), (2.0 + width) * lens.ratio)
        painter.restore()

    def _draw_ring_of_each(self, painter: QPainter, lens: Lens, places: list[QRectF], away: float) -> None:
        grown = [place.adjusted(-away, -away, away, away) for place in places]
        if len(grown) > ROUND_RINGS:
            painter.drawRects(grown)
            return
        radius = min(10.0 * lens.scale, 12.0 * lens.ratio)
        for place in grown:
            painter.drawRoundedRect(place, radius, radius)

    def _draw_beacon(self, painter: QPainter, lens: Lens, frame: FrameLike) -> None:
        """Where the step happens, while its box is too small to be noticed."""
        box = running_box(frame)
        place = None if box is None else item_rectangle(frame, Item("box", box), lens)
        if place is None or place.height() > BEACON * lens.ratio:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen(frame.theme.background, lens.ratio))
        painter.setBrush(brush(frame.theme.running))
        painter.drawEllipse(place.center(), DOT * lens.ratio, DOT * lens.ratio)
        painter.restore()

    def _draw_tokens(self, painter: QPainter, lens: Lens, frame: FrameLike, moving: Moving) -> None:
        readable = detail_of(scale_of(lens.level)) == 3
        beside = moving.places + moving.asides if readable else moving.places
        places = beside * lens.scale + (lens.origin_x, lens.origin_y)
        reach = 100.0 * lens.ratio
        near = (
            (places[:, 0] > -reach)
            & (places[:, 1] > -reach)
            & (places[:, 0] < lens.width + reach)
            & (places[:, 1] < lens.height + reach)
        )
        chosen = np.flatnonzero(near).tolist()
        points = np.rint(places[near]).astype(int).tolist()
        for index, (x, y) in zip(chosen, points, strict=True):
            sprite = self._token_sprite(moving.tokens[index], lens, frame.theme, readable)
            painter.drawImage(x + sprite.left, y + sprite.top, sprite.image)

    def _token_sprite(self, token: TokenLike, lens: Lens, theme: Theme, readable: bool) -> Sprite:
        text, odd = (token.text if readable else ""), token.colour == theme.nan
        key = ("token", text, odd, theme.name, lens.level if text else 0, lens.ratio)
        kept = self._sprites.get(key)
        if kept is not None:
            return kept
        fill, ink = (theme.nan, theme.background) if odd else (theme.token, theme.token_text)
        # A dot has one size at every zoom, as if that were 100 %.
        return self._new_sprite(
            key, token_shapes(text, fill, ink, theme.background), lens if text else lens._replace(level=0)
        )


def token_shapes(text: str, fill: str, ink: str, rim: str) -> tuple[Shape, ...]:
    """A moving gradient around the origin: a tag with its value, or a dot where no text could be read."""
    if not text:
        return (Rectangle(-DOT, -DOT, 2 * DOT, 2 * DOT, DOT, fill, rim, 1.0),)
    width, height = measure_tag(text, TOKEN)
    return (
        Rectangle(-width / 2, -height / 2, width, height, height / 2, fill, rim, 1.5),
        Text(0.0, ASCENT * TOKEN / 2, text, TOKEN, ink, bold=True, anchor="middle"),
    )


def _texts_in_sight(frame: FrameLike, lens: Lens) -> Iterator[TextItem]:
    """The boxes whose values, and the links whose labels, may show."""
    picture = frame.picture
    for index in np.flatnonzero(overlapping(picture.box_bounds, lens.visible, 0.0)).tolist():
        yield "live", index
    # A link may pass through without its label, a hub's links by the thousand.
    left, top, right, bottom = lens.visible
    x, y = picture.layout.labels.reshape(-1, 2).T
    across, down = LABEL_REACH
    seen = (x > left - across) & (x < right + across) & (y > top - down) & (y < bottom + down)
    for index in np.flatnonzero(seen).tolist():
        yield "label", index


def _in_window(frame: FrameLike, items: Iterable[Item], lens: Lens) -> list[QRectF]:
    """Where those of the boxes and groups are that are in sight, in device pixels."""
    view = QRectF(0, 0, lens.width, lens.height)
    places = (item_rectangle(frame, item, lens) for item in items)
    return [place for place in places if place is not None and place.intersects(view)]


def item_rectangle(frame: FrameLike, item: Item, lens: Lens) -> QRectF | None:
    """Where a box or a group is, in device pixels; None for links."""
    bounds = item_bounds(frame, item)
    if bounds is None or item.kind == "link":
        return None
    x, y, width, height = bounds
    scale = lens.scale
    return QRectF(x * scale + lens.origin_x, y * scale + lens.origin_y, width * scale, height * scale)


def item_bounds(frame: FrameLike, item: Item) -> tuple[float, float, float, float] | None:
    """x, y, width, height of an item in pixels at 100 %; None if the picture has no such item."""
    picture = frame.picture
    match item.kind:
        case "box":
            table = picture.box_bounds
        case "link":
            table = picture.link_bounds
        case _:
            groups = picture.layout.groups
            return tuple(groups[item.index][1:5]) if item.index < len(groups) else None  # type: ignore[return-value]
    return tuple(table[item.index].tolist()) if item.index < len(table) else None


def _key(shapes: Sequence[Shape]) -> Hashable:
    """Equal shapes share a sprite from step to step."""
    return tuple(_hashable(shape) for shape in shapes)


def _hashable(shape: Shape) -> Hashable:
    match shape:
        case HeatMap(pixels=array) | Curve(points=array):
            # The rest of the place and the look, with the array's bytes for the array.
            rest = tuple(part for part in shape if part is not array)
            return (*rest, array.shape, array.tobytes())
        case _:
            return shape


def _draw_sprite(painter: QPainter, lens: Lens, sprite: Sprite) -> None:
    if sprite.level == lens.level:
        painter.drawImage(sprite.left + lens.origin_x, sprite.top + lens.origin_y, sprite.image)
        return
    ratio = scale_of(lens.level - sprite.level)
    corner = QPointF(sprite.left * ratio + lens.origin_x, sprite.top * ratio + lens.origin_y)
    size = sprite.image.size()
    painter.drawImage(QRectF(corner.x(), corner.y(), size.width() * ratio, size.height() * ratio), sprite.image)
