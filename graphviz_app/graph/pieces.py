"""Long rows in pieces: rounds of a loop, layers of a model, leaves of a list, a few dozen to a piece."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from graphviz_app.graph.structure import Segment

if TYPE_CHECKING:
    from collections.abc import Hashable

    Way = tuple[Segment, ...]

LONGEST_ROW = 30
"""Pieces, or rounds of a loop, that stand side by side at most."""
CHUNK = 20
"""How many of them make a piece."""
LONGEST_PLAIN_ROW = 150
"""Boxes that stand loose in one group at most."""


def with_rounds_in_pieces(ways: dict[Hashable, Way]) -> dict[Hashable, Way]:
    """Put the rounds of long loops into groups of neighbours."""
    rounds: dict[tuple[Way, str], int] = defaultdict(int)
    for way in set(ways.values()):
        for depth, segment in enumerate(way):
            if segment.kind == "iteration":
                key = (way[:depth], segment.name)
                rounds[key] = max(rounds[key], segment.number + 1)
    if not any(count > LONGEST_ROW for count in rounds.values()):
        return ways
    chunked = {way: _chunked_rounds(way, rounds) for way in set(ways.values())}
    return {key: chunked[way] for key, way in ways.items()}


def with_rows_in_pieces(ways: dict[Hashable, Way]) -> dict[Hashable, Way]:
    """Put what stands in a group into pieces where it is too much, in the order of the graph."""
    rows: dict[Way, dict[Hashable, int]] = defaultdict(dict)
    known: set[Way] = set()
    for key, way in ways.items():
        if _is_seed(key):
            continue
        rows[way].setdefault(key, len(rows[way]))
        depth = len(way)
        while depth > 0 and way[:depth] not in known:
            known.add(way[:depth])
            depth -= 1
            row = rows[way[:depth]]
            row.setdefault(way[depth], len(row))
    long = {way: _Row(row) for way, row in rows.items() if len(row) > LONGEST_PLAIN_ROW}
    if not long:
        return ways
    outer = {way: _in_pieces(way, long) for way in known | {()}}
    return {key: (*outer[way], *_piece_of(way, key, long)) for key, way in ways.items()}


class _Row:
    """What stands side by side in one group, in order."""

    def __init__(self, places: dict[Hashable, int]) -> None:
        self._places = places
        self._members = list(places)

    def pieces_around(self, member: Hashable) -> list[Segment]:
        """The pieces that a member stands in, outermost first."""
        count = len(self._members)
        found: list[Segment] = []
        for first, last in _ranges(self._places[member], count):
            ends = self._members[first], self._members[last - 1]
            names = [end.name for end in ends if isinstance(end, Segment)]
            subtitle = " … ".join(names) if len(names) == 2 else f"of {count:,}"
            found.append(Segment("part", f"part {first + 1:,}–{last:,}", subtitle=subtitle))
        return found


def _in_pieces(way: Way, long: dict[Way, _Row]) -> Way:
    result: list[Segment] = []
    for depth, segment in enumerate(way):
        result += _piece_of(way[:depth], segment, long)
        result.append(segment)
    return tuple(result)


def _piece_of(way: Way, member: Hashable, long: dict[Way, _Row]) -> list[Segment]:
    row = long.get(way)
    # Rounds of a loop are in pieces already; a seed stands above everything.
    if row is None or _is_seed(member) or (isinstance(member, Segment) and member.kind == "rounds"):
        return []
    return row.pieces_around(member)


def _is_seed(key: Hashable) -> bool:
    return isinstance(key, str) and key.startswith("root:")


def _chunked_rounds(way: Way, rounds: dict[tuple[Way, str], int]) -> Way:
    result: list[Segment] = []
    for depth, segment in enumerate(way):
        if segment.kind == "iteration":
            count = rounds[way[:depth], segment.name]
            for first, last in _ranges(segment.number, count):
                name = f"iterations {first + 1:,}–{last:,} {segment.name}"
                result.append(Segment("rounds", name, subtitle=f"of {count:,}"))
        result.append(segment)
    return tuple(result)


def _ranges(number: int, count: int) -> list[tuple[int, int]]:
    """The nested ranges around number `number` of `count`, outermost first; none where the row is short."""
    size = 1
    sizes: list[int] = []
    while count > size * LONGEST_ROW:
        size *= CHUNK
        sizes.append(size)
    return [(number // size * size, min((number // size + 1) * size, count)) for size in reversed(sizes)]
