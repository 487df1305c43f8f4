"""A block of cells in rows and columns, with a gutter between every two columns that their links run down."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.layout.piece import BOX_GAP

if TYPE_CHECKING:
    import numpy.typing as npt

TURN = 26.0
"""Pixels of free height above each row, where links turn off."""
GUTTER = 22.0
LABEL_GAP = 4.0
ASPECT = 1.6


class Cell(NamedTuple):
    """A twig, laid out: its port's place from its middle, and what its label needs; pixels."""

    width: float
    height: float
    port: float
    label_width: float
    label_height: float

    @property
    def right(self) -> float:
        """How far the cell reaches to the right of the twig's middle."""
        label = self.port + self.label_width + 2 * LABEL_GAP if self.label_width else 0.0
        return max(self.width / 2, label)


class Block(NamedTuple):
    """Rows and columns of twigs, origin top left: by the star's links in order.

    Attributes:
        width: Of the block.
        height: Of the block.
        gutters: The x at which links come in at the top.
        gutter_of: For each twig, which of them.
        centres: Of the twigs.
        curves: From the top of the gutter to the twig.
        labels: Centres.
    """

    width: float
    height: float
    gutters: list[float]
    gutter_of: list[int]
    centres: list[tuple[float, float]]
    curves: list[npt.NDArray[np.float64]]
    labels: list[tuple[float, float]]


def filled(cells: list[Cell]) -> Block:
    """Return cells in rows and columns, as wide as a screen is for its height."""
    wide = sum(cell.width / 2 + cell.right + BOX_GAP for cell in cells) / len(cells)
    tall = sum(cell.height + cell.label_height + TURN for cell in cells) / len(cells)
    pairs = max(round(math.sqrt(len(cells) * tall / wide * ASPECT) / 2), 1)
    return _in_rows(cells, math.ceil(len(cells) / (2 * pairs)))


def _in_rows(cells: list[Cell], rows: int) -> Block:
    gutters: list[float] = []
    gutter_of: list[int] = []
    centres: list[tuple[float, float]] = []
    curves: list[npt.NDArray[np.float64]] = []
    labels: list[tuple[float, float]] = []
    x = bottom = 0.0
    for start in range(0, len(cells), 2 * rows):
        pair = cells[start : start + 2 * rows]
        left, right = pair[0::2], pair[1::2]
        left_width = max(cell.width / 2 for cell in left) + max(cell.right for cell in left)
        gutter = x + left_width + GUTTER / 2
        middles = (
            x + max(cell.width / 2 for cell in left),
            gutter + GUTTER / 2 + max((cell.width / 2 for cell in right), default=0.0),
        )
        tops = _row_tops(pair)
        for i, cell in enumerate(pair):
            middle, (top, label_room) = middles[i % 2], tops[i // 2]
            gutter_of.append(len(gutters))
            centres.append((middle, top + label_room + cell.height / 2))
            port = middle + cell.port
            curves.append(_turn_off(gutter, port, top, top + label_room))
            aside = LABEL_GAP + cell.label_width / 2 if cell.label_width else 0.0
            labels.append((port + aside, top + label_room / 2))
            bottom = max(bottom, top + label_room + cell.height)
        gutters.append(gutter)
        x = gutter + GUTTER / 2 + BOX_GAP
        if right:
            x += max(cell.width / 2 for cell in right) + max(cell.right for cell in right)
    return Block(x - BOX_GAP, bottom, gutters, gutter_of, centres, curves, labels)


def _row_tops(pair: list[Cell]) -> list[tuple[float, float]]:
    """Return for each row of a pair of columns where its cells start, and the room for labels in them."""
    rows = [pair[i : i + 2] for i in range(0, len(pair), 2)]
    rooms = [max(cell.label_height for cell in row) for row in rows]
    heights = [TURN + room + max(cell.height for cell in row) for room, row in zip(rooms, rows, strict=True)]
    return [(end - height + TURN, room) for end, height, room in zip(accumulate(heights), heights, rooms, strict=True)]


def _turn_off(gutter: float, port: float, top: float, end: float) -> npt.NDArray[np.float64]:
    """Return the way down a gutter from 0, in an S to the port's column, and down to the leaf."""
    turn, middle = top - TURN, top - TURN / 2
    points = [(gutter, 0.0), (gutter, turn / 3), (gutter, 2 * turn / 3), (gutter, turn)]
    points += [(gutter, middle), (port, middle), (port, top)]
    if end > top:
        points += [(port, top + (end - top) * step / 3) for step in (1, 2, 3)]
    return np.array(points)


def upside_down(block: Block) -> Block:
    """Return a block whose links go out at the bottom, for cells that feed what is below."""
    return block._replace(
        centres=[(x, block.height - y) for x, y in block.centres],
        labels=[(x, block.height - y) for x, y in block.labels],
        curves=[np.column_stack((curve[::-1, 0], block.height - curve[::-1, 1])) for curve in block.curves],
    )
