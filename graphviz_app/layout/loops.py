"""Links from a box to itself: drawn around its right side, in room that is kept free for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from graphviz_app.layout.model import BoxRequest, LayoutRequest, LinkRequest

LOOP_GAP = 16.0
"""Pixels between a box and the loop around it, and between two loops."""
LOOP_RISE = 14.0
"""Pixels by which a loop's control points stand out above and below its box."""


def loop_margins(request: LayoutRequest) -> dict[int, float]:
    """Return, for each box with links to itself, the width in pixels that they need on its right."""
    margins: dict[int, float] = {}
    for link in request.links:
        if link.source == link.target:
            margins[link.source] = margins.get(link.source, 0.0) + _room(link)
    return margins


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
