"""A ranked piece with its long links cut into hops of one rank, by points that take a place of their own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from graphviz_app.layout.piece import Piece
    from graphviz_app.layout.ranking import Ranks

POINT_WIDTH = 6.0
BUSY = 20_000
"""So many points on long links are always affordable; above it, as many as five for each box."""


class Hop(NamedTuple):
    """From a node to one in the next rank; `upper_dx`, `lower_dx`: how far off the node's centre it touches."""

    upper: int
    lower: int
    upper_dx: float
    lower_dx: float


class Layers(NamedTuple):
    """Nodes are the boxes first, then the points.

    Attributes:
        widths: Of each node.
        rank: Of each node.
        hops: Between nodes of neighbouring ranks.
        points: Per link, its points from top to bottom (for a link that points up: from the target's rank to the
            source's rank, both included).
        lanes: Links too long to be cut: they go round on the right.
    """

    widths: list[float]
    rank: list[int]
    hops: list[Hop]
    points: list[list[int]]
    lanes: set[int]


def layered_nodes(piece: Piece, ranks: Ranks) -> Layers:
    """Return the nodes and hops of a ranked piece."""
    rank = list(ranks.rank)
    widths = [width for width, _ in piece.sizes]
    lanes = _too_long(piece, ranks)
    hops: list[Hop] = []
    points: list[list[int]] = []
    for k, link in enumerate(piece.links):
        up = ranks.upwards[k]
        first, last = ranks.rank[link.source] + 1, ranks.rank[link.target]
        if up:
            first, last = ranks.rank[link.target], ranks.rank[link.source] + 1
        if k in lanes:
            points.append([])
            continue
        chain = list(range(len(rank), len(rank) + last - first))
        rank.extend(range(first, last))
        widths.extend([POINT_WIDTH] * len(chain))
        points.append(chain)
        hops.extend(Hop(upper, lower, 0.0, 0.0) for upper, lower in itertools.pairwise(chain))
        if not up:
            leave = (link.source_port - 0.5) * piece.sizes[link.source][0]
            enter = (link.target_port - 0.5) * piece.sizes[link.target][0]
            if chain:
                hops.append(Hop(link.source, chain[0], leave, 0.0))
                hops.append(Hop(chain[-1], link.target, 0.0, enter))
            else:
                hops.append(Hop(link.source, link.target, leave, enter))
    return Layers(widths, rank, hops, points, lanes)


def _too_long(piece: Piece, ranks: Ranks) -> set[int]:
    spans = [abs(ranks.rank[link.target] - ranks.rank[link.source]) for link in piece.links]
    total, most = sum(spans), max(BUSY, 5 * len(piece.sizes))
    lanes: set[int] = set()
    for k in sorted(range(len(spans)), key=lambda k: -spans[k]):
        if total <= most:
            break
        total -= spans[k]
        lanes.add(k)
    return lanes
