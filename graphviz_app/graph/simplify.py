"""Groups worth drawing: without those that say nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from graphviz_app.graph.tree import TOP, Placed, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable


def without_idle_groups(placed: Placed) -> Placed:
    """Leave out groups of fewer than two nodes, those that hold everything, and one of two that hold the same.

    Of two such groups the outer one stays, except that a round of a loop gives way to what it runs.
    """
    tree = placed.tree
    # What is beside autograd's nodes (seeds, grey boxes) makes no group, nor keeps one from being the whole.
    counted = [place for key, place in placed.places.items() if isinstance(key, int)]
    sizes = sizes_of(tree, counted)
    dropped = [size < 2 or size == len(counted) for size in sizes]
    dropped[TOP] = False
    _drop_twins(tree, sizes, dropped)
    _drop_single_rounds(tree, dropped)
    return _without(placed, dropped)


def sizes_of(tree: Tree, places: Iterable[int]) -> list[int]:
    """How many of `places` are in each segment, inner ones included."""
    sizes = [0] * len(tree)
    for place in places:
        sizes[place] += 1
    for number in range(len(tree) - 1, TOP, -1):
        sizes[tree.parents[number]] += sizes[number]
    return sizes


def _drop_twins(tree: Tree, sizes: list[int], dropped: list[bool]) -> None:
    kept = list(range(len(tree)))
    twins_of_rounds: dict[tuple[int, str], list[tuple[int, int]]] = defaultdict(list)
    for number in range(1, len(tree)):
        parent = kept[tree.parents[number]]
        if dropped[number]:
            kept[number] = parent
        elif parent != TOP and sizes[parent] == sizes[number]:
            if tree.segments[parent].kind == "iteration":
                twins_of_rounds[tree.parents[parent], tree.segments[parent].name].append((parent, number))
            else:
                dropped[number] = True
                kept[number] = parent
    for twins in twins_of_rounds.values():
        # `for block in blocks` runs another module each time, an unrolled network the same one again and again: there
        # only the round tells the groups apart.
        each_its_own = len({tree.segments[inner] for _, inner in twins}) == len(twins)
        for outer, inner in twins:
            dropped[outer if each_its_own else inner] = True


def _drop_single_rounds(tree: Tree, dropped: list[bool]) -> None:
    """A loop that went round once in this chapter is no structure of its graph."""
    rounds: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, segment in enumerate(tree.segments):
        if segment.kind == "iteration":
            rounds[tree.parents[number], segment.name].append(number)
    for numbers in rounds.values():
        if len(numbers) == 1:
            dropped[numbers[0]] = True


def _without(placed: Placed, dropped: list[bool]) -> Placed:
    old, tree = placed.tree, Tree()
    moved = [TOP] * len(old)
    for number in range(1, len(old)):
        parent = moved[old.parents[number]]
        moved[number] = parent if dropped[number] else tree.child(parent, old.segments[number])
    return Placed(tree, {key: moved[place] for key, place in placed.places.items()})
