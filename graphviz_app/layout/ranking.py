"""Which rank each box of a piece is in: cycles broken, every link pointing down, by longest path."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from graphviz_app.layout.piece import Piece


class Ranks(NamedTuple):
    """The rank of each box, 0 at the top, and which links close a cycle and so point up."""

    rank: list[int]
    upwards: list[bool]


def ranked(piece: Piece) -> Ranks:
    """Return ranks such that a link's target is at least its length below its source, but for links that point up.

    Linear in boxes and links, without recursion. Entry gates are alone in the first rank, exit gates in the last.
    """
    count = len(piece.sizes)
    upwards = _upward_links(piece)
    leaving: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    waiting = [0] * count
    for link, up in zip(piece.links, upwards, strict=True):
        if not up:
            leaving[link.source].append((link.target, link.length))
            waiting[link.target] += 1
    base = 1 if piece.entries else 0
    rank = [0] * piece.entries + [base] * (count - piece.entries)
    order = [box for box in range(count) if not waiting[box]]
    roots = set(order)
    for box in order:
        for target, length in leaving[box]:
            rank[target] = max(rank[target], rank[box] + length)
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    for box in roots:
        if leaving[box] and box >= piece.entries:
            rank[box] = min(rank[target] - length for target, length in leaving[box])
    if piece.exits:
        first_exit = count - piece.exits
        last = max(max(rank[:first_exit], default=0) + 1, max(rank[first_exit:]))
        rank[first_exit:] = [last] * piece.exits
    return Ranks(rank, upwards)


def _upward_links(piece: Piece) -> list[bool]:
    """Return for each link whether it points back at a box that a depth-first walk is still below."""
    count = len(piece.sizes)
    leaving: list[list[int]] = [[] for _ in range(count)]
    entered = [False] * count
    for k, link in enumerate(piece.links):
        leaving[link.source].append(k)
        entered[link.target] = True
    upwards = [False] * len(piece.links)
    state = bytearray(count)  # 0 not seen, 1 on the way here, 2 done
    for root in sorted(range(count), key=lambda box: entered[box]):
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(leaving[root]))]
        while stack:
            box, rest = stack[-1]
            for k in rest:
                target = piece.links[k].target
                if state[target] == 1:
                    upwards[k] = True
                elif not state[target]:
                    state[target] = 1
                    stack.append((target, iter(leaving[target])))
                    break
            else:
                state[box] = 2
                stack.pop()
    return upwards
