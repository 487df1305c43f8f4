"""Which tensor is which, and which node: numbers that last exactly as long as the things themselves.

Nothing here keeps a tensor or a node alive, and nothing is left where a program could see it.
"""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import ctypes
import itertools
import sys
import threading
from typing import Any

import msgspec
import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer import deep

_Alive = torch._C._WeakTensorRef
_thread_number = threading.get_ident
_reference_count = sys.getrefcount
_OURS_ALONE = 2
_SWEEP_AT = 4096
_SPENT_KEPT = 100_000
_UNSPENT_KEPT = 1_000_000
"""Of nodes that no backward pass runs, as where a model is only evaluated, nobody can tell which are no more."""
UNNUMBERED = (1 << 64) - 1
"""The sequence number of nodes that have none: `AccumulateGrad`."""


ORDINARY = frozenset({torch.Tensor, torch.nn.Parameter})
"""Classes of tensors with which torch deals by itself."""


def dispatches(tensor: torch.Tensor) -> bool:
    """Whether the class of a tensor implements torch's operations itself: whoever uses one runs the program's code."""
    kind = type(tensor)
    return kind not in ORDINARY and kind.__torch_dispatch__ is not torch._C._disabled_torch_dispatch_impl


def is_transformed(thing: Any) -> bool:
    """Whether it is a tensor of a function transform's or of the older vmap's, which may outlive the transform.

    `is_grads_batched` and vectorised Jacobians use the older vmap.
    """
    return isinstance(thing, torch.Tensor) and (
        torch._C._functorch.is_functorch_wrapped_tensor(thing) or "Batched" in torch._C._dispatch_key_set(thing)
    )


class _Held:
    """In place of the weak reference of a tensor that lives for certain."""

    @staticmethod
    def expired() -> bool:
        return False


_pointer = ctypes.c_void_p.from_address
_Custom = torch._C._FunctionBase
_references = ctypes.c_uint32.from_address
_object_at = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p)(("Py_NewRef", ctypes.pythonapi))


class Tracked(msgspec.Struct, eq=False, gc=False):
    """What is known of one tensor object.

    A struct of msgspec's because one is made for nearly every result of an operation, and those are made in C. The
    garbage collector does not count them, or the program's own collections would come more often; so whoever drops one
    takes it apart from its leaf, with which it makes a circle.

    Attributes:
        alive: A weak reference of torch's own: it can only tell whether the tensor still lives, and no program sees
            it. While it exists, the tensor's address is nobody else's.
        number: Its number.
        version: The version at which `value` was recorded.
        value: The value's number, NONE before any.
        node: Its `grad_fn`'s number, NONE while unknown or none.
        slot: Its `output_nr`.
        address: Where its elements lay then.
        name: The name that was last given to it.
        leaf: What is known of it as a leaf.
        saved: The latest node that saved it for backward, with the version that it saved and those that did so before.
        data_of: Where it comes from, if it is what `.data` gave and nothing was computed from it yet.
        is_data: Whether it is what `.data` gave: it shares the memory of another tensor, but not its version.
        object_id: The id of its Python object, for leaves alone, 0 for others.
        references: How many references that object has, where it has them.
    """

    alive: Any
    number: int
    version: int = -1
    value: int = ev.NONE
    node: int = ev.NONE
    slot: int = 0
    address: int = 0
    name: str = ""
    leaf: Any = None
    saved: Any = None
    data_of: Any = None
    is_data: bool = False
    object_id: int = 0
    references: Any = None

    def live_in(self, tensor: torch.Tensor) -> None:
        """From now on `tensor` finds this one, a leaf, by its Python object."""
        self.object_id = id(tensor)
        self.references = _references(self.object_id)

    def tensor(self) -> torch.Tensor | None:
        """The tensor itself, if it is a leaf that still lives.

        Not by a weak reference, which the program could count. torch keeps the Python object of a tensor for as long as
        the C++ object lives; only while it is just being destroyed, when no references are left, must it not be used.
        """
        place = self.object_id
        return _object_at(place) if place and not self.alive.expired() and self.references.value else None


class TensorTable:
    """Numbers of tensors, by the addresses of their C++ objects."""

    def __init__(self) -> None:
        # By the address of the C++ object. A weak reference keeps that address from being anybody else's, so an entry
        # is never another tensor's.
        self.by_address: dict[int, Tracked] = {}
        self._count = 0
        self._sweep_at = _SWEEP_AT

    @property
    def count(self) -> int:
        """How many tensors have been met."""
        return self._count

    def track(self, tensor: torch.Tensor) -> Tracked:
        """What is known of a tensor, which may be nothing yet."""
        address = tensor._cdata
        tracked = self.by_address.get(address)
        if tracked is None:
            tracked = self.by_address[address] = Tracked(_Alive(tensor), self._count)
            self._count += 1
            if len(self.by_address) > self._sweep_at:
                self._sweep()
        return tracked

    def known(self, tensor: torch.Tensor) -> Tracked | None:
        """What is known of a tensor, None where it was never met."""
        return self.by_address.get(tensor._cdata)

    def let_go(self, tensor: torch.Tensor) -> Tracked | None:
        """Hold nothing of a tensor for a while; what is known of it, for `take_up`."""
        tracked = self.by_address.pop(tensor._cdata, None)
        if tracked is not None:
            tracked.alive, tracked.object_id = _Held, 0
        return tracked

    def take_up(self, tensor: torch.Tensor, tracked: Tracked) -> None:
        """This is known of a tensor, whose C++ object may be another one by now."""
        tracked.alive, self.by_address[tensor._cdata] = _Alive(tensor), tracked
        if tracked.leaf is not None:
            tracked.live_in(tensor)

    def _sweep(self) -> None:
        for key, tracked in list(self.by_address.items()):
            if tracked.alive.expired():
                self.by_address.pop(key, None)
                tracked.leaf = None
        self._sweep_at = max(_SWEEP_AT, 2 * len(self.by_address))


def _address(node: Any) -> int:
    """Where a node's C++ object lies, to which its Python object points; a custom function's is part of it."""
    return id(node) if isinstance(node, _Custom) else _pointer(id(node) + object.__basicsize__).value or 0


# Before torch 2.13 a Python object was made anew each time a node was asked for, if nobody had kept the last one.
_KEEPS_OBJECTS = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 13)
identity_of = id if _KEEPS_OBJECTS else _address
"""What no other node has while this one lives."""


class NodeTable:
    """Numbers of nodes.

    In the main thread a node is known by its sequence number, which grows by one per node made. Each thread counts for
    itself, so other threads' nodes are known by their `metadata`: a dictionary that each has of its own. Nothing is
    written into it, which the program could read; while we hold it, its address is nobody else's. Once the engine runs
    nodes in threads of its own, as for a GPU, where nobody looks at what they make, the main thread's new nodes have to
    be told from those: by where they lie, and where their `metadata` does. That is not held: what the program has put
    into it would outlive the node.

    Attributes:
        are_hooked: Whether the program, or a library on its behalf, has put hooks on nodes.
    """

    def __init__(self) -> None:
        self.are_hooked = False
        # Nodes of the main thread; what others read of it holds only while `is_plain`.
        self.by_sequence: dict[int, int] = {}
        # Who they are (`identity_of`). Another thread's node may have the same sequence number, and have been made
        # where nobody looked: within a custom function, or in a thread of the engine's own.
        self.identities: dict[int, int] = {}
        # By sequence number: where the metadata lies of those that were numbered since there are others.
        self._metadata: dict[int, int] = {}
        self._are_others = False
        # No lock: a child that is forked while another thread holds it would wait forever.
        self._numbers = itertools.count()
        self._main = threading.main_thread().ident
        # By the ids of their metadata, and that metadata.
        self._elsewhere: dict[int, int] = {}
        self._held: dict[int, dict[Any, Any]] = {}
        self._sweep_at = _SWEEP_AT
        self._spent: list[int] = []
        self._deep_at = deep.MANY
        self._forget_at = _UNSPENT_KEPT

    @property
    def is_plain(self) -> bool:
        """Whether this is the main thread, and every numbered node is known by its sequence number."""
        return not self._are_others and not self._elsewhere and _thread_number() == self._main

    def expect_others(self) -> None:
        """From here on the engine may run nodes in threads of its own, and make others there, which count anew."""
        self._are_others = True

    def number(self, node: Any) -> int:
        """The number of a node that is no `AccumulateGrad`, NONE where it has none yet."""
        if self._are_others or self._elsewhere or _thread_number() != self._main:
            number = self._elsewhere.get(id(node.metadata))
            return self._mains(node) if number is None else number
        return self.by_sequence.get(node._sequence_nr(), ev.NONE)

    def _mains(self, node: Any) -> int:
        """The number of a node if it is one of the main thread's."""
        sequence = node._sequence_nr()
        if self.identities.get(sequence) != identity_of(node):
            return ev.NONE
        if self._metadata and self._metadata.get(sequence, id(node.metadata)) != id(node.metadata):
            return ev.NONE
        return self.by_sequence.get(sequence, ev.NONE)

    def can_be_new(self, node: Any) -> bool:
        """Whether a node, of one of the sequence numbers that this thread has just given, may have been made just now.

        In other threads than the main one an older node of the main thread's may have the same.
        """
        if _thread_number() != self._main:
            return id(node.metadata) not in self._elsewhere
        return self.number(node) == ev.NONE

    def assign(self, node: Any) -> int:
        """Give a node the next number."""
        number = self.next()
        sequence = node._sequence_nr()
        is_known_by_it = sequence != UNNUMBERED and sequence not in self.by_sequence
        if is_known_by_it and _thread_number() == self._main:
            self.by_sequence[sequence], self.identities[sequence] = number, identity_of(node)
            if self._are_others:
                self._metadata[sequence] = id(node.metadata)
        else:
            metadata = node.metadata
            self._elsewhere[id(metadata)], self._held[id(metadata)] = number, metadata
            if len(self._held) > self._sweep_at:
                self._sweep()
        return number

    def _sweep(self) -> None:
        """Let go of the metadata of nodes that are no more."""
        for key in list(self._held):
            if _reference_count(self._held[key]) == _OURS_ALONE:
                del self._elsewhere[key], self._held[key]
        self._sweep_at = max(_SWEEP_AT, 2 * len(self._held))

    def next(self) -> int:
        """The next number, for a node that is known otherwise (an `AccumulateGrad`, by its leaf)."""
        number = next(self._numbers)
        if number >= self._deep_at:
            self._deep_at = sys.maxsize
            deep.make_room()
        if number >= self._forget_at:
            self._forget_at = number + _UNSPENT_KEPT // 2
            self._forget(list(itertools.islice(self.by_sequence, max(0, len(self.by_sequence) - _UNSPENT_KEPT))))
        return number

    def spend(self, sequences: list[int]) -> None:
        """These nodes ran and let go of what they had saved: forget the oldest of their kind after a while."""
        self._spent.extend(sequences)
        self._deep_at += len(sequences)
        if len(self._spent) > 2 * _SPENT_KEPT:
            self._forget(self._spent[:-_SPENT_KEPT])
            del self._spent[:-_SPENT_KEPT]

    def _forget(self, sequences: list[int]) -> None:
        for sequence in sequences:
            self.by_sequence.pop(sequence, None)
            self.identities.pop(sequence, None)
            self._metadata.pop(sequence, None)
