"""The user's own hooks: which were registered where, so that a gradient that they changed can be shown as such."""

from __future__ import annotations

from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.utils.hooks import BackwardHook, RemovableHandle

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer import hygiene
from graphviz_app.tracer.kinds import FUNCTIONS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.tracer.calls import Call
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.leaf import Leaf
    from graphviz_app.tracer.node_hooks import Hooks
    from graphviz_app.tracer.places import Place


# Of anything else the class is named: an object of the program's may hear that it is asked.
_NAMED = FUNCTIONS | {type}
_LET_GO_AT = 4096
_REMOVED_AT = 16


class HookName(NamedTuple):
    """A hook of the user's."""

    name: str
    span: ev.Span | None


class Registered(NamedTuple):
    """A hook on a tensor.

    Attributes:
        number: How many were registered before it.
        slot: Of which output of its node the tensor is.
        key: Its key among that tensor's hooks.
        hooks: A weak reference to them, as torch keeps them.
        name: What to call it.
    """

    number: int
    slot: int
    key: int
    hooks: Callable[[], Hooks | None]
    name: HookName


class UserHooks:
    """Remembers the hooks that the program registered on tensors.

    Attributes:
        count: How many have been registered so far.
        retained: By node, its outputs whose `.grad` is kept: their slots, and what is known of them.
        nodes: The nodes of whose outputs any has hooks.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._by_node: dict[int, list[Registered]] = {}
        self._let_go_at = _LET_GO_AT
        self.count = 0
        # By the numbers of the leaves.
        self._retaining: dict[int, Leaf] = {}
        # By the nodes of leaves with hooks that run when they have got their gradients: weak references to those.
        self._after: dict[int, Callable[[], Hooks | None]] = {}
        self.retained: dict[int, list[tuple[int, Leaf]]] = {}
        self.nodes: set[int] = set()

    def registered(self, call: Call, place: Place | None) -> None:
        """The program called `register_hook`, `register_post_accumulate_grad_hook` or `retain_grad`."""
        args = call.args
        tensor = args[0]
        if not isinstance(tensor, torch.Tensor):
            return
        if call.kind is Kind.RETAIN:
            self.retain(tensor)
            return
        hook = args[1] if len(args) > 1 else call.kwargs.get("hook")
        if tensor.is_leaf:
            slot = (self._core.leaves.meet(tensor, None).node, 0) if tensor.requires_grad else None
        else:
            tracked = self._core.tensors.known(tensor)
            slot = None if tracked is None or tracked.node == ev.NONE else (tracked.node, tracked.slot)
        if slot is None:
            return
        self.nodes.add(slot[0])
        if type(call.result) is RemovableHandle:
            if call.name == "torch.Tensor.register_hook":
                self._remember(slot, call.result, self.name(hook, place))
            else:
                self._after[slot[0]] = call.result.hooks_dict_ref
            if len(self._by_node) + len(self._after) > self._let_go_at:
                self._let_go_of_gone()
        if call.name == "torch.Tensor.register_post_accumulate_grad_hook":
            for running in self._core.local.passes:
                running.accumulates_late(slot[0], tensor)

    def _remember(self, slot: tuple[int, int], handle: RemovableHandle, name: HookName) -> None:
        here = self._by_node.setdefault(slot[0], [])
        here.append(Registered(self.count, slot[1], handle.id, handle.hooks_dict_ref, name))
        self.count += 1
        if len(here) >= _REMOVED_AT and len(here).bit_count() == 1:
            self._let_go_of_removed(here)

    def _let_go_of_gone(self) -> None:
        """Remember no hooks of tensors whose nodes are no more: those of all iterations would be many."""
        for node, registered in list(self._by_node.items()):
            if all(each.hooks() is None for each in registered):
                del self._by_node[node]
                self.nodes.discard(node)
        for node, hooks in list(self._after.items()):
            if hooks() is None:
                del self._after[node]
                if node not in self._by_node:
                    self.nodes.discard(node)
        self._let_go_at = max(_LET_GO_AT, 2 * (len(self._by_node) + len(self._after)))

    def _let_go_of_removed(self, here: list[Registered]) -> None:
        """A tensor has had many hooks: those that were removed again, each iteration's perhaps, are told no more.

        Of those of passes that run, each may have changed what went by.
        """
        if not self._core.running_passes:
            here[:] = [each for each in here if each.key in (each.hooks() or ())]

    def retain(self, tensor: torch.Tensor) -> None:
        """The `.grad` of a tensor is kept from now on."""
        tracked = self._core.tensors.track(tensor)
        if tensor.is_leaf or tracked.node == ev.NONE:
            return
        leaf = self._core.leaves.meet(tensor, None, node=False)
        if leaf.number not in self._retaining:
            self._retaining[leaf.number] = leaf
            self._note_retained(leaf)
            for running in self._core.local.passes:
                running.retained_late(tracked.node, tensor.grad_fn)

    def look_again(self) -> None:
        """What is written on in place has another `grad_fn` since, and its `.grad` is that one's output's."""
        retaining = self._retaining.values()
        self._retaining = {leaf.number: leaf for leaf in retaining if not leaf.tracked.alive.expired()}
        self.retained.clear()
        for leaf in self._retaining.values():
            self._note_retained(leaf)

    def _note_retained(self, leaf: Leaf) -> None:
        tracked = leaf.tracked
        self.retained.setdefault(tracked.node, []).append((tracked.slot, leaf))

    def name(self, hook: Any, place: Place | None = None) -> HookName:
        """How to call a hook."""
        hooks = _written_by_user(hook)
        spans = [span for each in hooks if (span := self._core.places.definition(each)) is not None]
        span = spans[0] if spans else None if place is None else place.span
        names = [each.__qualname__ if type(each) in _NAMED else type(each).__name__ for each in hooks]
        return HookName(", ".join(names), span)

    def on(self, node: int) -> list[Registered]:
        """The hooks on tensors that are outputs of a node, also those that were removed again."""
        return self._by_node.get(node, [])


def _written_by_user(hook: Any) -> list[Any]:
    """What the user wrote: a module's hooks are called by a function of torch's on a node, others by a `partial`."""
    while type(hook) is partial:
        hook = hook.func
    hooks, _ = of_module(hook) or ([], [])
    return [each for each in hooks if not is_look(each)] or [hook]


def of_module(hook: Any) -> tuple[list[Any], list[int]] | None:
    """A module's hooks that this hook of torch's on a node calls one after the other; None where it is another hook.

    And where among the gradients that those get each one is that it gets itself.
    """
    if type(hook) is FunctionType and hook.__module__ == BackwardHook.__module__:
        for cell in hook.__closure__ or ():
            module_hook = cell.cell_contents
            if type(module_hook) is BackwardHook:
                if "setup_output_hook" in hook.__qualname__:
                    return module_hook.user_pre_hooks, module_hook.output_tensors_index or []
                return module_hook.user_hooks, module_hook.input_tensors_index or []
    return None


def look_between(see: Callable[[Any], None]) -> Callable[..., None]:
    """A hook of ours among a module's, which sees what they get."""

    def look(module: Any, grads: Any, grad_outputs: Any = None) -> None:  # noqa: ARG001 - a module hook's signature
        see(grads)

    return look


def is_look(hook: Any) -> bool:
    """Whether it is a hook of ours among a module's."""
    return hygiene.runs(hook, _LOOK)


_LOOK = look_between(print).__code__
