"""The user's own hooks: which were registered where, so that a gradient that they changed can be shown as such."""

from __future__ import annotations

from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.utils.hooks import BackwardHook

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer.kinds import Kind

if TYPE_CHECKING:
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.leaves import Leaf
    from graphviz_app.tracer.places import Place


class HookName(NamedTuple):
    """A hook of the user's."""

    name: str
    span: ev.Span | None


class UserHooks:
    """Remembers the hooks that the program registered on tensors.

    Attributes:
        retained: By node, its outputs whose `.grad` is kept: their slots, and what is known of them.
        nodes: The nodes of whose outputs any has hooks.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._by_slot: dict[tuple[int, int], list[HookName]] = {}
        self.retained: dict[int, list[tuple[int, Leaf]]] = {}
        self.nodes: set[int] = set()

    def registered(self, kind: Kind, args: tuple[Any, ...], kwargs: dict[str, Any], place: Place | None) -> None:
        """The program called `register_hook`, `register_post_accumulate_grad_hook` or `retain_grad`."""
        tensor = args[0]
        if not isinstance(tensor, torch.Tensor):
            return
        if kind is Kind.RETAIN:
            tracked = self._core.tensors.track(tensor)
            if not tensor.is_leaf and tracked.node != ev.NONE:
                leaf = self._core.leaves.meet(tensor, None, node=False)
                known = self.retained.setdefault(tracked.node, [])
                if (tracked.slot, leaf) not in known:
                    known.append((tracked.slot, leaf))
            return
        hook = args[1] if len(args) > 1 else kwargs.get("hook")
        if tensor.is_leaf:
            slot = (self._core.leaves.meet(tensor, None).node, 0) if tensor.requires_grad else None
        else:
            tracked = self._core.tensors.known(tensor)
            slot = None if tracked is None or tracked.node == ev.NONE else (tracked.node, tracked.slot)
        if slot is not None:
            self._by_slot.setdefault(slot, []).append(self.name(hook, place))
            self.nodes.add(slot[0])

    def name(self, hook: Any, place: Place | None = None) -> HookName:
        """How to call a hook."""
        hooks = _written_by_user(hook)
        spans = [span for each in hooks if (span := self._core.places.definition(each)) is not None]
        span = spans[0] if spans else None if place is None else place.span
        names = [str(getattr(each, "__qualname__", None) or type(each).__name__) for each in hooks]
        return HookName(", ".join(names), span)

    def on(self, node: int, slot: int) -> list[HookName]:
        """The hooks on a tensor that is this output of a node."""
        return self._by_slot.get((node, slot), [])


def _written_by_user(hook: Any) -> list[Any]:
    """What the user wrote: a module's hooks are called by a function of torch's on a node, others by a `partial`."""
    while type(hook) is partial:
        hook = hook.func
    if type(hook) is not FunctionType or hook.__module__ != BackwardHook.__module__:
        return [hook]
    for cell in hook.__closure__ or ():
        module_hook = cell.cell_contents
        if type(module_hook) is BackwardHook:
            is_before = "setup_output_hook" in hook.__qualname__
            return list(module_hook.user_pre_hooks if is_before else module_hook.user_hooks) or [hook]
    return [hook]
