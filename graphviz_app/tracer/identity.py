"""Which tensor is which, and which node: numbers that last exactly as long as the things themselves.

Nothing here keeps a tensor or a node alive, and nothing is left where a program could see it.
"""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.recording import events as ev
from graphviz_app.tracer import deep
from graphviz_app.tracer.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.tracer.leaves import Leaf

_Alive = torch._C._WeakTensorRef
_SWEEP_AT = 4096
_SPENT_KEPT = 100_000
UNNUMBERED = (1 << 64) - 1
"""The sequence number of nodes that have none: `AccumulateGrad`."""


def _nothing() -> None:
    """What the weak reference of a tensor that is no leaf gives."""


class Tracked:
    """What is known of one tensor object.

    Attributes:
        alive: A weak reference of torch's own: it can only tell whether the tensor still lives, and no program sees
            it. While it exists, the tensor's address is nobody else's.
        ref: To the tensor, for leaves alone; a program could count it.
        number: Its number.
        version: The version at which `value` was recorded.
        address: Where its elements lay then.
        value: The value's number, NONE before any.
        node: Its `grad_fn`'s number, NONE while unknown or none.
        slot: Its `output_nr`.
        name: The name that was last given to it.
        leaf: What is known of it as a leaf.
        saved: The latest nodes that saved it for backward, each with the version that it saved.
    """

    __slots__ = ("address", "alive", "leaf", "name", "node", "number", "ref", "saved", "slot", "value", "version")

    def __init__(self, tensor: torch.Tensor, number: int) -> None:
        self.alive = _Alive(tensor)
        self.ref: Callable[[], torch.Tensor | None] = _nothing
        self.number = number
        self.version = -1
        self.address = 0
        self.value = ev.NONE
        self.node = ev.NONE
        self.slot = 0
        self.name = ""
        self.leaf: Leaf | None = None
        self.saved: list[tuple[int, int]] | None = None


class TensorTable:
    """Numbers of tensors, by the addresses of their C++ objects."""

    def __init__(self) -> None:
        self._tracked: dict[int, Tracked] = {}
        self._count = 0
        self._sweep_at = _SWEEP_AT

    def track(self, tensor: torch.Tensor) -> Tracked:
        """What is known of a tensor, which may be nothing yet."""
        tracked = self._tracked.get(tensor._cdata)
        if tracked is not None:
            return tracked
        tracked = Tracked(tensor, self._count)
        self._count += 1
        self._tracked[tensor._cdata] = tracked
        if len(self._tracked) > self._sweep_at:
            self._sweep()
        return tracked

    def known(self, tensor: torch.Tensor) -> Tracked | None:
        """What is known of a tensor, None where it was never met."""
        return self._tracked.get(tensor._cdata)

    def _sweep(self) -> None:
        for key, tracked in list(self._tracked.items()):
            if tracked.alive.expired():
                self._tracked.pop(key, None)
        self._sweep_at = max(_SWEEP_AT, 2 * len(self._tracked))


class _Key:
    """The key of our number in the metadata of a node; nobody else can have it."""

    __slots__ = ()


class NodeTable:
    """Numbers of nodes.

    In the main thread a node is known by its sequence number, which grows by one per node made, so nothing is
    written on the node. Each thread counts for itself, so other threads' nodes carry their number in their
    `metadata`, which lives as long as the node does.
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._count = 0
        self._main = threading.main_thread().ident
        self._key = _Key()
        self._written: list[Any] = []
        self._spent: list[int] = []
        self._lock = threading.Lock()
        self._deep_at = deep.MANY

    def number(self, node: Any) -> int:
        """The number of a node that is no `AccumulateGrad`, NONE where it has none yet."""
        if self._written or threading.get_ident() != self._main:
            number = node.metadata.get(self._key)
            if number is not None:
                return number
        return self._numbers.get(node._sequence_nr(), ev.NONE)

    def assign(self, node: Any) -> int:
        """Give a node the next number."""
        number = self.next()
        sequence = node._sequence_nr()
        if threading.get_ident() == self._main and sequence != UNNUMBERED and sequence not in self._numbers:
            self._numbers[sequence] = number
        else:
            self._written.append(True)
            node.metadata[self._key] = number
        return number

    def next(self) -> int:
        """The next number, for a node that is known otherwise (an `AccumulateGrad`, by its leaf)."""
        with self._lock:
            number = self._count
            self._count += 1
        if number >= self._deep_at:
            self._deep_at = sys.maxsize
            deep.make_room()
        return number

    def spend(self, sequences: list[int]) -> None:
        """These nodes ran and let go of what they had saved: forget the oldest of their kind after a while."""
        self._spent.extend(sequences)
        self._deep_at += len(sequences)
        if len(self._spent) > 2 * _SPENT_KEPT:
            for sequence in self._spent[:-_SPENT_KEPT]:
                self._numbers.pop(sequence, None)
            del self._spent[:-_SPENT_KEPT]
