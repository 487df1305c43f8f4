"""Labels as boxes of their own on the way of their links: free of overlap by construction, in any engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.layout.piece import Piece, PieceLink, Placement, fitted, middles

if TYPE_CHECKING:
    import numpy.typing as npt

LABEL_GAP = 8.0
"""Pixels that a label box is wider than its label; the curve passes `LINE_INSET` from its left."""
LINE_INSET = 2.0
LABELLED_GAP = 0.68
"""How far apart ranks are where half of them hold labels, as a part of the usual distance."""


def has_labels(piece: Piece) -> bool:
    """Return whether any link of the piece has a label."""
    return any(link.label_width > 0 for link in piece.links)


def with_label_boxes(piece: Piece) -> Piece:
    """Return the piece with each labelled link cut in two by a box for its label.

    Every other link becomes two ranks long and ranks closer, so that distances stay about what they were.
    Label boxes come before the exit gates, in the order of their links; links keep their order, halves side by side.
    """
    first_exit = len(piece.sizes) - piece.exits
    added = sum(link.label_width > 0 for link in piece.links)
    boxes: list[tuple[float, float]] = []
    links: list[PieceLink] = []
    for link in piece.links:
        source = link.source + added if link.source >= first_exit else link.source
        target = link.target + added if link.target >= first_exit else link.target
        bare = link._replace(source=source, target=target, label_width=0.0, label_height=0.0)
        if link.label_width <= 0:
            links.append(bare._replace(length=2 * link.length))
            continue
        width = link.label_width + LABEL_GAP
        label, port = first_exit + len(boxes), LINE_INSET / width
        boxes.append((width, link.label_height))
        links.append(bare._replace(target=label, target_port=port))
        links.append(bare._replace(source=label, source_port=port))
    sizes = piece.sizes[:first_exit] + tuple(boxes) + piece.sizes[first_exit:]
    return piece._replace(sizes=sizes, links=tuple(links), rank_gap=piece.rank_gap * LABELLED_GAP)


def without_label_boxes(piece: Piece, placement: Placement) -> Placement:
    """Return the placement of `piece`, given that of `with_label_boxes(piece)`."""
    first_exit = len(piece.sizes) - piece.exits
    added = len(placement.centres) - len(piece.sizes)
    keep = np.r_[0:first_exit, first_exit + added : len(placement.centres)]
    bounds = placement.offsets.tolist()
    pieces: list[npt.NDArray[np.float64]] = []
    lengths = [0]
    label, part = first_exit, 0
    places: dict[int, npt.NDArray[np.float64]] = {}
    for k, link in enumerate(piece.links):
        curve = placement.points[bounds[part] : bounds[part + 1]]
        part += 1
        if link.label_width > 0:
            top, bottom = curve[-1], placement.points[bounds[part]]
            through = [top + (bottom - top) * step / 3 for step in (1, 2, 3)]
            second = placement.points[bounds[part] + 1 : bounds[part + 1]]
            curve = np.concatenate((curve, through, second))
            places[k] = placement.centres[label] + ((LABEL_GAP - LINE_INSET) / 2, 0.0)
            label, part = label + 1, part + 1
        pieces.append(curve)
        lengths.append(len(curve))
    offsets = np.cumsum(lengths, dtype=np.int64)
    points = np.concatenate(pieces) if pieces else placement.points
    labels = middles(points, offsets)
    for k, place in places.items():
        labels[k] = place
    whole = placement._replace(centres=placement.centres[keep], points=points, offsets=offsets, labels=labels)
    return fitted(piece, whole)
