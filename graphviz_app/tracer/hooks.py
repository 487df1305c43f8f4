"""The user's own hooks: which were registered where, so that a gradient that they changed can be shown as such."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

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
        span = self._core.places.definition(hook) or (None if place is None else place.span)
        name = getattr(hook, "__qualname__", None) or type(hook).__name__
        return HookName(str(name), span)

    def on(self, node: int, slot: int) -> list[HookName]:
        """The hooks on a tensor that is this output of a node."""
        return self._by_slot.get((node, slot), [])
