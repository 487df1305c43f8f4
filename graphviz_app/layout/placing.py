"""Which engine lays out a piece, and the memory of pieces already laid out."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from graphviz_app.layout.embedded import place_with_dot
from graphviz_app.layout.packing import place_parts

if TYPE_CHECKING:
    from graphviz_app.layout.deadline import Deadline
    from graphviz_app.layout.piece import Piece, Placement

REMEMBERED_PIECES = 512

_memory: OrderedDict[Piece, Placement] = OrderedDict()


def place(piece: Piece, deadline: Deadline) -> Placement:
    """Return the placement of a piece; equal pieces are laid out once."""
    return place_parts(piece, lambda part: _remembered(part, deadline))


def _remembered(piece: Piece, deadline: Deadline) -> Placement:
    known = _memory.get(piece)
    if known is not None:
        _memory.move_to_end(piece)
        return known
    placement = place_with_dot(piece)
    _memory[piece] = placement
    while len(_memory) > REMEMBERED_PIECES:
        _memory.popitem(last=False)
    return placement


def forget() -> None:
    """Forget every piece laid out so far."""
    _memory.clear()
