"""Long rows in pieces: rounds of a loop, layers of a model, leaves of a list, a few dozen to a piece."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Literal

from graphviz_app.graph.tree import TOP, Placed, Segment, Tree

Member = tuple[Literal["key", "segment"], Any]
"""A key of the graph, or the number of a segment."""
LONGEST_ROW = 30
"""Pieces, or rounds of a loop, that stand side by side at most."""
CHUNK = 20
"""How many of them make a piece."""
LONGEST_PLAIN_ROW = 150
"""Boxes that stand loose in one group at most."""


def with_rounds_in_pieces(placed: Placed) -> Placed:
    """Put the rounds of long loops into groups of neighbours."""
    old = placed.tree
    # A graph may begin with any round of a loop that the program is in for long.
    loops: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, segment in enumerate(old.segments):
        if segment.kind == "iteration":
            loops[old.parents[number], segment.name].append(segment.number)
    if not any(len(rounds) > LONGEST_ROW for rounds in loops.values()):
        return placed
    ends = {loop: (min(rounds), max(rounds) + 1) for loop, rounds in loops.items() if len(rounds) > LONGEST_ROW}
    tree = Tree()
    moved = [TOP] * len(old)
    pieces: dict[tuple[int, str, int], int] = {}
    for number in range(1, len(old)):
        segment = old.segments[number]
        parent = moved[old.parents[number]]
        loop = (old.parents[number], segment.name)
        if segment.kind == "iteration" and loop in ends:
            first, end = ends[loop]
            # Neighbours share their pieces: of a hundred thousand rounds only every twentieth is asked about.
            place = (*loop, (segment.number - first) // CHUNK)
            if place not in pieces:
                pieces[place] = tree.within(parent, _rounds(segment, first, end))
            parent = pieces[place]
        moved[number] = tree.child(parent, segment)
    return Placed(tree, {key: moved[place] for key, place in placed.places.items()})


def with_rows_in_pieces(placed: Placed) -> Placed:
    """Put what stands in a group into pieces where it is too much, in the order of the graph."""
    old = placed.tree
    rows = {place: row for place, row in _rows(placed).items() if len(row) > LONGEST_PLAIN_ROW}
    if not rows:
        return placed
    long = {place: _Row(old, row) for place, row in rows.items()}
    tree = Tree()
    moved = [TOP] * len(old)
    for number in range(1, len(old)):
        parent, segment = old.parents[number], old.segments[number]
        around = moved[parent]
        # Rounds of a loop are in pieces already.
        if parent in long and segment.kind != "rounds":
            around = tree.within(around, long[parent].pieces_around(("segment", number)))
        moved[number] = tree.child(around, segment)
    places: dict[object, int] = {}
    for key, place in placed.places.items():
        pieces = long[place].pieces_around(("key", key)) if place in long and not _is_seed(key) else []
        places[key] = tree.within(moved[place], pieces)
    return Placed(tree, places)


def _rows(placed: Placed) -> dict[int, dict[Member, int]]:
    """What stands side by side in each segment, keys and inner segments, in order of appearance."""
    rows: dict[int, dict[Member, int]] = defaultdict(dict)
    known = {TOP}
    for key, place in placed.places.items():
        if _is_seed(key):
            continue
        rows[place].setdefault(("key", key), len(rows[place]))
        while place not in known:
            known.add(place)
            parent = placed.tree.parents[place]
            rows[parent].setdefault(("segment", place), len(rows[parent]))
            place = parent
    return rows


class _Row:
    """What stands side by side in one group, in order."""

    def __init__(self, tree: Tree, places: dict[Member, int]) -> None:
        self._places = places
        self._names = [tree.segments[member[1]].name if member[0] == "segment" else "" for member in places]

    def pieces_around(self, member: Member) -> list[Segment]:
        """The pieces that a member stands in, outermost first."""
        count = len(self._names)
        if member not in self._places:
            return []
        found: list[Segment] = []
        for first, last in _ranges(self._places[member], count):
            ends = self._names[first], self._names[last - 1]
            subtitle = " … ".join(ends) if all(ends) else f"of {count:,}"
            found.append(Segment("part", f"part {first + 1:,}–{last:,}", subtitle=subtitle))
        return found


def _rounds(segment: Segment, start: int, end: int) -> list[Segment]:
    return [
        Segment("rounds", f"iterations {start + first + 1:,}–{start + last:,} {segment.name}", subtitle=f"of {end:,}")
        for first, last in _ranges(segment.number - start, end - start)
    ]


def _is_seed(key: object) -> bool:
    return isinstance(key, str) and key.startswith("root:")


def _ranges(number: int, count: int) -> list[tuple[int, int]]:
    """The nested ranges around number `number` of `count`, outermost first; none where the row is short."""
    size = 1
    sizes: list[int] = []
    while count > size * LONGEST_ROW:
        size *= CHUNK
        sizes.append(size)
    return [_range(number, size, count) for size in reversed(sizes)]


def _range(number: int, size: int, count: int) -> tuple[int, int]:
    """The piece of about `size` that a number is in; the few that may be left at the end join the last one."""
    last = (count - 1) // size
    if last and count - last * size <= size // 10:
        last -= 1
    at = min(number // size, last)
    return at * size, count if at == last else (at + 1) * size
