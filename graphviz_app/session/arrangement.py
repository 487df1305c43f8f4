"""How a person has arranged the picture: what is open, what is drawn apart, which way gradients flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from graphviz_app.layout.model import Direction

GroupPath = tuple[str, ...]
Base = Literal["first sight", "all", "none"]


class Arrangement(NamedTuple):
    """What a person wishes of every chapter's picture; each change gives a new one.

    Attributes:
        base: Which groups are open: those that are so at first sight, all, or none.
        opened: Groups that are open beyond those.
        closed: Groups that are closed all the same.
        apart: Leaves that are drawn once for each operation that reads them.
        together: Leaves that are drawn as one box, however many read them.
        direction: Which way gradients flow.
    """

    base: Base = "first sight"
    opened: frozenset[GroupPath] = frozenset()
    closed: frozenset[GroupPath] = frozenset()
    apart: frozenset[int] = frozenset()
    together: frozenset[int] = frozenset()
    direction: Direction = "TB"

    def with_open(self, *paths: GroupPath) -> Arrangement:
        """With groups open."""
        return self._replace(opened=self.opened.union(paths), closed=self.closed.difference(paths))

    def with_closed(self, path: GroupPath) -> Arrangement:
        """With a group closed."""
        return self._replace(opened=self.opened - {path}, closed=self.closed | {path})

    def with_base(self, base: Base) -> Arrangement:
        """With all groups open, or none, or those of first sight, and no exceptions."""
        return self._replace(base=base, opened=frozenset(), closed=frozenset())

    def with_apart(self, leaf: int) -> Arrangement:
        """With a leaf drawn once per use."""
        return self._replace(apart=self.apart | {leaf}, together=self.together - {leaf})

    def with_together(self, leaf: int) -> Arrangement:
        """With a leaf drawn as one box."""
        return self._replace(apart=self.apart - {leaf}, together=self.together | {leaf})
