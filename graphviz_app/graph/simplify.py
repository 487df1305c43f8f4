"""Groups worth drawing: without those that say nothing, and with long rows in pieces."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from graphviz_app.graph.structure import Segment

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    Way = tuple[Segment, ...]

LONGEST_ROW = 30
"""Rounds of a loop, or plain nodes in a row, that stand side by side at most; more are put into pieces."""
CHUNK = 20
LONGEST_PLAIN_ROW = 150
"""Boxes that stand loose in one group at most."""


def without_idle_groups(ways: dict[Hashable, Way]) -> dict[Hashable, Way]:
    """Leave out groups of fewer than two nodes, those that hold everything, and one of two that hold the same.

    Of two such groups the outer one stays, except that a round of a loop gives way to what it runs.
    """
    # What is beside autograd's nodes (seeds, grey boxes) makes no group, nor keeps one from being the whole.
    counted = [way for key, way in ways.items() if isinstance(key, int)]
    sizes = _sizes(counted)
    sizes.update(dict.fromkeys(_sizes(ways.values()).keys() - sizes.keys(), 0))
    dropped = {way for way, size in sizes.items() if size < 2 or size == len(counted)}
    _drop_twins(sizes, dropped)
    _drop_single_rounds(sizes, dropped)
    return {key: _kept(way, dropped) for key, way in ways.items()}


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


def _sizes(ways: Iterable[Way]) -> Counter[Way]:
    sizes: Counter[Way] = Counter()
    for way, count in Counter(ways).items():
        for depth in range(1, len(way) + 1):
            sizes[way[:depth]] += count
    return sizes


def _drop_twins(sizes: Counter[Way], dropped: set[Way]) -> None:
    twins_of_rounds: dict[tuple[Way, str], list[tuple[Way, Way]]] = defaultdict(list)
    for way, size in sizes.items():
        parent = _kept_parent(way, dropped)
        if way in dropped or parent is None or sizes[parent] != size:
            continue
        if parent[-1].kind == "iteration":
            twins_of_rounds[parent[:-1], parent[-1].name].append((parent, way))
        else:
            dropped.add(way)
    for twins in twins_of_rounds.values():
        # `for block in blocks` runs another module each time, an unrolled network the same one again and again: there
        # only the round tells the groups apart.
        each_its_own = len({way[-1] for _, way in twins}) == len(twins)
        dropped.update(outer if each_its_own else inner for outer, inner in twins)


def _kept_parent(way: Way, dropped: set[Way]) -> Way | None:
    for depth in range(len(way) - 1, 0, -1):
        if way[:depth] not in dropped:
            return way[:depth]
    return None


def _drop_single_rounds(sizes: Counter[Way], dropped: set[Way]) -> None:
    """A loop that went round once in this chapter is no structure of its graph."""
    rounds: dict[tuple[Way, str], set[int]] = defaultdict(set)
    for way in sizes:
        if way[-1].kind == "iteration":
            rounds[way[:-1], way[-1].name].add(way[-1].number)
    for way in sizes:
        if way[-1].kind == "iteration" and len(rounds[way[:-1], way[-1].name]) == 1:
            dropped.add(way)


def _kept(way: Way, dropped: set[Way]) -> Way:
    return tuple(segment for depth, segment in enumerate(way, start=1) if way[:depth] not in dropped)


def _chunked_rounds(way: Way, rounds: dict[tuple[Way, str], int]) -> Way:
    result: list[Segment] = []
    for depth, segment in enumerate(way):
        if segment.kind == "iteration":
            count = rounds[way[:depth], segment.name]
            result += _pieces(segment.number, count, "iterations", segment.name)
        result.append(segment)
    return tuple(result)


def _pieces(number: int, count: int, noun: str, subtitle: str = "") -> list[Segment]:
    """The nested pieces around number `number` of `count`, outermost first; none where the row is short."""
    size = 1
    sizes: list[int] = []
    while count > size * LONGEST_ROW:
        size *= CHUNK
        sizes.append(size)
    found: list[Segment] = []
    for size in reversed(sizes):
        first = number // size * size
        last = min(first + size, count)
        found.append(Segment("chunk", f"{noun} {first + 1:,}–{last:,} {subtitle}".rstrip(), subtitle=f"of {count:,}"))
    return found


def with_rows_in_pieces(ways: dict[Hashable, Way]) -> dict[Hashable, Way]:
    """Put what stands in a group into pieces where it is too much, in the order of the graph."""
    rows: dict[Way, dict[Hashable, int]] = defaultdict(dict)
    known: set[Way] = set()
    for key, way in ways.items():
        rows[way].setdefault(key, len(rows[way]))
        depth = len(way)
        while depth > 0 and way[:depth] not in known:
            known.add(way[:depth])
            depth -= 1
            row = rows[way[:depth]]
            row.setdefault(way[depth], len(row))
    long = {way: row for way, row in rows.items() if len(row) > LONGEST_PLAIN_ROW}
    if not long:
        return ways
    outer = {way: _in_pieces(way, long) for way in known | {()}}
    return {key: (*outer[way], *_piece_of(way, key, long)) for key, way in ways.items()}


def _in_pieces(way: Way, long: dict[Way, dict[Hashable, int]]) -> Way:
    result: list[Segment] = []
    for depth, segment in enumerate(way):
        result += _piece_of(way[:depth], segment, long)
        result.append(segment)
    return tuple(result)


def _piece_of(way: Way, member: Hashable, long: dict[Way, dict[Hashable, int]]) -> list[Segment]:
    row = long.get(way)
    # Rounds of a loop are in pieces already.
    if row is None or (isinstance(member, Segment) and member.kind == "chunk"):
        return []
    return _pieces(row[member], len(row), "part")
