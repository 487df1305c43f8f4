"""The shapes of links, of their labels, and of the gradients that move along them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.scene.curves import arrow_head, straight
from graphviz_app.scene.draw_box import measure_tag
from graphviz_app.scene.measure import ASCENT
from graphviz_app.scene.shapes import Curve, Polygon, Rectangle, Text
from graphviz_app.scene.states import LinkFlag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from graphviz_app.scene.shapes import Shape
    from graphviz_app.scene.theme import Theme

    Points = npt.NDArray[np.float32]

LABEL = 12.0
"""Font size of labels on links, in pixels at 100 %."""
TOKEN = 12.5


def link_colour(state: int, theme: Theme) -> str:
    """The colour of a link in a state."""
    flags = LinkFlag(state)
    if LinkFlag.CUT in flags:
        return theme.grey
    if LinkFlag.NONE in flags or LinkFlag.CARRIED not in flags:
        return theme.unborn if LinkFlag.UNBORN in flags else theme.link
    if LinkFlag.ODD in flags:
        return theme.nan
    return theme.running if LinkFlag.MOVING in flags else theme.done


def link_shapes(points: Points, state: int, count: int, detail: int, theme: Theme) -> Iterator[Shape]:
    """The curve of a link and, near enough to be seen, its arrow head; `count` edges make it wider."""
    if len(points) < 2:
        return
    colour = link_colour(state, theme)
    flags = LinkFlag(state)
    dashed = LinkFlag.CUT in flags or LinkFlag.NONE in flags or LinkFlag.UNBORN in flags
    width = 1.4 + min(count - 1, 9) * 0.25
    if LinkFlag.CARRIED in flags:
        width += 1.6 if LinkFlag.MOVING in flags else 0.6
    if detail < 2:
        yield Curve(straight(points), colour, width, dashed and detail > 0)
        return
    yield Curve(points, colour, width, dashed)
    yield Polygon(arrow_head(points, 9.0), colour)


def label_shapes(centre: tuple[float, float], lines: Sequence[str], state: int, theme: Theme) -> Iterator[Shape]:
    """A tag with what a link carried; a second line tells of the hook that changed it."""
    flags = LinkFlag(state)
    colour = theme.grey_text if LinkFlag.NONE in flags else theme.warning if LinkFlag.ODD in flags else theme.gradient
    width, height = tag_size(lines)
    left, top = centre[0] - width / 2, centre[1] - height / 2
    border = link_colour(state, theme)
    yield Rectangle(left, top, width, height, 6.0, theme.label, border, 1.0, dashed=LinkFlag.NONE in flags)
    for number, line in enumerate(lines):
        baseline = top + 4.5 + ASCENT * LABEL + number * LABEL * 1.35
        yield Text(centre[0], baseline, line, LABEL, colour, anchor="middle")


def tag_size(lines: Sequence[str]) -> tuple[float, float]:
    """Width and height of a label of these lines."""
    width = max((measure_tag(line, LABEL)[0] for line in lines), default=0.0)
    return width, LABEL * (1.35 * (len(lines) - 1)) + LABEL * ASCENT + 9.0


def token_shapes(centre: tuple[float, float], text: str, theme: Theme, *, odd: bool = False) -> Iterator[Shape]:
    """A gradient on its way: a filled tag."""
    x, y = centre
    width, height = measure_tag(text, TOKEN)
    fill = theme.nan if odd else theme.token
    colour = theme.background if odd else theme.token_text
    yield Rectangle(x - width / 2, y - height / 2, width, height, height / 2, fill)
    yield Text(x, y + ASCENT * TOKEN / 2, text, TOKEN, colour, bold=True, anchor="middle")
