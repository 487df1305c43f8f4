"""What leaves are called: by what keeps them, for as long as it does."""

from __future__ import annotations

from threading import get_ident, main_thread
from typing import TYPE_CHECKING

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.frames import local_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import FrameType

    import torch

    from graphviz_app.tracer.leaf import Leaf
    from graphviz_app.tracer.names import Name, Names

_TRIES = 4
_MADE_KEPT = 10_000
_MISSES = 16
"""How many leaves are looked for in vain at the end that have a name: where a function kept them, it kept all."""


class LeafNames:
    """Gives leaves their names, and others when those do not hold any more.

    Args:
        names: Looks through the program's variables.
        tell: Announces a leaf that has another name.
    """

    def __init__(self, names: Names, tell: Callable[[Leaf, torch.Tensor | None], None]) -> None:
        self._names = names
        self._tell = tell
        self._main = main_thread().ident
        self._by_name: dict[str, Leaf] = {}
        # Those that may get another name, by the function and what its variable, by which they are called, is bound to;
        # 0 and 0 for those that have none.
        self._waiting: dict[tuple[int, int], dict[int, Leaf]] = {}
        # The parameter that was met last of each module that was just being made, by the ids of that and of its class.
        self._made: dict[tuple[int, int], Leaf] = {}

    def meet(self, leaf: Leaf, tensor: torch.Tensor, frame: FrameType | None) -> None:
        """Name a leaf that has just been met, if anything has a name for it."""
        name = self._names.of(tensor, frame)
        if name is not None:
            leaf.tries = 1
        if name is not None and name.text:
            self._name(leaf, name, frame)
        else:
            if name is None:
                self._meet_in_making(leaf, tensor, frame)
            self._waiting.setdefault((0, 0), {})[leaf.number] = leaf

    def _meet_in_making(self, leaf: Leaf, tensor: torch.Tensor, frame: FrameType | None) -> None:
        making = self._names.in_making(tensor, frame)
        leaf.name = making.text or leaf.name
        if not making.part:
            return
        leaf.part = making.part
        if len(self._made) > _MADE_KEPT:
            self._made.clear()
        before = self._made.get(making.owner)
        if any(not each.tracked.alive.expired() for each in _made_with(before)):
            # Else it is another module, where one was that is no more.
            leaf.made_before = before
        self._made[making.owner] = leaf

    def _name_replaced(self, name: Name) -> None:
        """A module has got a name: what it had as its parameter, and has no more, nothing else will ever name.

        `layers[0].weight = nn.Parameter(...)` replaces one for which nobody had looked yet.
        """
        prefix = name.text.rpartition(".")[0]
        for each in _made_with(self._made.get(name.owner)):
            text = f"{prefix}.{each.part}"
            if not each.is_named and each.tracked.alive.expired() and each.name != text:
                each.name = text
                self._tell(each, None)

    def forget(self, leaf: Leaf) -> None:
        """A leaf is no more."""
        self._let_wait_no_more(leaf)
        if self._by_name.get(leaf.name) is leaf:
            del self._by_name[leaf.name]

    def look_again(self, frame: FrameType) -> None:
        """Look for names of leaves that have none, or that of a variable that is gone, or another's, since.

        Args:
            frame: Where the program is.
        """
        # What another thread calls it is no better.
        values = self._values_below(frame) if get_ident() == self._main else None
        for (function, root), leaves in list(self._waiting.items()):
            if function and (values is None or root in values.get(function, ())):
                continue
            for leaf in list(leaves.values()):
                if leaf.tries >= _TRIES or leaf.tracked.alive.expired():
                    leaves.pop(leaf.number, None)
                elif leaf.number in leaves and (tensor := leaf.tracked.tensor()) is not None:
                    self.look_for(leaf, tensor, frame)
            if not leaves:
                self._waiting.pop((function, root), None)

    def look_at_end(self, leaves: Iterable[Leaf]) -> None:
        """The program has ended: what keeps a leaf now is what its global variables lead to."""
        misses = 0
        for leaf in leaves:
            tensor = leaf.tracked.tensor()
            if tensor is None:
                continue
            if leaf.is_named and (misses > _MISSES or self._names.leads_to(leaf.name, tensor)):
                continue
            name = leaf.name
            is_gone = leaf.is_named and not leaf.named_in and self._names.leads_nowhere(name)
            self.look_for(leaf, tensor, None, but_worse=is_gone)
            misses += leaf.is_named and leaf.name == name

    def look_for(self, leaf: Leaf, tensor: torch.Tensor, frame: FrameType | None, *, but_worse: bool = False) -> None:
        """Look for the name of a leaf once more; it may not be wished that it takes one that says less."""
        name = self._names.of(tensor, frame)
        if name is None or (but_worse and _is_worse(name.text, leaf.name)):
            return
        leaf.tries += 1
        known = leaf.name
        if name.text and (name.text != known or not leaf.is_named):
            self._name(leaf, name, frame)
            if name.text != known:
                self._tell(leaf, tensor)

    def _name(self, leaf: Leaf, name: Name, frame: FrameType | None) -> None:
        """A leaf takes a name; the one that the program called so before may have another by now."""
        text = name.text
        self._let_wait_no_more(leaf)
        leaf.name, leaf.is_named, leaf.named_in, leaf.root = text, True, name.function, name.root
        if name.owner in self._made:
            self._name_replaced(name)
        if name.function:
            self._waiting.setdefault((name.function, name.root), {})[leaf.number] = leaf
        earlier = self._by_name.get(text)
        self._by_name[text] = leaf
        tensor = None if earlier is None or earlier is leaf else earlier.tracked.tensor()
        if earlier is not None and tensor is not None:
            other = self._names.of(tensor, frame)
            if other is not None and other.text and other.text != text and not _is_worse(other.text, text):
                self._name(earlier, other, None)
                self._tell(earlier, tensor)

    def _let_wait_no_more(self, leaf: Leaf) -> None:
        waiting = self._waiting.get((leaf.named_in, leaf.root))
        if waiting is not None:
            waiting.pop(leaf.number, None)

    def _values_below(self, frame: FrameType | None) -> dict[int, set[int]]:
        """Of the functions that run and whose variables leaves are called by: what those are bound to.

        All by ids, the functions by those of their codes.
        """
        functions = {function for function, _ in self._waiting}
        found: dict[int, set[int]] = {}
        while frame is not None:
            number = id(frame.f_code)
            if number in functions:
                found.setdefault(number, set()).update([id(value) for _, value in local_variables(frame)])
            frame = frame.f_back
        return found


def _made_with(leaf: Leaf | None) -> Iterator[Leaf]:
    """A leaf, and those of the same module that were met before it."""
    while leaf is not None:
        yield leaf
        leaf = leaf.made_before


def _is_worse(name: str, than: str) -> bool:
    """Whether a name says less than another: `params[3]` of a part of a network that was called by its path there."""
    return name.endswith("]") and "." in than and not than.endswith("]")
