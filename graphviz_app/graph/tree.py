"""Segments within segments as a tree of numbers: groups of a hundred thousand nodes are compared as integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

SegmentKind = Literal["call", "iteration", "module", "operation", "pass", "rounds", "part"]
TOP = 0
"""The number of what is around everything."""


class Segment(NamedTuple):
    """One step inwards.

    Attributes:
        kind: A user's function that was called; one round of a loop; a module; an operation of several nodes; the
            nodes that a pass with `create_graph` made; some rounds of a long loop; a part of a long row.
        name: What tells it from its siblings; a loop's for an iteration.
        number: Which round of a loop, from 0.
        subtitle: More about it, or "".
    """

    kind: SegmentKind
    name: str
    number: int = 0
    subtitle: str = ""


class Tree:
    """Segments by number; a segment's parent has a smaller number than itself.

    Attributes:
        parents: Of each number; TOP's is TOP.
        segments: Of each number; TOP's says nothing.
        depths: Of each number; TOP's is 0.
    """

    def __init__(self) -> None:
        self.parents = [TOP]
        self.segments = [Segment("part", "")]
        self.depths = [0]
        self._children: dict[tuple[int, Segment], int] = {}

    def __len__(self) -> int:
        return len(self.parents)

    def child(self, parent: int, segment: Segment) -> int:
        """The number of a segment within `parent`; a new one the first time."""
        number = self._children.get((parent, segment))
        if number is None:
            number = self._children[parent, segment] = len(self.parents)
            self.parents.append(parent)
            self.segments.append(segment)
            self.depths.append(self.depths[parent] + 1)
        return number

    def within(self, parent: int, segments: Iterable[Segment]) -> int:
        """The number of the last of `segments`, each within the one before."""
        for segment in segments:
            parent = self.child(parent, segment)
        return parent

    def common(self, numbers: Iterable[int]) -> int:
        """The innermost segment that has all of `numbers`; TOP for none."""
        shared: int | None = None
        for number in numbers:
            shared = number if shared is None else self._common(shared, number)
        return TOP if shared is None else shared

    def _common(self, one: int, other: int) -> int:
        while one != other:
            if self.depths[one] >= self.depths[other]:
                one = self.parents[one]
            else:
                other = self.parents[other]
        return one


class Placed(NamedTuple):
    """A tree, and where each key of a graph stands in it."""

    tree: Tree
    places: dict[object, int]
