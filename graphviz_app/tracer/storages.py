"""Which leaves have elements in which storage: whoever writes on a storage may write on theirs."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.memory import storage_start_of
from graphviz_app.tracer.originals import grad_of
from graphviz_app.tracer.strided import within_storage

if TYPE_CHECKING:
    import torch

    from graphviz_app.tracer.leaf import Leaf

_MANY = 16
"""Of more leaves than this in one storage, not all are compared with each write on it."""


class Storages:
    """Leaves by where the storage begins in which their elements lie, or those of their `.grad`.

    Nearly every storage is one leaf's alone. Where it is that of many, as where all parameters are parts of one buffer,
    they are also known by where in it they lie.
    """

    def __init__(self) -> None:
        self._leaves: dict[int, dict[int, Leaf]] = {}
        self._spans: dict[int, _Spans] = {}

    def __len__(self) -> int:
        """How many storages are known."""
        return len(self._leaves)

    def __contains__(self, start: int) -> bool:
        """Whether leaves lie in the storage that begins there, as far as is known."""
        return start in self._leaves

    def is_shared(self, start: int) -> bool:
        """Whether several do."""
        return len(self._leaves.get(start, ())) > 1

    def has_many(self, start: int) -> bool:
        """Whether so many do that it matters where."""
        return start in self._spans

    def put(self, leaf: Leaf, tensor: torch.Tensor, *, is_grad: bool) -> int:
        """Note where a leaf's elements lie, or those of its `.grad`; where their storage begins, 0 where nowhere."""
        start = storage_start_of(tensor)
        if start:
            here = self._leaves.setdefault(start, {})
            here[leaf.number] = leaf
            if len(here) > _MANY:
                spans = self._spans.get(start)
                if spans is None:
                    self._spans[start] = _spans_of(start, here)
                else:
                    spans.put(_key(leaf, is_grad), within_storage(tensor))
        return start

    def take(self, start: int, leaf: Leaf, *, is_grad: bool) -> None:
        """A leaf's elements, or those of its `.grad`, lie there no more."""
        if start in self._spans:
            self._spans[start].remove(_key(leaf, is_grad))
        if start != (leaf.start if is_grad else leaf.grad_start):
            self.drop(start, leaf)

    def drop(self, start: int, leaf: Leaf) -> None:
        """Nothing of a leaf lies there."""
        here = self._leaves.get(start)
        if here is None or here.pop(leaf.number, None) is None:
            return
        if not here:
            del self._leaves[start]
        if start in self._spans:
            for is_grad in (False, True):
                self._spans[start].remove(_key(leaf, is_grad))
            if not here:
                del self._spans[start]

    def near(self, start: int, written: torch.Tensor) -> list[Leaf]:
        """The leaves in a storage that may have elements where a tensor's lie."""
        here, spans = self._leaves[start], self._spans.get(start)
        if spans is None:
            return list(here.values())
        numbers = dict.fromkeys([key >> 1 for key in spans.near(*within_storage(written))])
        return [here[number] for number in numbers if number in here]


class _Spans:
    """From which byte of a storage to which the elements of each leaf lie.

    They are in order by the first byte, among those of about the same length: what reaches into a span begins no
    further before it than that is long.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._by_length: dict[int, list[tuple[int, int]]] = {}

    def put(self, key: int, span: tuple[int, int]) -> None:
        if self._known.get(key) != span:
            self.remove(key)
            self._known[key] = span
            insort(self._by_length.setdefault(_bits(span), []), (span[0], key))

    def remove(self, key: int) -> None:
        span = self._known.pop(key, None)
        if span is not None:
            row = self._by_length[_bits(span)]
            del row[bisect_left(row, (span[0], key))]

    def near(self, first: int, end: int) -> list[int]:
        found: list[int] = []
        for bits, row in self._by_length.items():
            here = row[bisect_left(row, (first - (1 << bits), 0)) : bisect_left(row, (end, 0))]
            found += [key for _, key in here]
        return found


def _key(leaf: Leaf, is_grad: bool) -> int:
    return leaf.number << 1 | is_grad


def _bits(span: tuple[int, int]) -> int:
    return (span[1] - span[0]).bit_length()


def _spans_of(start: int, leaves: dict[int, Leaf]) -> _Spans:
    spans = _Spans()
    for leaf in leaves.values():
        tensor = leaf.tracked.tensor()
        if tensor is not None and storage_start_of(tensor) == start:
            spans.put(_key(leaf, is_grad=False), within_storage(tensor))
        grad = None if tensor is None or leaf.grad is None else grad_of(tensor)
        if grad is not None and storage_start_of(grad) == start:
            spans.put(_key(leaf, is_grad=True), within_storage(grad))
    return spans
