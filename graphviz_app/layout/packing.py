"""Parts of a piece that no link joins: laid out apart, then packed side by side and in rows."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.layout.piece import BOX_GAP, RANK_GAP, Piece, Placement

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PART_GAP = 36.0
"""Pixels between parts that nothing joins."""
ASPECT = 1.6
"""Width over height that packed parts aim at."""

TRY_UP_TO = 400
"""Parts up to which several widths are tried."""


class Part(NamedTuple):
    """A connected part: its boxes and links by their index in the whole piece, in order."""

    piece: Piece
    boxes: tuple[int, ...]
    links: tuple[int, ...]


def place_parts(piece: Piece, place: Callable[[Piece], Placement]) -> Placement:
    """Lay out each connected part with `place` and pack them; what has gates on the border stays in one part."""
    parts = connected_parts(piece)
    if len(parts) == 1:
        return place(piece)
    placements = [place(part.piece) for part in parts]
    sizes = [(placement.width, placement.height) for placement in placements]
    corners = _beside(sizes) if piece.entries or piece.exits else pack(sizes, aim=0.0)
    return _merge(piece, parts, placements, corners)


def connected_parts(piece: Piece) -> list[Part]:
    """Return the connected parts in order of their first box; the one with the gates comes first."""
    count = len(piece.sizes)
    leader = _leaders(piece)
    boxes: dict[int, list[int]] = {}
    links: dict[int, list[int]] = {}
    for box in range(count):
        boxes.setdefault(leader[box], []).append(box)
    if len(boxes) <= 1:
        return [Part(piece, tuple(range(count)), tuple(range(len(piece.links))))]
    for k, link in enumerate(piece.links):
        links.setdefault(leader[link.source], []).append(k)
    gated = leader[0 if piece.entries else count - 1] if piece.entries or piece.exits else -1
    order = sorted(boxes, key=lambda root: (root != gated, boxes[root][0]))
    return [_part(piece, boxes[root], links.get(root, []), gated=root == gated) for root in order]


def _leaders(piece: Piece) -> list[int]:
    leader = list(range(len(piece.sizes)))

    def find(box: int) -> int:
        while leader[box] != box:
            leader[box] = leader[leader[box]]
            box = leader[box]
        return box

    count = len(leader)
    gates = [*range(piece.entries), *range(count - piece.exits, count)]
    joined = [(gates[0], gate) for gate in gates[1:]]
    for source, target in [*joined, *((link.source, link.target) for link in piece.links)]:
        one, other = find(source), find(target)
        if one != other:
            leader[max(one, other)] = min(one, other)
    return [find(box) for box in range(count)]


def _part(piece: Piece, boxes: list[int], links: list[int], *, gated: bool) -> Part:
    number = {box: i for i, box in enumerate(boxes)}
    inner = tuple(
        piece.links[k]._replace(source=number[piece.links[k].source], target=number[piece.links[k].target])
        for k in links
    )
    sizes = tuple(piece.sizes[box] for box in boxes)
    entries, exits = (piece.entries, piece.exits) if gated else (0, 0)
    return Part(Piece(sizes, inner, entries, exits, piece.ordered), tuple(boxes), tuple(links))


def _beside(sizes: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Put the part with the gates on the left, the others to its right, below the rank of the entry gates."""
    width, height = sizes[0]
    room = max(height - 2 * RANK_GAP, 1.0)
    area = sum((w + PART_GAP) * (h + PART_GAP) for w, h in sizes[1:])
    packed = pack(sizes[1:], aim=area / room)
    return [(0.0, 0.0), *((x + width + BOX_GAP, y + RANK_GAP) for x, y in packed)]


def pack(sizes: Sequence[tuple[float, float]], *, aim: float) -> list[tuple[float, float]]:
    """Return top left corners that pack rectangles closely, in order, each where it comes highest, then leftmost.

    Args:
        sizes: Width and height of each.
        aim: Width to fill before going down, in pixels; 0 for one that makes the whole look largest on a screen.
    """
    padded = [(width + PART_GAP, height + PART_GAP) for width, height in sizes]
    widest = max(width for width, _ in padded)
    if aim:
        return _filled(padded, max(aim, widest))
    best: list[tuple[float, float]] = []
    least = (float("inf"), float("inf"))
    for limit in _limits(padded, widest):
        corners = _filled(padded, limit)
        width = max(x + w for (x, _), (w, _) in zip(corners, padded, strict=True))
        height = max(y + h for (_, y), (_, h) in zip(corners, padded, strict=True))
        needed = max(width / ASPECT, height)
        # Of those that look about equally large, the narrowest: a few small parts stand beside a tall one.
        if needed < least[0] * (0.97 if width > least[1] else 1.03):
            best, least = corners, (needed, width)
    return best


def _limits(padded: Sequence[tuple[float, float]], widest: float) -> list[float]:
    """Return the widths to try, narrowest first; one for very many parts."""
    square = max((sum(width * height for width, height in padded) * ASPECT) ** 0.5, widest)
    if len(padded) > TRY_UP_TO:
        return [square]
    next_widest = sorted(width for width, _ in padded)[-2] if len(padded) > 1 else 0.0
    beside = [widest + columns * next_widest for columns in (0, 1, 2, 4)]
    return sorted({*beside, *(max(square * factor, widest) for factor in (0.7, 0.85, 1.0, 1.2))})


def _filled(padded: Sequence[tuple[float, float]], limit: float) -> list[tuple[float, float]]:
    skyline: list[tuple[float, float]] = [(0.0, 0.0)]
    corners: list[tuple[float, float]] = []
    for width, height in padded:
        x, y = _lowest(skyline, width, limit)
        corners.append((x, y))
        _raise_skyline(skyline, x, width, y + height)
    return corners


def _lowest(skyline: list[tuple[float, float]], width: float, limit: float) -> tuple[float, float]:
    best = (float("inf"), 0.0)
    for i, (x, _) in enumerate(skyline):
        if x + width > limit + 1e-6:
            break
        y, j = 0.0, i
        while j < len(skyline) and skyline[j][0] < x + width - 1e-6 and y < best[0]:
            y = max(y, skyline[j][1])
            j += 1
        best = min(best, (y, x))
    return best[1], best[0]


def _raise_skyline(skyline: list[tuple[float, float]], x: float, width: float, y: float) -> None:
    start = bisect.bisect_left(skyline, (x, -1.0))
    stop = bisect.bisect_left(skyline, (x + width - 1e-6, -1.0))
    level_after = skyline[stop - 1][1]
    ends_here = stop < len(skyline) and abs(skyline[stop][0] - x - width) < 1e-6
    skyline[start:stop] = [(x, y)] if ends_here else [(x, y), (x + width, level_after)]


def _merge(
    piece: Piece, parts: list[Part], placements: list[Placement], corners: list[tuple[float, float]]
) -> Placement:
    centres = np.zeros((len(piece.sizes), 2))
    labels = np.zeros((len(piece.links), 2))
    curves: list[np.ndarray] = [np.zeros((0, 2))] * len(piece.links)
    for part, placement, corner in zip(parts, placements, corners, strict=True):
        centres[list(part.boxes)] = placement.centres + corner
        labels[list(part.links)] = placement.labels + corner
        shifted = placement.points + corner
        for k, start, stop in zip(part.links, placement.offsets[:-1], placement.offsets[1:], strict=True):
            curves[k] = shifted[start:stop]
    width = max(x + placement.width for (x, _), placement in zip(corners, placements, strict=True))
    height = max(y + placement.height for (_, y), placement in zip(corners, placements, strict=True))
    _reach_bottom(piece, centres, curves, height)
    offsets = np.cumsum([0, *(len(curve) for curve in curves)], dtype=np.int64)
    points = np.concatenate(curves) if curves else np.zeros((0, 2))
    return Placement(width, height, centres, points, offsets, labels, placements[0].engine)


def _reach_bottom(piece: Piece, centres: np.ndarray, curves: list[np.ndarray], height: float) -> None:
    """Move the exit gates down to the bottom where another part is taller, and lengthen their links straight down."""
    first = len(piece.sizes) - piece.exits
    if not piece.exits or centres[first, 1] >= height - 2:
        return
    drop = height - 1 - centres[first:, 1].max()
    centres[first:, 1] += drop
    for k, link in enumerate(piece.links):
        if link.target >= first:
            end = curves[k][-1]
            straight = [(end[0], end[1] + drop * step / 3) for step in (1, 2, 3)]
            curves[k] = np.concatenate((curves[k], straight))
