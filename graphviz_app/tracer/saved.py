"""Which of an operation's tensors its nodes saved for backward, and which nodes an in-place write has made useless."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.tracer.memory import address_of
from graphviz_app.tracer.mutation import Mutation
from graphviz_app.tracer.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from graphviz_app.recording import events as ev
    from graphviz_app.tracer.calls import Call
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.places import Place

# Before torch 2.5 nobody can ask; then nothing is looked up, as if hooks were always in force.
_hooks: Any = getattr(torch._C._autograd, "_top_saved_tensors_default_hooks", lambda _ignore_is_tracing: True)
_KEPT = 32
_SAVERS_KEPT = 20_000


class SavedTensors:
    """Knows by example: what the nodes of an operation save is looked up once for each way of calling it.

    Looking means to unpack, which runs the program's own hooks where it has installed some (checkpoint does), and
    raises once a tensor was written on. So it is done right after the operation, and only where no hooks are in force.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._known: dict[Any, tuple[int, ...]] = {}
        self._names: dict[type, tuple[str, ...]] = {}
        self._savers: dict[int, tuple[str, ev.Span | None]] = {}

    def of(
        self,
        call: Call,
        place: Place | None,
        nodes: tuple[int, ...],
        arguments: list[tuple[str, torch.Tensor]],
        results: list[torch.Tensor],
        inputs: tuple[ev.TensorUse, ...],
    ) -> tuple[int, ...]:
        """Indexes into the operation's inputs and, after them, its outputs."""
        if not nodes or len(arguments) + len(results) > 16:
            return ()
        name = call.name
        key = (name, len(results), tuple([use.requires_grad for use in inputs]))
        known = self._known.get(key)
        if known is None:
            if _hooks(False) is not None or not name.startswith("torch."):
                return ()
            known = self._known[key] = self._look(call.start, arguments, results)
        for index in known:
            tensor = arguments[index][1] if index < len(arguments) else results[index - len(arguments)]
            self._remember(tensor, nodes[-1])
        if known:
            self._savers[nodes[-1]] = (name, None if place is None else place.span)
            if len(self._savers) > _SAVERS_KEPT:
                for old in list(self._savers)[: _SAVERS_KEPT // 2]:
                    del self._savers[old]
        return known

    def _remember(self, tensor: torch.Tensor, node: int) -> None:
        tracked = self._core.tensors.track(tensor)
        version = 0 if tensor.is_inference() else tensor._version
        if tracked.saved is None:
            tracked.saved = []
        tracked.saved.append((node, version))
        if len(tracked.saved) > 2 * _KEPT:
            del tracked.saved[:-_KEPT]

    def invalidated(self, place: Place | None, tracked: Tracked, before: int) -> tuple[int, ...]:
        """The nodes that had saved a tensor which has just been written on."""
        if not tracked.saved:
            return ()
        spent = self._core.spent
        stale = tuple(node for node, version in tracked.saved if version <= before and node not in spent)
        tracked.saved = [(node, version) for node, version in tracked.saved if version > before]
        if stale:
            text = "" if place is None else place.site.text
            span = None if place is None else place.span
            name = tracked.name or (tracked.leaf.name if tracked.leaf is not None else "")
            savers = tuple((node, *self._savers.get(node, ("a node", None))) for node in stale)
            self._core.mutations.append(Mutation(before, tracked.version, name, text, span, savers))
            del self._core.mutations[:-_KEPT]
        return stale

    def _look(
        self, start: int, arguments: list[tuple[str, torch.Tensor]], results: list[torch.Tensor]
    ) -> tuple[int, ...]:
        tensors = [tensor for _, tensor in arguments] + results
        addresses = [address_of(tensor) for tensor in tensors]
        found: set[int] = set()
        stack: list[Any] = [tensor.grad_fn for tensor in results if tensor.requires_grad and not tensor.is_leaf]
        seen: set[int] = set()
        while stack:
            node = stack.pop()
            sequence = node._sequence_nr()
            if sequence < start or sequence in seen or len(seen) > 16:
                continue
            seen.add(sequence)
            for saved in self._saved_of(node):
                if saved is not None and (address := address_of(saved)) and address in addresses:
                    found.add(addresses.index(address))
            stack.extend([end for end, _ in node.next_functions if end is not None])
        return tuple(sorted(found))

    def _saved_of(self, node: Any) -> list[torch.Tensor]:
        kind = type(node)
        names = self._names.get(kind)
        if names is None:
            every = dir(kind)
            names = tuple(name for name in every if name.startswith("_saved_") and f"_raw{name}" in every)
            self._names[kind] = names
        found: list[torch.Tensor] = []
        for name in names:
            saved = getattr(node, name)
            found.extend(part for part in (saved if isinstance(saved, tuple) else (saved,)) if torch.is_tensor(part))
        return found
