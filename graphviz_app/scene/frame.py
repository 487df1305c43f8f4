"""One step of a picture as a display list, in the colours of a theme."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.recording.events import NONE
from graphviz_app.scene.asides import Asides, asides
from graphviz_app.scene.caption import caption
from graphviz_app.scene.colouring import LegendEntry, legend, legend_shapes, tint
from graphviz_app.scene.content import label_lines, label_text, row_content
from graphviz_app.scene.curves import point_on
from graphviz_app.scene.describe import describe
from graphviz_app.scene.draw_box import box_shapes, ink, measure_tag, rows_shapes
from graphviz_app.scene.draw_group import group_shapes
from graphviz_app.scene.draw_link import TOKEN, label_shapes, link_colour, link_shapes, token_shapes
from graphviz_app.scene.hit import Hit, hit
from graphviz_app.scene.measure import text_width, wrap
from graphviz_app.scene.shapes import Rectangle, Text
from graphviz_app.scene.states import LOOK_MASK, TINT_SHIFT, LinkFlag, Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from graphviz_app.scene.picture import Picture
    from graphviz_app.scene.shapes import Shape
    from graphviz_app.scene.theme import Theme
    from graphviz_app.timeline import StepState

MARGIN = 24.0
CAPTION = 15.0
LEGEND = 28.0
_CAPTION_LINES = 2
_NARROWEST = 560.0


class FrameOptions(NamedTuple):
    """What a person may wish of a frame.

    Attributes:
        labels: Whether values stand on the links.
        colouring: The name of a colouring of the boxes (module `colouring`), or "".
    """

    labels: bool = True
    colouring: str = ""


class Token(NamedTuple):
    """A gradient that moves along a link during the step."""

    link: int
    text: str
    colour: str


class SceneFrame:
    """What to draw at one step.

    Attributes:
        picture: Where everything is.
        step: Which step.
        theme: In which colours.
        options: As a person wishes.
        state: What was true at the step.
        box_state: uint8 per box; boxes of equal state look the same in tiles.
        link_state: uint8 per link, likewise.
    """

    def __init__(self, picture: Picture, step: int, theme: Theme, options: FrameOptions) -> None:
        self.picture = picture
        self.step = step
        self.theme = theme
        self.options = options
        self.state: StepState = picture.timeline.state(step)
        links = picture.flow.at(self.state.event_number)
        self.box_state: npt.NDArray[np.uint8] = picture.states.boxes(self.state, links)
        if options.colouring:
            self.box_state |= picture.colouring(options.colouring).buckets << TINT_SHIFT
        self.link_state: npt.NDArray[np.uint8] = picture.states.links(links, self.box_state)

    # -- what tiles hold --------------------------------------------------------------------------

    def box_shapes(self, i: int, detail: int) -> tuple[Shape, ...]:
        """The card of box i without its values; `detail` 0 is a plain block, 3 has all texts."""
        box, card, state = self.picture.graph.boxes[i], self.picture.cards[i], int(self.box_state[i])
        # One more use of what autograd does not see is as grey as that is.
        kind = "tensor" if box.kind == "reference" and box.leaf == NONE else box.kind
        return tuple(box_shapes(kind, card, self._corner(i), state, detail, self.theme, self._tint(state)))

    def _tint(self, state: int) -> str | None:
        bucket = state >> TINT_SHIFT
        if not bucket:
            return None
        return tint(self.theme, self.picture.colouring(self.options.colouring).legend[bucket - 1][1])

    def link_shapes(self, e: int, detail: int) -> tuple[Shape, ...]:
        """The curve of link e; below `detail` 2 a straight line without an arrow head."""
        link = self.picture.graph.links[e]
        curve = self.picture.layout.curves[e]
        return tuple(link_shapes(curve, int(self.link_state[e]), link.count, detail, self.theme))

    def group_shapes(self, g: int, detail: int) -> tuple[Shape, ...]:
        """The frame around open group g (of `picture.layout.groups`), with its title at `detail` 2 and more."""
        place = self.picture.layout.groups[g]
        group = self.picture.graph.grouping.groups.get(place.path)
        return tuple(group_shapes(place, group, detail, self.theme))

    # -- what is drawn on top of them at every step -------------------------------------------------

    def live_shapes(self, i: int) -> tuple[Shape, ...]:
        """The values of box i at this step."""
        picture, state = self.picture, int(self.box_state[i])
        if state & LOOK_MASK == Look.UNBORN:
            return ()
        box, card = picture.graph.boxes[i], picture.cards[i]
        colours = ink(box.kind, state, self.theme, self._tint(state))
        contents = [row_content(row, i, picture, self.state) for row in card.rows]
        return tuple(rows_shapes(card, contents, self._corner(i), colours, self.theme))

    def label_shapes(self, e: int) -> tuple[Shape, ...]:
        """What link e has carried by now, written on it."""
        link, state = self.picture.graph.links[e], int(self.link_state[e])
        if not self.options.labels or link.kind != "gradient" or not state & LinkFlag.CARRIED:
            return ()
        if not self.picture.readable_labels[e]:
            return ()
        centre = self.picture.layout.labels[e]
        lines = label_lines(self.picture.flow, e, link.count, self.state)
        return tuple(label_shapes((float(centre[0]), float(centre[1])), lines, state, self.theme))

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """The gradients that move during this step."""
        moving = (self.link_state & LinkFlag.MOVING).nonzero()[0].tolist()
        return tuple(self._token(link) for link in moving)

    def _token(self, link: int) -> Token:
        travels = self.picture.flow.travelled(link, self.state.event_number)
        now = [travel for travel in travels if travel.event == self.state.event_number]
        colour = link_colour(int(self.link_state[link]), self.theme)
        return Token(link, label_text(now, self.state, len(now)), colour)

    @cached_property
    def legend(self) -> tuple[LegendEntry, ...]:
        """The colours of the colouring that was wished for, and what each means."""
        if not self.options.colouring:
            return ()
        return legend(self.picture.colouring(self.options.colouring), self.theme)

    @cached_property
    def caption(self) -> str:
        """The step in words."""
        return caption(self.state)

    # -- questions -----------------------------------------------------------------------------------

    def hit(self, x: float, y: float) -> Hit | None:
        """What is at a point of the picture: a box, a link, or the frame of an open group."""
        return hit(self.picture, x, y)

    def describe(self, item: Hit) -> str:
        """An item in words, at this step; for tooltips and screen readers."""
        return describe(self, Hit(item.kind, item.index))

    # -- the whole -----------------------------------------------------------------------------------

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Of the whole display list: x, y, width, height; the same at every step."""
        layout = self.picture.layout
        width = max(layout.width, _NARROWEST) + 2 * MARGIN
        band = CAPTION * 1.4 * _CAPTION_LINES + MARGIN + (LEGEND if self.legend else 0.0)
        return (layout.width / 2 - width / 2, -MARGIN, width, layout.height + MARGIN + band + MARGIN)

    def shapes(self, phase: float = 1.0) -> Iterator[Shape]:
        """The whole display list in the order of drawing, tokens at `phase` (0 to 1) of their way."""
        picture = self.picture
        x, y, width, height = self.bounds
        yield Rectangle(x, y, width, height, 0.0, self.theme.background)
        for g in range(len(picture.layout.groups)):
            yield from self.group_shapes(g, 3)
        for e in range(len(picture.graph.links)):
            yield from self.link_shapes(e, 3)
        for i in range(len(picture.graph.boxes)):
            yield from self.box_shapes(i, 3)
            yield from self.live_shapes(i)
        moving = {token.link for token in self.tokens} if phase < 1 else set[int]()
        for e in range(len(picture.graph.links)):
            if e not in moving:
                yield from self.label_shapes(e)
        if phase < 1:
            yield from self.token_shapes(phase)
        yield from self._caption_shapes()
        yield from self._legend_shapes()

    def token_shapes(self, phase: float) -> Iterator[Shape]:
        """The moving gradients at `phase` (0 to 1) of their way."""
        beside = self._asides.at(phase).tolist()
        for token, aside in zip(self.tokens, beside, strict=True):
            odd = bool(self.link_state[token.link] & LinkFlag.ODD)
            x, y = point_on(self.picture.layout.curves[token.link], phase)
            yield from token_shapes((x + aside[0], y + aside[1]), token.text, self.theme, odd=odd)

    @cached_property
    def _asides(self) -> Asides:
        curves = [self.picture.layout.curves[token.link] for token in self.tokens]
        return asides(curves, [measure_tag(token.text, TOKEN) for token in self.tokens])

    def _caption_shapes(self) -> Iterator[Shape]:
        x, _, width, _ = self.bounds
        cells = int((width - 2 * MARGIN) / text_width("0", CAPTION))
        lines = wrap(self.caption, cells)
        if len(lines) > _CAPTION_LINES:
            lines = [*lines[: _CAPTION_LINES - 1], lines[_CAPTION_LINES - 1][: cells - 2] + " …"]
        for number, line in enumerate(lines):
            baseline = self.picture.layout.height + MARGIN + CAPTION * (1.0 + 1.4 * number)
            yield Text(x + width / 2, baseline, line, CAPTION, self.theme.text, anchor="middle")

    def _legend_shapes(self) -> Iterator[Shape]:
        x, y, width, height = self.bounds
        return legend_shapes(self.legend, (x + width / 2, y + height - MARGIN - LEGEND / 2), self.theme)

    def _corner(self, i: int) -> tuple[float, float]:
        x, y = self.picture.box_bounds[i, :2].tolist()
        return x, y
