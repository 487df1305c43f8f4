"""What became of every leaf: its `.grad` and its value, compared with what they were when last seen."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.recording import events as ev
from graphviz_app.tracer.memory import READABLE, address_of, array_of
from graphviz_app.tracer.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from graphviz_app.recording.values import TensorRecord
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.places import Place

_parameter = torch.nn.Parameter
_ref = weakref.ref
_Alive = torch._C._WeakTensorRef
_SMALL = 4096
_TRIES = 3
_MEMORIES_KEPT = 100_000


class Leaf:
    """What is known of a leaf.

    Attributes:
        number: The leaf's number.
        node: The number of its `AccumulateGrad`, NONE for a tensor that only retains its grad.
        tracked: The tensor.
        name: The program's name for it.
        tries: How often a name was looked for in vain.
        is_named: Whether that is a name from the program, not one of ours.
        grad: torch's own weak reference to the `.grad` that was last seen, None where there was none.
        grad_address: The address of that tensor's C++ object, which is its own while `grad` exists.
        grad_version: Its version then.
        grad_value: Its value then, NONE where `.grad` was None.
        grad_record: That value itself, while it is small.
        value: The leaf's own value when last seen.
        version: Its version then.
        record: That value itself, while it is small.
    """

    __slots__ = (
        "grad",
        "grad_address",
        "grad_record",
        "grad_value",
        "grad_version",
        "is_named",
        "name",
        "node",
        "number",
        "record",
        "retains_grad",
        "tracked",
        "tries",
        "value",
        "version",
    )

    def __init__(self, tracked: Tracked, number: int, node: int) -> None:
        self.tracked = tracked
        self.number = number
        self.node = node
        self.name = f"leaf{number}"
        self.is_named = False
        self.tries = 0
        self.grad: Any = None
        self.grad_address = 0
        self.grad_version = -1
        self.grad_value = ev.NONE
        self.grad_record: TensorRecord | None = None
        self.value = ev.NONE
        self.version = -1
        self.record: TensorRecord | None = None
        self.retains_grad = False


class Leaves:
    """All leaves met so far, and what changed about them."""

    def __init__(self, core: Core, name_of: Callable[[torch.Tensor, Any], str]) -> None:
        self._core = core
        self._name_of = name_of
        self._all: list[Leaf] = []
        self._count = 0
        self._gone = False
        self._by_grad: dict[int, Leaf] = {}
        self._by_address: dict[int, Leaf] = {}
        # By the address of the elements of a `.grad`: torch gives some leaves one memory for both of theirs.
        self._by_grad_memory: dict[int, Leaf] = {}
        self._sharing: dict[int, set[Leaf]] = {}
        # Leaves that an operation wrote on, and the place from which it did: told when the program moves on.
        self._touched: dict[int, tuple[Leaf, Place | None]] = {}

    def meet(self, tensor: torch.Tensor, frame: Any = None, *, node: bool = True) -> Leaf:
        """The leaf that a tensor is; announced when it is met for the first time."""
        tracked = self._core.tensors.track(tensor)
        leaf = tracked.leaf
        if leaf is not None:
            if node and leaf.node == ev.NONE:
                leaf.node = self._announce_node(leaf)
            return leaf
        tracked.ref = _ref(tensor)
        leaf = Leaf(tracked, self._count, ev.NONE)
        self._count += 1
        tracked.leaf = leaf
        self._all.append(leaf)
        name = self._name_of(tensor, frame)
        if name:
            leaf.name, leaf.is_named = name, True
        self._remember(leaf, tensor)
        leaf.retains_grad = not node
        self._tell(leaf, tensor, leaf.value)
        self._see_grad(leaf, tensor)
        if leaf.grad_value != ev.NONE:
            event = ev.GradWritten(leaf.number, ev.NONE, leaf.grad_value, None, "before the recording saw it")
            self._core.log.add(event)
        if node:
            leaf.node = self._announce_node(leaf)
        return leaf

    def _announce_node(self, leaf: Leaf) -> int:
        number = self._core.nodes.next()
        self._core.log.add(
            ev.NodesMade((ev.Node(number, "AccumulateGrad", leaf=leaf.number, tensor=leaf.tracked.number),), ())
        )
        return number

    def rename(self, frame: Any = None) -> None:
        """Look again for names of the leaves that have none."""
        for leaf in self._all:
            if not leaf.is_named and (frame is None or leaf.tries < _TRIES):
                leaf.tries += 1
                tensor = leaf.tracked.ref()
                if tensor is not None and (name := self._name_of(tensor, frame)):
                    leaf.name, leaf.is_named = name, True
                    self._tell(leaf, tensor, ev.NONE)

    def touch(self, tensors: Iterable[torch.Tensor], place: Place | None) -> None:
        """An operation wrote on these tensors, or set an attribute of theirs; they may be leaves, or belong to some."""
        tensors_of = self._core.tensors
        for tensor in tensors:
            tracked = tensors_of.known(tensor)
            leaf = tracked.leaf if tracked is not None else None
            if leaf is None:
                leaf = self._by_grad.get(tensor._cdata)
            if leaf is None:
                leaf = self._by_address.get(address_of(tensor))
            if leaf is not None:
                self._touch(leaf, place)
            elif tensor._is_view() or tensor.layout is not torch.strided:
                # It may be a part of any leaf.
                for each in self._all:
                    self._touched.setdefault(each.number, (each, place))

    def _touch(self, leaf: Leaf, place: Place | None) -> None:
        earlier = self._touched.get(leaf.number)
        if earlier is not None and earlier[1] is not place:
            self.check(leaf, earlier[1])
        self._touched[leaf.number] = (leaf, place)

    def settle(self, place: Place | None = None) -> None:
        """The program moves on to another line: tell what became of the leaves that were written on."""
        if not self._touched:
            return
        for number, (leaf, by) in list(self._touched.items()):
            # An optimizer writes several times on a leaf within one line of the program: that is one update.
            if place is None or by is None or by.site is not place.site:
                del self._touched[number]
                self.check(leaf, by)

    def sweep(self, place: Place | None = None) -> None:
        """Compare every leaf with what it was."""
        self.settle()
        for leaf in self._all:
            tensor = leaf.tracked.ref()
            if tensor is not None:
                self._check_grad(leaf, tensor, place)
                self._check_value(leaf, tensor, place)
            elif leaf.tracked.alive.expired():
                self._gone = True
        if self._gone:
            self._gone = False
            self._all = [leaf for leaf in self._all if not leaf.tracked.alive.expired()]
            self._by_address = {leaf.tracked.address: leaf for leaf in self._all if leaf.tracked.address}

    def check(self, leaf: Leaf, place: Place | None) -> None:
        """Compare one leaf with what it was, and tell what changed."""
        tensor = leaf.tracked.ref()
        if tensor is None:
            return
        self._check_grad(leaf, tensor, place)
        self._check_value(leaf, tensor, place)

    def _check_grad(self, leaf: Leaf, tensor: torch.Tensor, place: Place | None) -> None:
        grad = tensor.grad if tensor.is_leaf or tensor.retains_grad else None
        if grad is None:
            if leaf.grad_value != ev.NONE:
                before = leaf.grad_value
                self._forget_grad(leaf)
                self._core.log.add(ev.GradCleared(leaf.number, before, ev.NONE, *_by(place)))
            return
        if leaf.grad is not None and leaf.grad_address == grad._cdata and self._same_grad(leaf, grad):
            return
        before, old = leaf.grad_value, leaf.grad_record
        self._see_grad(leaf, tensor)
        if leaf.grad_value == before:
            return
        cleared = before != ev.NONE and _is_zero(leaf.grad_record, grad)
        if cleared and old is not None and _is_zero(old, None):
            return
        event = ev.GradCleared if cleared else ev.GradWritten
        self._core.log.add(event(leaf.number, before, leaf.grad_value, *_by(place)))

    def _same_grad(self, leaf: Leaf, grad: torch.Tensor) -> bool:
        if leaf.grad_version != version_of(grad):
            return False
        # `.data` writes and numpy views leave the version alone.
        return leaf.grad_record is None or self._core.values.is_still(grad, leaf.grad_record)

    def _check_value(self, leaf: Leaf, tensor: torch.Tensor, place: Place | None) -> None:
        same_place = leaf.version == version_of(tensor) and leaf.tracked.address == address_of(tensor)
        if same_place and (leaf.record is None or self._core.values.is_still(tensor, leaf.record)):
            return
        record = self._core.values.read(tensor)
        known = leaf.record
        if known is not None and record.data == known.data and record.shape == known.shape and record.data is not None:
            leaf.version = leaf.tracked.version = version_of(tensor)
            leaf.tracked.address = address_of(tensor)
            return
        before = leaf.value
        self._remember(leaf, tensor, record)
        if before != ev.NONE:
            self._core.log.add(ev.LeafUpdated(leaf.number, before, leaf.value, *_by(place)))

    def accumulated(self, leaf: Leaf, tensor: torch.Tensor, grad: torch.Tensor | None) -> tuple[int, int]:
        """`.grad` before and after an accumulation that has just happened."""
        before = leaf.grad_value
        if grad is None:
            self._forget_grad(leaf)
        else:
            self._see_grad(leaf, tensor, grad, fresh=True)
            if self._sharing:
                self._tell_sharing(leaf)
        return before, leaf.grad_value

    def adopted(self, leaf: Leaf, grad: torch.Tensor, contribution: int) -> None:
        """`.grad` was None and took the contribution as it was."""
        record = self._core.values.recent(contribution)
        self._by_grad.pop(leaf.grad_address, None)
        leaf.grad, leaf.grad_address = _Alive(grad), grad._cdata
        self._by_grad[leaf.grad_address] = leaf
        leaf.grad_value, leaf.grad_version = contribution, version_of(grad)
        leaf.grad_record = record if record is not None and record.data is not None else None
        memory = address_of(grad)
        other = self._by_grad_memory.get(memory)
        if other is not None and other is not leaf and memory and other.grad is not None and not other.grad.expired():
            self._share(leaf, other)
        self._by_grad_memory[memory] = leaf
        if len(self._by_grad_memory) > _MEMORIES_KEPT:
            self._by_grad_memory.clear()

    def _share(self, leaf: Leaf, other: Leaf) -> None:
        """Two leaves' `.grad`, as torch made them, lie in the same memory: what is added to one is added to both."""
        together = {leaf, other} | self._sharing.get(other.number, set())
        for each in together:
            self._sharing[each.number] = together

    def _tell_sharing(self, leaf: Leaf) -> None:
        for other in self._sharing.get(leaf.number, ()):
            tensor = other.tracked.ref()
            if other is not leaf and tensor is not None:
                self._check_grad(other, tensor, None)

    def set_aside(self, leaf: Leaf, number: int) -> None:
        """`.grad` was this value, though it may be gone again by now."""
        self._forget_grad(leaf)
        leaf.grad_value = number

    def _see_grad(
        self, leaf: Leaf, tensor: torch.Tensor, grad: torch.Tensor | None = None, *, fresh: bool = False
    ) -> None:
        if grad is None:
            grad = tensor.grad if tensor.is_leaf or tensor.retains_grad else None
        if grad is None:
            self._forget_grad(leaf)
            return
        record = self._core.values.read(grad)
        same = not fresh and record.data is not None and leaf.grad_record == record
        if not same:
            leaf.grad_value = self._core.values.keep(record)
        if leaf.grad is None or leaf.grad_address != grad._cdata:
            self._by_grad.pop(leaf.grad_address, None)
            leaf.grad, leaf.grad_address = _Alive(grad), grad._cdata
            self._by_grad[leaf.grad_address] = leaf
        leaf.grad_version = version_of(grad)
        leaf.grad_record = record if record.data is not None else None

    def _forget_grad(self, leaf: Leaf) -> None:
        self._by_grad.pop(leaf.grad_address, None)
        leaf.grad, leaf.grad_address, leaf.grad_version = None, 0, -1
        leaf.grad_value, leaf.grad_record = ev.NONE, None

    def _remember(self, leaf: Leaf, tensor: torch.Tensor, record: TensorRecord | None = None) -> None:
        tracked, version = leaf.tracked, version_of(tensor)
        known = record is None and tracked.value != ev.NONE and tracked.version == version
        if not known or tensor.numel() <= _SMALL:
            record = record or self._core.values.read(tensor)
            leaf.record = record if record.data is not None else None
            if not known:
                tracked.value = self._core.values.keep(record)
        leaf.value = tracked.value
        leaf.version = tracked.version = version
        tracked.address = address_of(tensor)
        if tracked.address:
            self._by_address[tracked.address] = leaf

    def _tell(self, leaf: Leaf, tensor: torch.Tensor, value: int) -> None:
        is_parameter = isinstance(tensor, _parameter)
        self._core.log.add(
            ev.LeafFound(leaf.number, leaf.tracked.number, leaf.name, value, is_parameter, leaf.retains_grad)
        )


def version_of(tensor: torch.Tensor) -> int:
    """The version counter; 0 for inference tensors, which keep none."""
    return 0 if tensor.is_inference() else tensor._version


def _by(place: Place | None) -> tuple[ev.Span | None, str]:
    return (None, "") if place is None else (place.span, place.site.text)


def _is_zero(record: TensorRecord | None, tensor: torch.Tensor | None) -> bool:
    if record is not None and record.data is not None:
        return not any(record.data)
    return tensor is not None and tensor.numel() > 0 and not tensor.is_sparse and bool(_all_zero(tensor))


def _all_zero(tensor: torch.Tensor) -> bool:
    if not tensor.is_cpu or tensor.layout is not torch.strided or tensor.dtype not in READABLE:
        return False
    array = array_of(tensor, READABLE[tensor.dtype][1])
    return array is not None and not array.any()
