"""A hub with very many twigs: they go into a block of rows and columns instead of one endless line.

A twig is a leaf, or a few boxes that hang on the hub by one link. The links of two columns share one way from the hub
to the gutter between these. To the engine, the block is one box and each gutter one link. Twigs that feed a hub,
instead of being fed by it, get the same block upside down.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.layout.block import LABEL_GAP, Block, Cell, filled, upside_down
from graphviz_app.layout.layered import place_in_layers
from graphviz_app.layout.piece import BOX_GAP, Piece, PieceLink, Placement, link_ends

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

LEAST_TWIGS = 24
LEAST_WIDTH = 2_600.0
"""A row of twigs that is less wide stays one."""
TWIG_BOXES = 16
"""Boxes that a twig has at most."""
TWIG_LINKS = 64
"""Links at one box of a twig at most; what has more is a hub itself, or a gate through which thousands lead."""


class Twig(NamedTuple):
    """Its boxes, the one that it hangs by first, the links within it, and where they are for themselves."""

    boxes: tuple[int, ...]
    links: tuple[int, ...]
    inner: Placement


class Star(NamedTuple):
    """A hub, whether it feeds its twigs, the links to them in the order of the hub's ports, and the twigs."""

    hub: int
    feeds: bool
    links: tuple[int, ...]
    twigs: tuple[Twig, ...]


def place_stars(piece: Piece, place: Callable[[Piece], Placement]) -> Placement:
    """Return the placement that `place` gives, with the twigs of big stars in blocks."""
    stars = find_stars(piece)
    if not stars:
        return place(piece)
    blocks = [_block(piece, star) for star in stars]
    gone = {box for star in stars for twig in star.twigs for box in twig.boxes}
    kept = [box for box in range(len(piece.sizes)) if box not in gone]
    first_exit = len(kept) - piece.exits
    number = {box: i if i < first_exit else i + len(stars) for i, box in enumerate(kept)}
    sizes = [piece.sizes[box] for box in kept[:first_exit]] + [(block.width, block.height) for block in blocks]
    sizes += [piece.sizes[box] for box in kept[first_exit:]]
    plain = [k for k, link in enumerate(piece.links) if link.source not in gone and link.target not in gone]
    links = [
        piece.links[k]._replace(source=number[piece.links[k].source], target=number[piece.links[k].target])
        for k in plain
    ]
    for i, (star, block) in enumerate(zip(stars, blocks, strict=True)):
        links += _trunks(piece, star, block, number[star.hub], first_exit + i)
    whole = place(piece._replace(sizes=tuple(sizes), links=tuple(links)))
    unpacking = Unpacking(piece, whole, np.zeros((len(piece.sizes), 2)), np.zeros((len(piece.links), 2)), {})
    unpacking.centres[kept] = whole.centres[[number[box] for box in kept]]
    unpacking.labels[plain] = whole.labels[: len(plain)]
    unpacking.curves.update(zip(plain, _curves(whole), strict=False))
    trunk = len(plain)
    for i, (star, block) in enumerate(zip(stars, blocks, strict=True)):
        _unpack(unpacking, star, block, box=first_exit + i, trunk=trunk)
        trunk += len(block.gutters)
    _start_at_ports(unpacking, [k for star in stars for k in star.links])
    curves = [unpacking.curves[k] for k in range(len(piece.links))]
    offsets = np.cumsum([0, *(len(curve) for curve in curves)], dtype=np.int64)
    return whole._replace(
        centres=unpacking.centres, points=np.concatenate(curves), offsets=offsets, labels=unpacking.labels
    )


def find_stars(piece: Piece) -> list[Star]:
    """Return the hubs with so many twigs that they would make a line wider than a screen or two."""
    around: list[list[tuple[int, int]]] = [[] for _ in piece.sizes]
    for k, link in enumerate(piece.links):
        around[link.source].append((link.target, k))
        around[link.target].append((link.source, k))
    stars: list[Star] = []
    known: dict[Piece, Placement] = {}
    for hub, neighbours in enumerate(around):
        for feeds in (True, False) if len(neighbours) >= LEAST_TWIGS else ():
            found: list[tuple[float, int, Twig]] = []
            for box, k in neighbours:
                link = piece.links[k]
                boxes = _hanging(piece, around, hub, box, k) if (link.source == hub) == feeds else ()
                twig = _placed(piece, around, boxes, known) if boxes else None
                if twig is not None and _hangs_free(piece, twig, feeds=feeds):
                    found.append((link.source_port if feeds else link.target_port, k, twig))
            if len(found) >= LEAST_TWIGS and sum(twig.inner.width + BOX_GAP for _, _, twig in found) > LEAST_WIDTH:
                found.sort(key=lambda one: one[:2])
                stars.append(Star(hub, feeds, tuple(k for _, k, _ in found), tuple(twig for _, _, twig in found)))
    return stars


def _hanging(piece: Piece, around: list[list[tuple[int, int]]], hub: int, box: int, k: int) -> tuple[int, ...]:
    """Return what hangs on a hub by link k alone, the box that it hangs by first; () if it is too much, or gates."""
    boxes = [box]
    for inner in boxes:
        if inner < piece.entries or inner >= len(piece.sizes) - piece.exits or len(around[inner]) > TWIG_LINKS:
            return ()
        for other, link in around[inner]:
            if other == hub:
                if link != k:
                    return ()
            elif other not in boxes:
                boxes.append(other)
        if len(boxes) > TWIG_BOXES:
            return ()
    return tuple(boxes)


def _placed(
    piece: Piece, around: list[list[tuple[int, int]]], boxes: tuple[int, ...], known: dict[Piece, Placement]
) -> Twig:
    number = {box: i for i, box in enumerate(boxes)}
    inner = sorted({k for box in boxes for other, k in around[box] if other in number})
    links = tuple(
        piece.links[k]._replace(source=number[piece.links[k].source], target=number[piece.links[k].target])
        for k in inner
    )
    part = Piece(tuple(piece.sizes[box] for box in boxes), links, ordered=piece.ordered, rank_gap=piece.rank_gap)
    if part not in known:
        known[part] = place_in_layers(part) if links else _alone(*part.sizes[0])
    return Twig(boxes, tuple(inner), known[part])


def _alone(width: float, height: float) -> Placement:
    none = np.zeros((0, 2))
    centre = np.array([[width / 2, height / 2]])
    return Placement(width, height, centre, none, np.zeros(1, np.int64), none, "layered")


def _hangs_free(piece: Piece, twig: Twig, *, feeds: bool) -> bool:
    """Return whether a link can come in from above (or go out below) without passing other boxes of the twig."""
    y, half = float(twig.inner.centres[0, 1]), piece.sizes[twig.boxes[0]][1] / 2
    return y - half <= 1.0 if feeds else y + half >= twig.inner.height - 1.0


def _cell(piece: Piece, star: Star, at: int) -> Cell:
    link, twig, inner = piece.links[star.links[at]], star.twigs[at], star.twigs[at].inner
    port = ((link.target_port if star.feeds else link.source_port) - 0.5) * piece.sizes[twig.boxes[0]][0]
    port += float(inner.centres[0, 0]) - inner.width / 2
    tall = link.label_height + 2 * LABEL_GAP if link.label_width > 0 else 0.0
    return Cell(inner.width, inner.height, port, max(link.label_width, 0.0), tall)


def _block(piece: Piece, star: Star) -> Block:
    block = filled([_cell(piece, star, at) for at in range(len(star.links))])
    return block if star.feeds else upside_down(block)


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


class Unpacking(NamedTuple):
    """A piece's own places, being filled from those of the piece with blocks in it."""

    piece: Piece
    whole: Placement
    centres: npt.NDArray[np.float64]
    labels: npt.NDArray[np.float64]
    curves: dict[int, npt.NDArray[np.float64]]


def _unpack(unpacking: Unpacking, star: Star, block: Block, *, box: int, trunk: int) -> None:
    """Fill in the places of a star's twigs: `box` is the block, `trunk` its first link, in the piece with blocks."""
    whole, bounds = unpacking.whole, unpacking.whole.offsets.tolist()
    corner = whole.centres[box] - (block.width / 2, block.height / 2)
    for at, (k, twig) in enumerate(zip(star.links, star.twigs, strict=True)):
        inner, links = twig.inner, twig.links
        start = corner + block.centres[at] - (inner.width / 2, inner.height / 2)
        unpacking.centres[list(twig.boxes)] = inner.centres + start
        unpacking.labels[list(links)] = inner.labels + start
        unpacking.curves.update(zip(links, (curve + start for curve in _curves(inner)), strict=True))
        unpacking.labels[k] = corner + block.labels[at]
        on = trunk + block.gutter_of[at]
        way, branch = whole.points[bounds[on] : bounds[on + 1]], block.curves[at] + corner
        unpacking.curves[k] = np.concatenate((way, branch[1:]) if star.feeds else (branch, way[1:]))


def _curves(placement: Placement) -> list[npt.NDArray[np.float64]]:
    bounds = placement.offsets.tolist()
    return [placement.points[start:stop] for start, stop in pairwise(bounds)]


def _start_at_ports(unpacking: Unpacking, which: list[int]) -> None:
    """Let each link leave and enter at its own ports, which its trunk only comes near."""
    starts, ends = link_ends(unpacking.piece, unpacking.centres)
    for k in which:
        curve = unpacking.curves[k]
        curve[:2] += starts[k] - curve[0]
        curve[-2:] += ends[k] - curve[-1]
