"""Which tensor is which, and which node: numbers that last exactly as long as the things themselves.

Nothing here keeps a tensor or a node alive, and nothing is left where a program could see it.
"""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from graphviz_app.tracer.leaves import Leaf

_ref = weakref.ref
_SWEEP_AT = 4096
_SPENT_KEPT = 100_000
UNNUMBERED = (1 << 64) - 1
"""The sequence number of nodes that have none: `AccumulateGrad`."""


class Tracked:
    """What is known of one tensor object.

    Attributes:
        ref: To the tensor.
        number: Its number.
        version: The version at which `value` was recorded.
        address: Where its elements lay then.
        value: The value's number, NONE before any.
        node: Its `grad_fn`'s number, NONE while unknown or none.
        slot: Its `output_nr`.
        node_version: The version at which `node` was read; later ones may have another node.
        name: The name that was last given to it.
        leaf: What is known of it as a leaf.
    """

    __slots__ = ("address", "leaf", "name", "node", "node_version", "number", "ref", "slot", "value", "version")

    def __init__(self, tensor: torch.Tensor, number: int) -> None:
        self.ref = _ref(tensor)
        self.number = number
        self.version = -1
        self.address = 0
        self.value = ev.NONE
        self.node = ev.NONE
        self.slot = 0
        self.node_version = -1
        self.name = ""
        self.leaf: Leaf | None = None


class TensorTable:
    """Numbers of tensor objects, by `id` and weak reference: an id that is used again is another tensor."""

    def __init__(self) -> None:
        self._tracked: dict[int, Tracked] = {}
        self._count = 0
        self._sweep_at = _SWEEP_AT

    def track(self, tensor: torch.Tensor) -> Tracked:
        """What is known of a tensor, which may be nothing yet."""
        tracked = self._tracked.get(id(tensor))
        if tracked is not None and tracked.ref() is tensor:
            return tracked
        tracked = Tracked(tensor, self._count)
        self._count += 1
        self._tracked[id(tensor)] = tracked
        if len(self._tracked) > self._sweep_at:
            self._sweep()
        return tracked

    def known(self, tensor: object) -> Tracked | None:
        """What is known of a tensor, None where it was never met."""
        tracked = self._tracked.get(id(tensor))
        return tracked if tracked is not None and tracked.ref() is tensor else None

    def _sweep(self) -> None:
        for key, tracked in list(self._tracked.items()):
            if tracked.ref() is None:
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
        return number

    def spend(self, sequences: list[int]) -> None:
        """These nodes ran and let go of what they had saved: forget the oldest of their kind after a while."""
        self._spent.extend(sequences)
        if len(self._spent) > 2 * _SPENT_KEPT:
            for sequence in self._spent[:-_SPENT_KEPT]:
                self._numbers.pop(sequence, None)
            del self._spent[:-_SPENT_KEPT]
