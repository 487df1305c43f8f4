"""Run the Graphviz that comes inside pygraphviz, in this process, and read back exact curves.

Graphviz holds the interpreter's lock for the whole layout: a window must never call this itself (see service.py).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pygraphviz
from pygraphviz import graphviz as library

from graphviz_app.layout.dot import dot_source
from graphviz_app.layout.labels import has_labels, with_label_boxes, without_label_boxes
from graphviz_app.layout.model import LayoutError
from graphviz_app.layout.piece import Piece, Placement, fitted, middles, snap_ends
from graphviz_app.layout.smoothing import plumbed, smoothed, tops_aligned
from graphviz_app.layout.stairs import straightened


def place_with_dot(piece: Piece, *, fast: bool = False) -> Placement:
    """Return where Graphviz's dot puts the piece.

    Raises:
        LayoutError: Graphviz could not lay it out.
    """
    if has_labels(piece):
        return without_label_boxes(piece, place_with_dot(with_label_boxes(piece), fast=fast))
    answer = json.loads(run_dot(dot_source(piece, fast=fast)))
    placement = _read(piece, answer, "dot-fast" if fast else "dot")
    aligned = plumbed(piece, tops_aligned(piece, placement))
    drawn = straightened(piece, smoothed(piece, snap_ends(piece, aligned)))
    return fitted(piece, drawn._replace(labels=middles(drawn.points, drawn.offsets)))


def run_dot(source: str) -> bytes:
    """Return Graphviz's JSON for DOT text; coordinates in points, y upwards.

    Raises:
        LayoutError: Graphviz could not read or lay out the text.
    """
    graph = pygraphviz.AGraph(string=source)
    context = library.gvContextWithBuiltins()
    try:
        if library.gvLayout(context, graph.handle, b"dot"):
            raise LayoutError("Graphviz could not lay out this graph.")
        try:
            failed, text = library.gvRenderData(context, graph.handle, b"json")
        finally:
            library.gvFreeLayout(context, graph.handle)
        if failed:
            raise LayoutError("Graphviz laid out this graph but could not say where things are.")
        return text if isinstance(text, bytes) else text.encode()
    finally:
        library.gvFreeContext(context)
        graph.close()


def _read(piece: Piece, answer: dict[str, Any], engine: str) -> Placement:
    left, bottom, right, top = (float(part) for part in answer["bb"].split(","))
    centres = np.zeros((len(piece.sizes), 2))
    for node in answer.get("objects", ()):
        if "nodes" not in node:
            centres[int(node["name"])] = _middle(_drawn(node["_draw_"], "pP"))
    curves: list[Any] = [None] * len(piece.links)
    for edge in answer.get("edges", ()):
        k = int(edge["id"])
        curves[k] = _drawn(edge["_draw_"], "bB") if "_draw_" in edge else None
    if any(curve is None for curve in curves):
        raise LayoutError("Graphviz lost a link of this graph.")
    offsets = np.cumsum([0, *(len(curve) for curve in curves)], dtype=np.int64)
    points = np.array([point for curve in curves for point in curve], dtype=np.float64).reshape(-1, 2)
    places = middles(points, offsets)
    flipped = [_flip(array, left, top) for array in (centres, points, places)]
    return Placement(right - left, top - bottom, flipped[0], flipped[1], offsets, flipped[2], engine)


def _flip(points: np.ndarray[Any, np.dtype[np.float64]], left: float, top: float) -> Any:
    """Turn Graphviz's points (y upwards) into ours (origin top left, y downwards). The one place where y flips."""
    return np.column_stack((points[:, 0] - left, top - points[:, 1]))


def _drawn(operations: list[dict[str, Any]], kinds: str) -> list[list[float]]:
    for operation in operations:
        if operation["op"] in kinds:
            return operation["points"]
    raise LayoutError("Graphviz did not say where it drew something.")


def _middle(corners: list[list[float]]) -> tuple[float, float]:
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
