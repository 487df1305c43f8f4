"""Links from a box to itself: drawn around its right side, in room that is kept free for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from graphviz_app.layout.model import BoxRequest, LayoutRequest, LinkRequest

LOOP_GAP = 16.0
"""Pixels between a box and the loop around it, and between two loops."""
LOOP_RISE = 14.0
"""Pixels by which a loop's control points stand out above and below its box."""


class Margin(NamedTuple):
    """Room in pixels kept for a box's links to itself: on its right, and above and below it each."""

    right: float = 0.0
    above: float = 0.0


NO_MARGIN = Margin()


def loop_margins(request: LayoutRequest) -> dict[int, Margin]:
    """Return, for each box with links to itself, the room that they need."""
    margins: dict[int, Margin] = {}
    for link in request.links:
        if link.source == link.target:
            earlier = margins.get(link.source, NO_MARGIN)
            taller = (link.label_height - request.boxes[link.source].height) / 2
            margins[link.source] = Margin(earlier.right + _room(link), max(earlier.above, taller))
    return margins


def through_margin(curve: np.ndarray, above_source: float, above_target: float) -> np.ndarray:
    """Return a curve lengthened straight up at its start and straight down at its end, by so many pixels."""
    steps = np.array([[0.0, 0.0], [0.0, 1 / 3], [0.0, 2 / 3], [0.0, 1.0]])
    if above_source:
        curve = np.concatenate((curve[0] - (0.0, above_source) + steps[:3] * above_source, curve))
    if above_target:
        curve = np.concatenate((curve, curve[-1] + steps[1:] * above_target))
    return curve


def _room(link: LinkRequest) -> float:
    return LOOP_GAP + (link.label_width + 4 if link.label_width > 0 else 0.0)


def _reach(earlier: Iterable[LinkRequest]) -> float:
    return sum(_room(link) for link in earlier) + LOOP_GAP - 4


def loop_curve(box: BoxRequest, link: LinkRequest, earlier: Sequence[LinkRequest], centre: np.ndarray) -> np.ndarray:
    """Return the loop's two cubic Béziers, float64 (7, 2): out of the bottom, around, into the top."""
    x, y = float(centre[0]), float(centre[1])
    start, end = x + (link.source_port - 0.5) * box.width, x + (link.target_port - 0.5) * box.width
    side, top, bottom = x + box.width / 2 + _reach(earlier), y - box.height / 2, y + box.height / 2
    rise = LOOP_RISE
    return np.array(
        [
            (start, bottom), (start, bottom + rise), (side, bottom + rise),
            (side, y), (side, top - rise), (end, top - rise), (end, top),
        ]
    )  # fmt: skip


def loop_label(box: BoxRequest, link: LinkRequest, earlier: Sequence[LinkRequest], centre: np.ndarray) -> np.ndarray:
    """Return the centre of the loop's label, float64 (2,): to the right of the loop, or on it without a label."""
    side = float(centre[0]) + box.width / 2 + _reach(earlier)
    aside = 3 + link.label_width / 2 if link.label_width > 0 else 0.0
    return np.array([side + aside, centre[1]])
