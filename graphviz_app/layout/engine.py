"""From a request to a layout, in this process."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.layout.budget import Budget
from graphviz_app.layout.compose import compose
from graphviz_app.layout.frames import Frame, bare, framed
from graphviz_app.layout.loops import loop_margins
from graphviz_app.layout.model import Anchor, GroupRequest, Layout, LayoutError, LayoutRequest
from graphviz_app.layout.nesting import level_piece, nest
from graphviz_app.layout.placing import place
from graphviz_app.layout.rounding import fitted_to, rounded
from graphviz_app.layout.stability import keep_places
from graphviz_app.layout.turning import turned_anchor, turned_layout, turned_request

if TYPE_CHECKING:
    from collections.abc import Generator

    from graphviz_app.layout.model import Engine
    from graphviz_app.layout.nesting import Gates


def lay_out(
    request: LayoutRequest,
    *,
    timeout: float | None = None,
    previous: Anchor | None = None,
    only: Engine | None = None,
) -> Layout:
    """Return where everything goes. Equal arguments give equal layouts, byte for byte, in any process.

    Args:
        request: What to lay out.
        timeout: Seconds after which what is left is laid out by the fastest means; one piece is never interrupted.
        previous: An earlier layout to stay close to, where only one group was opened or closed since.
        only: One engine for everything, for comparisons; None lets each piece have the best that is fast enough.

    Raises:
        LayoutError: The request is not consistent, for example a link to a box that is not there.
    """
    if not request.boxes:
        return empty_layout()
    check(request)
    if request.direction == "LR":
        turned = turned_anchor(previous) if previous else None
        return turned_layout(_stable(turned_request(request), Budget(timeout, only), turned))
    return _stable(request, Budget(timeout, only), previous)


def _stable(request: LayoutRequest, budget: Budget, previous: Anchor | None) -> Layout:
    with _collecting_later():
        fresh = lay_out_down(request, budget)
    kept = keep_places(request, fresh, previous) if previous and previous.request.boxes else None
    return kept or fresh


def check(request: LayoutRequest) -> None:
    """Refuse a request that contradicts itself.

    Raises:
        LayoutError: A link to a box that is not there, or a size that is not a positive number.
    """
    count = len(request.boxes)
    for link in request.links:
        if not (0 <= link.source < count and 0 <= link.target < count):
            raise LayoutError(f"The link {link.key} joins a box that is not there.")
    for box in request.boxes:
        if not (0 < box.width < float("inf") and 0 < box.height < float("inf")):
            raise LayoutError(f"The box {box.key} has no size that can be drawn.")


@contextlib.contextmanager
def _collecting_later() -> Generator[None, None, None]:
    """Keep the cycle collector still: a layout makes millions of small objects and hardly any cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def lay_out_down(request: LayoutRequest, budget: Budget) -> Layout:
    """Return the layout of a request whose links run from top to bottom."""
    wider = rounded(request)
    return fitted_to(request, wider, _lay_out_levels(wider, budget))


def _lay_out_levels(request: LayoutRequest, budget: Budget) -> Layout:
    nesting = nest(request)
    margins = loop_margins(request)
    titles = {group.path: group for group in request.groups}
    gates: dict[int, Gates] = {}
    frames: dict[int, Frame] = {}
    for index in reversed(range(len(nesting.levels))):
        level = nesting.levels[index]
        piece = level_piece(request, level, gates, margins)
        placement = place(piece, budget, outermost=not level.path)
        title = titles.get(level.path, GroupRequest(level.path))
        frames[index] = framed(piece, placement, title) if level.path else bare(placement)
        gates[index] = frames[index].gates
    return compose(request, nesting, [frames[index] for index in range(len(frames))], margins)


def empty_layout() -> Layout:
    """Return the layout of nothing."""
    none = np.zeros((0, 2), dtype=np.float32)
    return Layout(0.0, 0.0, none, (), none, (), "dot")
