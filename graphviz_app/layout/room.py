"""Make room for a group that opens, or close up after one that closes: what is around moves rigidly or not at all."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from graphviz_app.layout.piece import BOX_GAP

Rectangle = tuple[float, float, float, float]
"""Left, top, right, bottom."""


class Room(NamedTuple):
    """How each neighbour moves, float64 (neighbours, 2), and the rectangle that the changed one now has."""

    shifts: npt.NDArray[np.float64]
    changed: Rectangle


def make_room(neighbours: list[Rectangle], old: Rectangle, size: tuple[float, float], anchor: float) -> Room:
    """Return how neighbours move when a rectangle among them gets another size; its top stays where it is.

    What is below moves up or down as one, what is beside moves aside as one, the rest stays.

    Args:
        neighbours: The other rectangles of the level, labels among them.
        old: The rectangle that changes.
        size: Its new width and height.
        anchor: How far from its left the new rectangle's point is that stays at the old one's middle.
    """
    around = np.array(neighbours, dtype=np.float64).reshape(-1, 4)
    shifts = np.zeros((len(around), 2))
    left, top, right, bottom = old
    below = around[:, 1] >= bottom - 0.5
    shifts[below, 1] = _drop(around, old, size[1] - (bottom - top), below)
    new_left = (left + right) / 2 - anchor
    changed = (new_left, top, new_left + size[0], top + size[1])
    moved = around + np.tile(shifts, 2)
    beside = ~below & (moved[:, 1] < changed[3]) & (moved[:, 3] > changed[1])
    to_right, to_left = beside & (around[:, 0] >= right - 0.5), beside & (around[:, 2] <= left + 0.5)
    if to_right.any():
        shifts[to_right, 0] = max(changed[2] + BOX_GAP - around[to_right, 0].min(), 0.0)
    if to_left.any():
        shifts[to_left, 0] = min(changed[0] - BOX_GAP - around[to_left, 2].max(), 0.0)
    return Room(shifts, changed)


def aside(around: list[Rectangle], close: list[bool], room: Room, old: Rectangle) -> list[list[float]]:
    """Return how everything of a level moves: what is close as `room` says, the rest out of the way of that.

    Args:
        around: All rectangles of the level but the one that changes.
        close: Which of them belong together with it, in the order of `room`.
        room: How those move.
        old: The rectangle that changes, as it was.
    """
    places, mask = np.array(around, dtype=np.float64).reshape(-1, 4), np.array(close, dtype=np.bool_)
    shifts = np.zeros((len(places), 2))
    shifts[mask] = room.shifts
    before = np.vstack((places[mask], old))
    now = np.vstack((places[mask] + np.tile(room.shifts, 2), room.changed))
    left, right = before[:, 0].min(), before[:, 2].max()
    to_right, to_left = ~mask & (places[:, 0] >= right - 0.5), ~mask & (places[:, 2] <= left + 0.5)
    shifts[to_right, 0] = max(now[:, 2].max() - right, 0.0)
    shifts[to_left, 0] = min(now[:, 0].min() - left, 0.0)
    below = ~mask & ~to_right & ~to_left & (places[:, 1] >= before[:, 3].max() - 0.5)
    shifts[below, 1] = max(now[:, 3].max() - before[:, 3].max(), 0.0)
    return shifts.tolist()


def _drop(around: npt.NDArray[np.float64], old: Rectangle, wanted: float, below: npt.NDArray[np.bool_]) -> float:
    """Return how far what is below moves down; up (negative) only as far as nothing else is in the way."""
    if wanted >= 0 or not below.any():
        return wanted
    staying = around[~below & (around[:, 3] > old[1])]
    gap = around[below, 1].min() - old[3]
    room = around[below, 1].min() - gap - staying[:, 3].max() if len(staying) else -wanted
    return -min(-wanted, max(room, 0.0))


def overlapping(rectangles: list[Rectangle], slack: float = 0.5) -> bool:
    """Return whether any two rectangles overlap by more than `slack` pixels both ways."""
    boxes = np.array(rectangles, dtype=np.float64).reshape(-1, 4)
    boxes = boxes[np.argsort(boxes[:, 1], kind="stable")]
    for i in range(len(boxes) - 1):
        stop = i + 1 + np.searchsorted(boxes[i + 1 :, 1], boxes[i, 3] - slack)
        near = boxes[i + 1 : stop]
        across = np.minimum(near[:, 2], boxes[i, 2]) - np.maximum(near[:, 0], boxes[i, 0])
        down = np.minimum(near[:, 3], boxes[i, 3]) - np.maximum(near[:, 1], boxes[i, 1])
        if ((across > slack) & (down > slack)).any():
            return True
    return False
