"""What became of every leaf: its `.grad` and its value, compared with what they were when last seen."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from threading import get_ident
from typing import TYPE_CHECKING, Any

import torch
from msgspec.structs import replace

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer.identity import ORDINARY
from graphviz_app.tracer.leaf import UNSEEN, Change, Leaf, Writing, is_cleared, is_untouched, is_zero
from graphviz_app.tracer.leaf_names import LeafNames
from graphviz_app.tracer.memory import address_of, storage_start_of
from graphviz_app.tracer.originals import grad_of, is_view, version_of
from graphviz_app.tracer.storages import Storages
from graphviz_app.tracer.strided import is_within, overlap
from graphviz_app.tracer.unlisted import list_again
from graphviz_app.tracer.values import are_same

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz_app.recording.values import TensorRecord
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.names import Names
    from graphviz_app.tracer.places import Place

_parameter = torch.nn.Parameter
_Alive = torch._C._WeakTensorRef
_LET_GO_AT = 4096
_IN_TURNS = 1000
"""How many leaves that a pass does not reach are compared with what they were when it begins, and when it ends."""


class Leaves:
    """All leaves met so far, and what changed about them.

    Attributes:
        names: What they are called.
    """

    def __init__(self, core: Core, names: Names) -> None:
        self._core = core
        self.names = LeafNames(names, self._tell)
        self._all: list[Leaf] = []
        self._count = 0
        self._let_go_at = _LET_GO_AT
        self._by_grad: dict[int, Leaf] = {}
        self._storages = Storages()
        self._by_memory: dict[int, dict[int, Leaf]] = {}
        # Where in all of them the next comparison begins.
        self._turn = 0
        # What became of leaves in the line that is running, by number and whether it is their `.grad`: told when the
        # program moves on.
        self._changes: dict[tuple[int, bool], Change] = {}

    def meet(self, tensor: torch.Tensor, frame: Any = None, *, node: bool = True) -> Leaf:
        """The leaf that a tensor is; announced when it is met for the first time."""
        tracked = self._core.tensors.track(tensor)
        leaf = tracked.leaf
        if leaf is not None:
            if node and leaf.node == ev.NONE:
                leaf.node = self._announce_node(leaf)
            return leaf
        tracked.live_in(tensor)
        leaf = Leaf(tracked, self._count, f"leaf{self._count}")
        self._count += 1
        tracked.leaf = leaf
        self._all.append(leaf)
        if len(self._all) > self._let_go_at:
            # A program that never calls backward makes leaves too.
            self._let_go_of_gone()
        self.names.meet(leaf, tensor, frame)
        self._remember(leaf, tensor)
        leaf.retains_grad = not node
        self._tell(leaf, tensor, leaf.value)
        self._see_grad(leaf, tensor)
        if leaf.grad_value != ev.NONE:
            event = ev.GradWritten(leaf.number, ev.NONE, leaf.grad_value, None, "something before the recording")
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

    def name_of_number(self, number: int) -> str:
        """What the program calls a leaf; "" where it is not known, or there is no such leaf."""
        return next((leaf.name for leaf in self._all if leaf.number == number and leaf.is_named), "")

    def touch(
        self,
        tensors: Iterable[torch.Tensor],
        place: Place | None,
        *,
        text: str = "",
        grad_alone: bool = False,
        is_users: bool = False,
        unseen: bool = False,
        is_recorded: bool = False,
    ) -> None:
        """An operation has just written on these tensors, or set an attribute; they may be leaves, or belong to some.

        Args:
            tensors: What was written on.
            place: The place from which it was.
            text: What to say of it, if not what stands at that place.
            grad_alone: Whether it was the `.grad` of these tensors that was set, not a value.
            is_users: Whether the program itself did it, not a library on its behalf.
            unseen: Whether their versions may not tell of it.
            is_recorded: Whether an operation wrote, and has recorded what.
        """
        tensors_of = self._core.tensors
        writing = Writing(place, text or _text_of(place), is_users, unseen, is_recorded)
        for tensor in tensors:
            tracked = tensors_of.known(tensor)
            leaf = tracked.leaf if tracked is not None else None
            is_grad = grad_alone
            if leaf is None:
                leaf, is_grad = self._by_grad.get(tensor._cdata), True
            if leaf is not None:
                self._touch(leaf, writing, value=not is_grad, grad=is_grad)
                start = leaf.grad_start if is_grad else leaf.start
                if not grad_alone and self._storages.is_shared(start):
                    self._touch_memory(tensor, start, writing, leaf)
            elif start := storage_start_of(tensor):
                if start in self._storages:
                    self._touch_memory(tensor, start, writing)
            elif is_view(tensor) or tensor.layout is not torch.strided:
                # It may be a part of any leaf.
                for each in self._all:
                    self._touch(each, writing, value=True, grad=True)
        if self._core.is_within_pass:
            # From within a pass, which may add to that very `.grad` next.
            self.settle()

    def are_known(self, tensors: Iterable[torch.Tensor]) -> bool:
        """Whether any of these tensors is a leaf, or a leaf's `.grad`."""
        known = self._core.tensors.known
        return any(
            tensor._cdata in self._by_grad or ((tracked := known(tensor)) is not None and tracked.leaf is not None)
            for tensor in tensors
        )

    def is_grad(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor is a leaf's `.grad`, or a part of one."""
        if tensor._cdata in self._by_grad:
            return True
        start = storage_start_of(tensor)
        if start not in self._storages:
            return False
        for leaf in self._storages.near(start, tensor):
            whole = leaf.tracked.tensor() if leaf.grad_start == start else None
            grad = None if whole is None or leaf.grad is None else grad_of(whole)
            if grad is not None and storage_start_of(grad) == start and is_within(tensor, grad):
                return True
        return False

    def look_before(self, tensor: torch.Tensor) -> None:
        """The `.grad` of this tensor is about to be replaced: was it written on behind torch's back before?"""
        tracked = self._core.tensors.known(tensor)
        if tracked is not None and tracked.leaf is not None and tracked.leaf.grad is not None:
            self._check_grad(tracked.leaf, tensor, Writing(None, unseen=True))

    def _touch_memory(self, written: torch.Tensor, start: int, writing: Writing, but: Leaf | None = None) -> None:
        """An operation wrote on a tensor that lies, or may lie, where leaves or their `.grad`s do."""
        for leaf in self._storages.near(start, written):
            if leaf is but:
                continue
            tensor = leaf.tracked.tensor()
            grad = None if tensor is None or leaf.grad is None else grad_of(tensor)
            value_here, grad_here = [each is not None and storage_start_of(each) == start for each in (tensor, grad)]
            if not value_here and not grad_here:
                # It lies elsewhere by now.
                self._storages.drop(start, leaf)
                continue
            value, grad = value_here and overlap(written, tensor), grad_here and overlap(written, grad)
            if value or grad:
                self._touch(leaf, writing._replace(unseen=True), value=value, grad=grad)

    def _touch(self, leaf: Leaf, writing: Writing, *, value: bool, grad: bool) -> None:
        """Compare one leaf with what it was, at once: the next line may write on it again."""
        tensor = leaf.tracked.tensor()
        if tensor is None:
            return
        if grad:
            self._check_grad(leaf, tensor, writing)
        if value:
            self._check_value(leaf, tensor, writing)

    def _changed(self, change: Change, *, is_grad: bool) -> None:
        """Keep a change until the program moves on: an optimizer may write several times, and that is one update."""
        event = change.event
        key = (event.leaf, is_grad)
        earlier = self._changes.pop(key, None)
        if earlier is not None:
            one, other = earlier.writing, change.writing
            if one.place is other.place and not (one.is_users and other.is_users):
                after = self._core.values.recent(event.after)
                if earlier.was_zero and isinstance(event, ev.GradCleared) and is_zero(after):
                    return
                event = replace(event, before=earlier.event.before)
                if self._is_nothing(event):
                    return
                change = change._replace(event=event, was_zero=earlier.was_zero)
            else:
                self._core.log.add(earlier.event)
        self._changes[key] = change

    def _is_nothing(self, event: ev.GradCleared | ev.GradWritten | ev.LeafUpdated) -> bool:
        """Whether all is again as it was before."""
        before, after = self._core.values.recent(event.before), self._core.values.recent(event.after)
        if before is None or after is None:
            return event.before == event.after
        return before.data is not None and before.data == after.data

    def settle(self, place: Place | None = None) -> None:
        """The program moves on to another line: tell what became of the leaves that were written on."""
        if not self._changes:
            return
        for key, change in list(self._changes.items()):
            by = change.writing.place
            if place is None or by is None or by.site is not place.site:
                del self._changes[key]
                self._core.log.add(change.event)

    def tell_grads_before(self, written: Iterable[torch.Tensor]) -> None:
        """An operation, about to be told, wrote on these: what became of `.grad`s in the same line was before that.

        A `GradScaler` unscales them, and then lets an optimizer step. Of several writes on `.grad`s alone all is told
        at once.
        """
        if self._changes and not all(map(self.is_grad, written)):
            for key in [key for key in self._changes if key[1]]:
                self._core.log.add(self._changes.pop(key).event)

    def sweep(self, place: Place | None = None, *, reached: Iterable[Leaf] = (), thoroughly: bool = False) -> None:
        """Compare every leaf with what it was.

        What has changed, something unseen did, at no line that is known; where there is a place, that did it.

        What operations write bumps versions, and where it does not (`.data`), the leaf was touched. Elements are
        compared only where the program may write on them behind torch's back, or where it is asked for. Of many
        leaves, as a program has that keeps its data in them, each time others are looked at, besides those that a pass
        has reached.
        """
        few = thoroughly or not self.are_many
        if few:
            leaves = self._all
        else:
            leaves = self._all[self._turn : self._turn + _IN_TURNS]
            self._turn = self._turn + _IN_TURNS if len(leaves) == _IN_TURNS else 0
            leaves = [*leaves, *reached]
        is_any_gone = self.compare(leaves, place, thoroughly=thoroughly)
        if few and is_any_gone:
            self._let_go_of_gone()

    @property
    def are_many(self) -> bool:
        """Whether there are so many leaves that they are not all compared for each pass."""
        return len(self._all) > _IN_TURNS

    def compare(self, leaves: Iterable[Leaf], place: Place | None = None, *, thoroughly: bool = False) -> bool:
        """Compare these leaves with what they were, as `sweep` does all; says whether the tensor of any is no more."""
        self.settle()
        by_value = thoroughly or self._core.is_memory_lent
        writing = Writing(place, _text_of(place) or UNSEEN)
        here = get_ident()
        is_any_gone = False
        for leaf in leaves:
            tensor = leaf.tracked.tensor()
            if tensor is None:
                is_any_gone = is_any_gone or leaf.tracked.alive.expired()
            elif by_value or not is_untouched(leaf, tensor):
                # What another thread's pass has just added, that pass tells itself.
                if self._core.awaited.get(leaf.number, here) == here:
                    self._check_grad(leaf, tensor, writing, by_value=by_value)
                self._check_value(leaf, tensor, writing, by_value=by_value)
        self.settle()
        return is_any_gone

    def _let_go_of_gone(self) -> None:
        """Remember no leaves whose tensors are no more."""
        for leaf in self._all:
            if leaf.tracked.alive.expired():
                self._forget_grad(leaf)
                self._storages.drop(leaf.start, leaf)
                self.names.forget(leaf)
        self._all = [leaf for leaf in self._all if not leaf.tracked.alive.expired()]
        self._let_go_at = max(_LET_GO_AT, 2 * len(self._all))

    def _check_grad(self, leaf: Leaf, tensor: torch.Tensor, writing: Writing, *, by_value: bool = True) -> None:
        grad = grad_of(tensor) if tensor.is_leaf or tensor.retains_grad else None
        span, text, values = writing.span, writing.text, self._core.values
        before, old = leaf.grad_value, leaf.grad_record
        if grad is None:
            if before != ev.NONE:
                self._forget_grad(leaf)
                event = ev.GradCleared(leaf.number, before, ev.NONE, span, text)
                self._changed(Change(event, writing), is_grad=True)
            return
        if (
            leaf.has_grad(grad)
            and leaf.grad_version == version_of(grad)
            and self._holds(grad, old, before, by_value=by_value, unseen=writing.unseen)
        ):
            return
        if old is None and leaf.has_grad(grad) and values.has_figures(grad, before):
            # Another part of the memory in which it lies was written on, and that counts for all of it.
            leaf.grad_version = version_of(grad)
            return
        self._see_grad(leaf, tensor)
        if leaf.grad_value == before:
            return
        now = values.recent(leaf.grad_value)
        cleared = before != ev.NONE and is_cleared(now)
        was_zero = old is not None and is_zero(old)
        if cleared and was_zero and is_zero(now):
            return
        event = (ev.GradCleared if cleared else ev.GradWritten)(leaf.number, before, leaf.grad_value, span, text)
        self._changed(Change(event, writing, was_zero), is_grad=True)

    def _holds(
        self, tensor: torch.Tensor, record: TensorRecord | None, number: int, *, by_value: bool, unseen: bool
    ) -> bool:
        """Whether a tensor of the same version still holds what was recorded.

        `.data` writes and numpy views leave the version alone. Elements are known of small tensors, figures of large.
        """
        values = self._core.values
        if record is None:
            return not unseen or values.has_figures(tensor, number)
        return not by_value or values.is_still(tensor, record)

    def _check_value(self, leaf: Leaf, tensor: torch.Tensor, writing: Writing, *, by_value: bool = True) -> None:
        values, tracked, version = self._core.values, leaf.tracked, version_of(tensor)
        known = leaf.record
        if leaf.version == version and tracked.address == address_of(tensor):
            if self._holds(tensor, known, leaf.value, by_value=by_value, unseen=writing.unseen):
                return
            number = ev.NONE
        else:
            # The operation that wrote on it has recorded what it wrote.
            number = tracked.value if tracked.version == version and tracked.value != leaf.value else ev.NONE
        record = values.recent(number)
        if record is None or writing.unseen or not (writing.is_recorded or values.is_still(tensor, record)):
            record, number = values.read(tensor), ev.NONE
        # What was written on may have been another part of the memory in which it lies, which counts for all of it.
        known = known or values.recent(leaf.value)
        if known is not None and are_same(record, known):
            tracked.value = leaf.value
            self._note_where(leaf, tensor)
            return
        before = leaf.value
        tracked.value = values.keep(record) if number == ev.NONE else number
        self._note_value(leaf, tensor, record)
        if before != ev.NONE:
            event = ev.LeafUpdated(leaf.number, before, leaf.value, writing.span, writing.text)
            self._changed(Change(event, writing), is_grad=False)

    def accumulated(self, leaf: Leaf, tensor: torch.Tensor, grad: torch.Tensor | None) -> tuple[int, int]:
        """`.grad` before and after an accumulation that has just happened."""
        before = leaf.grad_value
        if grad is None:
            self._forget_grad(leaf)
        else:
            self._see_grad(leaf, tensor, grad, fresh=True)
        return before, leaf.grad_value

    def adopted(self, leaf: Leaf, grad: torch.Tensor, contribution: int) -> None:
        """`.grad` was None and took the contribution as it was."""
        self._hold_grad(leaf, grad, contribution, self._core.values.recent(contribution))

    def tell_sharers(self, leaf: Leaf) -> None:
        """An accumulation wrote on a leaf's `.grad`: tell of the leaves whose `.grad` lies in the same memory.

        torch lets leaves share it where they got parts of one expanded gradient (`torch.stack([a, b]).sum()`).
        """
        sharers = self._by_memory.get(leaf.grad_memory, {})
        if len(sharers) > 1:
            for each in list(sharers.values()):
                if each is not leaf and (tensor := each.tracked.tensor()) is not None:
                    self._check_grad(
                        each, tensor, Writing(None, f"what was added to {leaf.name}.grad, in the same memory")
                    )
            self.settle()

    def _see_grad(
        self, leaf: Leaf, tensor: torch.Tensor, grad: torch.Tensor | None = None, *, fresh: bool = False
    ) -> None:
        if grad is None:
            grad = grad_of(tensor) if tensor.is_leaf or tensor.retains_grad else None
        if grad is None:
            self._forget_grad(leaf)
            return
        record = self._core.values.read(grad)
        same = not fresh and record.data is not None and leaf.grad_record == record
        self._hold_grad(leaf, grad, leaf.grad_value if same else self._core.values.keep(record), record)

    def _hold_grad(self, leaf: Leaf, grad: torch.Tensor, number: int, record: TensorRecord | None) -> None:
        """Note what a leaf's `.grad` is now."""
        if not leaf.has_grad(grad):
            self._by_grad.pop(leaf.grad_address, None)
            leaf.grad, leaf.grad_address = _Alive(grad), grad._cdata
            self._by_grad[leaf.grad_address] = leaf
        memory = address_of(grad)
        if memory != leaf.grad_memory:
            self._leave_memory(leaf)
            if memory:
                leaf.grad_start = self._storages.put(leaf, grad, is_grad=True)
                leaf.grad_memory = memory
                self._by_memory.setdefault(memory, {})[leaf.number] = leaf
        elif self._storages.has_many(leaf.grad_start):
            self._storages.put(leaf, grad, is_grad=True)
        # Whoever takes `.grad` as an argument takes this very value.
        tracked = self._core.tensors.track(grad)
        tracked.value, tracked.version = number, version_of(grad)
        leaf.grad_value, leaf.grad_version = number, tracked.version
        leaf.grad_record = record if record is not None and record.data is not None else None

    def _forget_grad(self, leaf: Leaf) -> None:
        self._by_grad.pop(leaf.grad_address, None)
        self._leave_memory(leaf)
        leaf.grad, leaf.grad_address, leaf.grad_version = None, 0, -1
        leaf.grad_value, leaf.grad_record = ev.NONE, None

    def let_go_of_grad(self, grad: torch.Tensor) -> None:
        """Hold nothing of a tensor that may be a leaf's `.grad`; its value is compared when it is looked at next."""
        leaf = self._by_grad.pop(grad._cdata, None)
        if leaf is not None:
            self._leave_memory(leaf)
            leaf.grad, leaf.grad_address, leaf.grad_version = None, 0, -1

    def end(self) -> None:
        """Nobody follows the program any more: its leaves get their last names, and the collector knows their `.grad`s.

        Those are listed again, which were not while somebody followed what the program reads.
        """
        self.names.look_at_end(self._all)
        for leaf in self._all:
            tensor = leaf.tracked.tensor()
            if tensor is not None and leaf.grad is not None:
                list_again(grad_of(tensor))

    def _leave_memory(self, leaf: Leaf) -> None:
        if leaf.grad_memory:
            sharers = self._by_memory.get(leaf.grad_memory, {})
            sharers.pop(leaf.number, None)
            if not sharers:
                self._by_memory.pop(leaf.grad_memory, None)
            leaf.grad_memory = 0
            # Every pass may put its gradients elsewhere: what lay there before is not to be remembered for ever.
            self._storages.take(leaf.grad_start, leaf, is_grad=True)
            leaf.grad_start = 0

    def _remember(self, leaf: Leaf, tensor: torch.Tensor) -> None:
        """Note the value of a leaf that has just been met."""
        tracked, values = leaf.tracked, self._core.values
        known = tracked.value != ev.NONE and tracked.version == version_of(tensor)
        record = values.recent(tracked.value) if known else None
        if record is None:
            record = values.read(tensor)
            tracked.value = values.keep(record)
        self._note_value(leaf, tensor, record)

    def _note_value(self, leaf: Leaf, tensor: torch.Tensor, record: TensorRecord) -> None:
        leaf.record = record if record.data is not None else None
        leaf.value = leaf.tracked.value
        self._note_where(leaf, tensor)

    def _note_where(self, leaf: Leaf, tensor: torch.Tensor) -> None:
        """Note where the elements of a leaf lie, and at which version it was seen."""
        tracked = leaf.tracked
        leaf.version = tracked.version = version_of(tensor)
        address = address_of(tensor)
        if address != tracked.address or self._storages.has_many(leaf.start):
            tracked.address, before = address, leaf.start
            leaf.start = self._storages.put(leaf, tensor, is_grad=False)
            if leaf.start != before:
                self._storages.take(before, leaf, is_grad=False)

    def _tell(self, leaf: Leaf, tensor: torch.Tensor | None, value: int = ev.NONE) -> None:
        """Announce a leaf, or what it is called since; without a tensor a parameter that is no more."""
        # Asked in full, a parameter's class looks for an attribute, which may be the program's own code. Only tensors
        # of other classes carry it; to look for it in any other would make a `__dict__` that was not there.
        is_parameter = (
            tensor is None
            or issubclass(type(tensor), _parameter)
            or (type(tensor) not in ORDINARY and bool(object.__getattribute__(tensor, "__dict__").get("_is_param")))
        )
        self._core.log.add(
            ev.LeafFound(leaf.number, leaf.tracked.number, leaf.name, value, is_parameter, leaf.retains_grad)
        )


def _text_of(place: Place | None) -> str:
    return "" if place is None else place.site.text
