"""A piece as DOT text: what Graphviz is asked. Pure; nothing is run here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import graphviz

from graphviz_app.layout.piece import BOX_GAP, Piece

if TYPE_CHECKING:
    from collections.abc import Iterable

POINTS_PER_INCH = 72.0
_ONWARDS = "6"
_TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'


def dot_source(piece: Piece, *, fast: bool = False) -> str:
    """Return the piece as DOT, one pixel to the point; box i is the node `i`, link k has the id `k`.

    Labels are not in it: they are boxes by now (labels.py).

    Args:
        piece: What to lay out.
        fast: Bound the network simplex and draw polylines: several times faster on hundreds of boxes, less even.
    """
    graph = graphviz.Digraph(
        graph_attr=_graph_attributes(piece, fast=fast),
        node_attr={"shape": "box", "fixedsize": "true", "label": "", "margin": "0"},
        edge_attr={"arrowhead": "none"},
    )
    ports = _used_ports(piece)
    for i, (width, height) in enumerate(piece.sizes):
        top, bottom = ports[i]
        label = _port_table(width, height, top, bottom)
        graph.node(str(i), width=_inches(width), height=_inches(height), label=label)
    _pin_gates(graph, piece)
    leads_on = {link.source for link in piece.links} | set(range(len(piece.sizes) - piece.exits, len(piece.sizes)))
    for k, link in enumerate(piece.links):
        tail = _port_name(link.source, piece, link.source_port, bottom=True)
        head = _port_name(link.target, piece, link.target_port, bottom=False)
        length = {"minlen": str(link.length)} if link.length > 1 else {}
        # What goes on runs straight; what ends, as a leaf does, stands aside.
        weight = {"weight": _ONWARDS} if link.target in leads_on else {}
        graph.edge(tail, head, id=str(k), **length, **weight)
    return graph.source


def _graph_attributes(piece: Piece, *, fast: bool) -> dict[str, str]:
    attributes = {"nodesep": f"{BOX_GAP / POINTS_PER_INCH:.4f}", "ranksep": f"{piece.rank_gap / POINTS_PER_INCH:.4f}"}
    if piece.ordered:
        attributes["ordering"] = "out"
    if fast:
        # Never together with clusters: Graphviz 14.1.5 then corrupts memory.
        attributes |= {"nslimit": "0", "nslimit1": "0", "splines": "polyline"}
    return attributes


def _inches(pixels: float) -> str:
    return f"{_even(pixels) / POINTS_PER_INCH:.6f}"


def _even(pixels: float) -> int:
    """Round up to an even number, so that port cells of whole points fill the box exactly."""
    return max(2 * math.ceil(pixels / 2 - 1e-6), 2)


def _pin_gates(graph: graphviz.Digraph, piece: Piece) -> None:
    count = len(piece.sizes)
    for rank, members in (("source", range(piece.entries)), ("sink", range(count - piece.exits, count))):
        if members:
            pinned = graphviz.Digraph(graph_attr={"rank": rank})
            for member in members:
                pinned.node(str(member))
            graph.subgraph(pinned)


def _used_ports(piece: Piece) -> list[tuple[set[int], set[int]]]:
    used: list[tuple[set[int], set[int]]] = [(set(), set()) for _ in piece.sizes]
    for link in piece.links:
        used[link.source][1].add(_port_place(piece.sizes[link.source][0], link.source_port))
        used[link.target][0].add(_port_place(piece.sizes[link.target][0], link.target_port))
    return used


def _port_place(width: float, port: float) -> int:
    """Return the port's place from the left in whole points, on the grid of port cells two points wide."""
    whole = _even(width)
    place = min(max(2 * round(port * width / 2), 2), whole - 2)
    return whole // 2 if whole < 4 or abs(place - whole / 2) <= 1 else place


def _port_name(box: int, piece: Piece, port: float, *, bottom: bool) -> str:
    width = piece.sizes[box][0]
    place, side = _port_place(width, port), "s" if bottom else "n"
    return f"{box}:{side}" if place == _even(width) // 2 else f"{box}:{side}{place}:{side}"


def _port_table(width: float, height: float, top: Iterable[int], bottom: Iterable[int]) -> str:
    """Return an HTML-like label with one invisible cell per port off the middle; "" where there are none.

    It is a point smaller than the box on each side: Graphviz adds that much and warns of labels that do not fit.
    """
    whole, tall = _even(width), _even(height)
    tops, bottoms = ({place for place in places if place != whole // 2} for places in (top, bottom))
    if not tops and not bottoms:
        return ""
    upper = max(tall // 2 - 1, 1)
    rows = _port_row(whole, upper, "n", tops) + _port_row(whole, upper, "s", bottoms)
    return f"<{_TABLE}{rows}</TABLE>>"


def _port_row(width: int, height: int, side: str, places: set[int]) -> str:
    cells: list[str] = []
    x = 1
    for place in sorted(places):
        if place - 1 > x:
            cells.append(_cell(place - 1 - x, height))
        cells.append(_cell(2, height, f"{side}{place}"))
        x = place + 1
    if width - 1 > x:
        cells.append(_cell(width - 1 - x, height))
    return f"<TR><TD>{_TABLE}<TR>{''.join(cells)}</TR></TABLE></TD></TR>"


def _cell(width: int, height: int, port: str = "") -> str:
    name = f'PORT="{port}" ' if port else ""
    return f'<TD {name}FIXEDSIZE="TRUE" WIDTH="{width}" HEIGHT="{height}"></TD>'
