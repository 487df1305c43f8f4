"""A hub with very many leaves: the leaves go into a block of rows and columns instead of one endless line.

Between every two columns runs a gutter; the links of these columns share one way from the hub to the gutter, run
down it, and turn off at their leaf. To the engine, the block is one box and each gutter one link. Leaves that feed a
hub, instead of being fed by it, get the same block upside down.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.layout.piece import BOX_GAP, Piece, PieceLink, Placement, link_ends

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

LEAST_LEAVES = 24
LEAST_WIDTH = 2_600.0
"""A row of leaves that is less wide stays one."""
TURN = 26.0
"""Pixels of free height above each row, where links turn off."""
GUTTER = 22.0
LABEL_GAP = 4.0
ASPECT = 1.6


class Star(NamedTuple):
    """A hub, whether it feeds its leaves, and the links to them in the order of the hub's ports."""

    hub: int
    feeds: bool
    links: tuple[int, ...]


class Cell(NamedTuple):
    """A leaf's size, its port's place from its middle, and what its label needs on top; pixels."""

    width: float
    height: float
    port: float
    label_width: float
    label_height: float

    @property
    def right(self) -> float:
        """How far the cell reaches to the right of the leaf's middle."""
        label = self.port + self.label_width + 2 * LABEL_GAP if self.label_width else 0.0
        return max(self.width / 2, label)


class Block(NamedTuple):
    """Rows and columns of leaves, origin top left: by the star's links in order.

    Attributes:
        width: Of the block.
        height: Of the block.
        gutters: The x at which links come in at the top.
        gutter_of: For each leaf, which of them.
        centres: Of the leaves.
        curves: From the top of the gutter to the leaf.
        labels: Centres.
    """

    width: float
    height: float
    gutters: list[float]
    gutter_of: list[int]
    centres: list[tuple[float, float]]
    curves: list[npt.NDArray[np.float64]]
    labels: list[tuple[float, float]]


def place_stars(piece: Piece, place: Callable[[Piece], Placement]) -> Placement:
    """Return the placement that `place` gives, with the leaves of big stars in blocks."""
    stars = find_stars(piece)
    if not stars:
        return place(piece)
    blocks = [block_of(piece, star) for star in stars]
    gone = {_leaf(piece, star, k) for star in stars for k in star.links}
    kept = [box for box in range(len(piece.sizes)) if box not in gone]
    first_exit = len(kept) - piece.exits
    order = kept[:first_exit]
    number = {box: i if i < first_exit else i + len(stars) for i, box in enumerate(kept)}
    sizes = [piece.sizes[box] for box in order] + [(block.width, block.height) for block in blocks]
    sizes += [piece.sizes[box] for box in kept[first_exit:]]
    in_star = {k for star in stars for k in star.links}
    plain = [k for k in range(len(piece.links)) if k not in in_star]
    links = [
        piece.links[k]._replace(source=number[piece.links[k].source], target=number[piece.links[k].target])
        for k in plain
    ]
    for i, (star, block) in enumerate(zip(stars, blocks, strict=True)):
        links += _trunks(piece, star, block, number[star.hub], first_exit + i)
    placement = place(piece._replace(sizes=tuple(sizes), links=tuple(links)))
    return _unpacked(piece, placement, stars, blocks, kept, number, plain, first_exit)


def find_stars(piece: Piece) -> list[Star]:
    """Return the hubs with so many leaves that they would make a line wider than a screen or two."""
    degree = Counter(box for link in piece.links for box in (link.source, link.target))
    gates = {*range(piece.entries), *range(len(piece.sizes) - piece.exits, len(piece.sizes))}
    fans: defaultdict[tuple[int, bool], list[int]] = defaultdict(list)
    for k, link in enumerate(piece.links):
        if degree[link.target] == 1 and link.target not in gates and degree[link.source] > 1:
            fans[link.source, True].append(k)
        elif degree[link.source] == 1 and link.source not in gates and degree[link.target] > 1:
            fans[link.target, False].append(k)
    stars: list[Star] = []
    for (hub, feeds), links in fans.items():
        ports = {k: piece.links[k].source_port if feeds else piece.links[k].target_port for k in links}
        star = Star(hub, feeds, tuple(sorted(links, key=lambda k: (ports[k], k))))
        wide = sum(piece.sizes[_leaf(piece, star, k)][0] + BOX_GAP for k in links)
        if len(links) >= LEAST_LEAVES and wide > LEAST_WIDTH:
            stars.append(star)
    return stars


def _leaf(piece: Piece, star: Star, k: int) -> int:
    return piece.links[k].target if star.feeds else piece.links[k].source


def _cell(piece: Piece, star: Star, k: int) -> Cell:
    link = piece.links[k]
    width, height = piece.sizes[_leaf(piece, star, k)]
    port = ((link.target_port if star.feeds else link.source_port) - 0.5) * width
    has_label = link.label_width > 0
    return Cell(width, height, port, link.label_width, link.label_height + 2 * LABEL_GAP if has_label else 0.0)


def block_of(piece: Piece, star: Star) -> Block:
    """Return the leaves of a star in rows and columns, as wide as a screen is for its height."""
    cells = [_cell(piece, star, k) for k in star.links]
    wide = sum(cell.width / 2 + cell.right + BOX_GAP for cell in cells) / len(cells)
    tall = sum(cell.height + cell.label_height + TURN for cell in cells) / len(cells)
    pairs = max(round(math.sqrt(len(cells) * tall / wide * ASPECT) / 2), 1)
    rows = math.ceil(len(cells) / (2 * pairs))
    block = _filled(cells, rows)
    return block if star.feeds else _upside_down(block)


def _filled(cells: list[Cell], rows: int) -> Block:
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


def _upside_down(block: Block) -> Block:
    return block._replace(
        centres=[(x, block.height - y) for x, y in block.centres],
        labels=[(x, block.height - y) for x, y in block.labels],
        curves=[np.column_stack((curve[::-1, 0], block.height - curve[::-1, 1])) for curve in block.curves],
    )


def _trunks(piece: Piece, star: Star, block: Block, hub: int, box: int) -> list[PieceLink]:
    """Return one link for each gutter, from the middle of the ports of its leaves."""
    ports: defaultdict[int, list[float]] = defaultdict(list)
    for k, gutter in zip(star.links, block.gutter_of, strict=True):
        ports[gutter].append(piece.links[k].source_port if star.feeds else piece.links[k].target_port)
    trunks: list[PieceLink] = []
    for gutter, x in enumerate(block.gutters):
        at_hub, at_block = sum(ports[gutter]) / len(ports[gutter]), x / block.width
        trunks.append(PieceLink(hub, box, at_hub, at_block) if star.feeds else PieceLink(box, hub, at_block, at_hub))
    return trunks


def _unpacked(
    piece: Piece,
    placement: Placement,
    stars: list[Star],
    blocks: list[Block],
    kept: list[int],
    number: dict[int, int],
    plain: list[int],
    first_block: int,
) -> Placement:
    centres = np.zeros((len(piece.sizes), 2))
    centres[kept] = placement.centres[[number[box] for box in kept]]
    labels = np.zeros((len(piece.links), 2))
    labels[plain] = placement.labels[: len(plain)]
    bounds = placement.offsets.tolist()
    curves: list[npt.NDArray[np.float64]] = [np.zeros((0, 2))] * len(piece.links)
    for i, k in enumerate(plain):
        curves[k] = placement.points[bounds[i] : bounds[i + 1]]
    trunk = len(plain)
    for i, (star, block) in enumerate(zip(stars, blocks, strict=True)):
        corner = placement.centres[first_block + i] - (block.width / 2, block.height / 2)
        for j, k in enumerate(star.links):
            centres[_leaf(piece, star, k)] = corner + block.centres[j]
            labels[k] = corner + block.labels[j]
            way = placement.points[bounds[trunk + block.gutter_of[j]] : bounds[trunk + block.gutter_of[j] + 1]]
            inner = block.curves[j] + corner
            curves[k] = np.concatenate((way, inner[1:]) if star.feeds else (inner, way[1:]))
        trunk += len(block.gutters)
    _start_at_ports(piece, centres, curves, [k for star in stars for k in star.links])
    offsets = np.cumsum([0, *(len(curve) for curve in curves)], dtype=np.int64)
    return placement._replace(centres=centres, points=np.concatenate(curves), offsets=offsets, labels=labels)


def _start_at_ports(
    piece: Piece, centres: npt.NDArray[np.float64], curves: list[npt.NDArray[np.float64]], which: list[int]
) -> None:
    """Let each link leave and enter at its own ports, which its trunk only comes near."""
    starts, ends = link_ends(piece, centres)
    for k in which:
        curve = curves[k]
        curve[:2] += starts[k] - curve[0]
        curve[-2:] += ends[k] - curve[-1]
