"""The frames around expanded groups: how large they are, and where links pass their borders."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.layout.nesting import Gates
from graphviz_app.layout.piece import RANK_GAP, Piece, Placement

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.layout.model import GroupRequest

FRAME_PADDING = 16.0
"""Pixels between a group's frame and what is in it, left, right and below."""
TITLE_ROOM = 30.0
"""Pixels above the contents of a group, for its title."""


class Frame(NamedTuple):
    """A placed level: its contents start `dx`, `dy` inside the frame, whose size and gates are `gates`."""

    placement: Placement
    dx: float
    dy: float
    gates: Gates

    @property
    def inset(self) -> npt.NDArray[np.float64]:
        """Where the contents start inside the frame, float64 (2,)."""
        return np.array((self.dx, self.dy))


def bare(placement: Placement) -> Frame:
    """Return the outermost level: no frame, no gates."""
    return Frame(placement, 0.0, 0.0, Gates(placement.width, placement.height, (), ()))


def framed(piece: Piece, placement: Placement, title: GroupRequest) -> Frame:
    """Return a group's contents with padding, room for the title, and gates on the borders."""
    width = max(placement.width, title.title_width) + 2 * FRAME_PADDING
    dx = (width - placement.width) / 2
    room = max(TITLE_ROOM, title.title_height + 8)
    dy = max(room - RANK_GAP, 0.0) if piece.entries else room
    height = dy + placement.height + (0.0 if piece.exits else FRAME_PADDING)
    xs = placement.centres[:, 0] + dx
    first_exit = len(piece.sizes) - piece.exits
    entries = tuple(xs[: piece.entries].tolist())
    exits = tuple(xs[first_exit:].tolist()) if piece.exits else ()
    return Frame(placement, dx, dy, Gates(width, height, entries, exits))
