"""How much one layout may ask of Graphviz: until when, and how many pieces' worth."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphviz_app.layout.model import Engine
    from graphviz_app.layout.piece import Piece

GRAPHVIZ_AT_MOST = 2_500.0
"""Boxes and ranks crossed that Graphviz lays out for one request, over all its different groups; about a second."""
EACH_PIECE = 10.0
"""What a piece costs beside its boxes: text, parsing, a library call."""


class Budget:
    """Of one request.

    Attributes:
        only: The one engine to use, whatever the budget; None for the best that is fast enough.
        engines: What was chosen for a piece, so that equal pieces of one request look alike.
    """

    def __init__(self, seconds: float | None = None, only: Engine | None = None) -> None:
        """Start counting down now; None never ends."""
        self.only: Engine | None = only
        self.engines: dict[Piece, Engine] = {}
        self._end = None if seconds is None else time.monotonic() + seconds
        self._left = GRAPHVIZ_AT_MOST

    def seconds_left(self) -> float:
        """Return the seconds left, infinite where there is no end."""
        return float("inf") if self._end is None else self._end - time.monotonic()

    def spend(self, cost: float) -> bool:
        """Take what a piece costs Graphviz; return whether there was so much left.

        It depends on the request alone, not on what is remembered from earlier ones: equal requests, equal layouts.
        """
        if cost + EACH_PIECE > self._left:
            return False
        self._left -= cost + EACH_PIECE
        return True
