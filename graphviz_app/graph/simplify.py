"""Groups worth drawing: without those that say nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from graphviz_app.graph.structure import Segment

    Way = tuple[Segment, ...]


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
