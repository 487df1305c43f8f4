"""An own layered layout: longest paths, barycentres, columns, and curves that pass through ranks vertically.

Linear in what it is given but for sorting, without recursion; for pieces that Graphviz takes too long for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.layout.corridor import brought_back
from graphviz_app.layout.labels import has_labels, with_label_boxes, without_label_boxes
from graphviz_app.layout.layers import layered_nodes
from graphviz_app.layout.ordering import ordered_ranks
from graphviz_app.layout.piece import Piece, Placement, fitted, middles
from graphviz_app.layout.ranking import ranked
from graphviz_app.layout.relaxing import node_columns
from graphviz_app.layout.routing import Bands, routed
from graphviz_app.layout.stairs import straightened

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


def place_in_layers(piece: Piece, hints: Sequence[float] | None = None) -> Placement:
    """Return the placement of a piece.

    Args:
        piece: What to lay out.
        hints: An earlier x of each box, to keep earlier orders within ranks.
    """
    if has_labels(piece):
        whole = with_label_boxes(piece)
        return without_label_boxes(piece, place_in_layers(whole, _hints_with_labels(piece, hints)))
    ranks = ranked(piece)
    layers = layered_nodes(piece, ranks)
    order = ordered_ranks(layers, hints)
    x = brought_back(layers, order, node_columns(layers, order, len(piece.sizes)))
    heights = np.array([height for _, height in piece.sizes])
    bands = _bands(ranks.rank, heights, piece.rank_gap)
    rank = np.array(ranks.rank)
    centres = np.column_stack((x[: len(piece.sizes)], bands.tops[rank] + heights / 2))
    curves = routed(piece, ranks, layers, x, centres, bands)
    offsets = np.cumsum([0, *(len(curve) for curve in curves)], dtype=np.int64)
    points = np.concatenate(curves) if curves else np.zeros((0, 2))
    labels = middles(points, offsets) if curves else np.zeros((0, 2))
    placement = Placement(0.0, 0.0, centres, points, offsets, labels, "layered")
    return fitted(piece, straightened(piece, placement))


def _hints_with_labels(piece: Piece, hints: Sequence[float] | None) -> list[float] | None:
    if hints is None:
        return None
    first_exit = len(piece.sizes) - piece.exits
    between = [(hints[link.source] + hints[link.target]) / 2 for link in piece.links if link.label_width > 0]
    return [*hints[:first_exit], *between, *hints[first_exit:]]


def _bands(rank: list[int], heights: npt.NDArray[np.float64], gap: float) -> Bands:
    """Return where each rank's band starts and ends: as tall as its tallest box."""
    tallest = np.zeros(max(rank) + 1)
    np.maximum.at(tallest, np.array(rank), heights)
    bottoms = np.cumsum(tallest + gap) - gap
    return Bands(bottoms - tallest, bottoms, gap)
