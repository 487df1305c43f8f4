"""Which engine lays out a piece, and the memory of pieces already laid out."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from graphviz_app.layout.embedded import place_with_dot
from graphviz_app.layout.labels import has_labels, with_label_boxes
from graphviz_app.layout.layered import place_in_layers
from graphviz_app.layout.model import LayoutError
from graphviz_app.layout.packing import place_parts
from graphviz_app.layout.ranking import ranked
from graphviz_app.layout.stars import place_stars

if TYPE_CHECKING:
    from graphviz_app.layout.budget import Budget
    from graphviz_app.layout.model import Engine
    from graphviz_app.layout.piece import Piece, Placement

REMEMBERED_PIECES = 512
DOT_BOXES = 500
"""Up to so many boxes Graphviz's default settings look best and take well under half a second ..."""
DOT_POINTS = 1_500
"""... unless so many ranks are crossed by long links: the time grows with the square of these."""
FAST_BOXES = 1_200
FAST_POINTS = 800
LARGEST_BOX = 60_000.0
"""Pixels; a cell of Graphviz's tables, which hold the ports, cannot be larger."""
SECONDS_EACH = 4e-4
"""What Graphviz takes for a box, or a rank crossed, on a slow machine."""

_memory: OrderedDict[tuple[Piece, Engine], Placement] = OrderedDict()


def place(piece: Piece, budget: Budget, *, outermost: bool = True) -> Placement:
    """Return the placement of a piece; equal pieces are laid out once.

    Args:
        piece: What to lay out.
        budget: What the request may still ask of Graphviz.
        outermost: Whether it is what one sees first, for which Graphviz is worth its time.
    """

    def remembered(part: Piece) -> Placement:
        if part not in budget.engines:
            budget.engines[part] = budget.only or chosen_engine(part, budget, outermost=outermost)
        return _remembered(part, budget.engines[part])

    return place_parts(piece, lambda part: place_stars(part, remembered))


def chosen_engine(piece: Piece, budget: Budget, *, outermost: bool = True) -> Engine:
    """Return the engine for a connected piece: the best-looking one that is fast enough."""
    count = len(piece.sizes)
    largest = max(max(size) for size in piece.sizes)
    if count > FAST_BOXES or len(piece.links) > 3 * FAST_BOXES or largest > LARGEST_BOX:
        return "layered"
    whole = with_label_boxes(piece) if has_labels(piece) else piece
    rank = ranked(whole).rank
    points = sum(max(abs(rank[link.target] - rank[link.source]) - 1, 0) for link in whole.links)
    cost = len(whole.sizes) + points
    if SECONDS_EACH * cost > budget.seconds_left() or not (outermost or budget.spend(cost)):
        return "layered"
    if count <= DOT_BOXES and points <= DOT_POINTS:
        return "dot"
    return "dot-fast" if points <= FAST_POINTS else "layered"


def _remembered(piece: Piece, engine: Engine) -> Placement:
    known = _memory.get((piece, engine))
    if known is not None:
        _memory.move_to_end((piece, engine))
        return known
    placement = _placed(piece, engine)
    _memory[piece, engine] = placement
    while len(_memory) > REMEMBERED_PIECES:
        _memory.popitem(last=False)
    return placement


def _placed(piece: Piece, engine: Engine) -> Placement:
    if engine == "layered":
        return place_in_layers(piece)
    try:
        return place_with_dot(piece, fast=engine == "dot-fast")
    except LayoutError:
        return place_in_layers(piece)


def forget() -> None:
    """Forget every piece laid out so far."""
    _memory.clear()


def remembered() -> list[Piece]:
    """Return the pieces laid out so far, oldest first."""
    return [piece for piece, _ in _memory]
