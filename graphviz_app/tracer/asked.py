"""What one run of the engine was asked for: where it starts, what it is restricted to, and what it gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer.graph import end_of
from graphviz_app.tracer.hook_watch import change
from graphviz_app.tracer.originals import version_of

if TYPE_CHECKING:
    from types import FrameType

    from graphviz_app.tracer.contributions import Contributions
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.graph import GraphWalker
    from graphviz_app.tracer.hook_watch import HookWatch
    from graphviz_app.tracer.hooks import UserHooks


class _Input(NamedTuple):
    """What a pass was restricted to: an output of a node, and the tensor that it is, if it was named by that."""

    node: int
    slot: int
    tensor: int


class Asked:
    """The inputs of a pass that was given some, and what it gives back for them."""

    def __init__(self, core: Core, graph: GraphWalker, hooks: UserHooks) -> None:
        self._core = core
        self._graph = graph
        self._hooks = hooks
        # What it is to give back instead of accumulating it.
        self._wanted: list[_Input] = []

    def restrict(
        self, inputs: Any, caller: FrameType, numbers: dict[Any, int], *, accumulates: bool
    ) -> tuple[int, ...]:
        """Note what a pass is restricted to.

        Args:
            inputs: What the program named, tensors and `GradientEdge`s; None for everything.
            caller: The frame that called.
            numbers: The nodes that the pass can reach, with their numbers.
            accumulates: Whether the gradients are to be accumulated there, rather than given back.

        Returns:
            The nodes of those inputs.
        """
        found: list[_Input] = []
        for each in inputs or ():
            if isinstance(each, torch.Tensor) and each.is_leaf:
                if each.requires_grad:
                    leaf = self._core.leaves.meet(each, caller)
                    found.append(_Input(leaf.node, 0, leaf.tracked.number))
            else:
                node, slot, tensor = root_of(each)
                if node is None:
                    continue
                # What the pass cannot reach is named as well: none at all would say that nothing was left out.
                known = numbers if node in numbers else self._graph.reach([node], caller)[0]
                number = ev.NONE if tensor is None else self._core.tensors.track(tensor).number
                found.append(_Input(known[node], slot, number))
                if accumulates and node in numbers and isinstance(each, torch.Tensor):
                    # The engine makes it retain its `.grad`.
                    self._hooks.retain(each)
        self._wanted = [] if accumulates else found
        return tuple([each.node for each in found])

    def returned(
        self, result: Any, sent: Contributions, watch: HookWatch, changes: dict[int, list[ev.HookChange]]
    ) -> tuple[ev.Returned, ...]:
        """The gradients that the engine gives back.

        Args:
            result: What it returned.
            sent: What was on its way.
            watch: Knows the program's hooks.
            changes: By node, what hooks changed of what was about to come in.
        """
        wanted, self._wanted = self._wanted, []
        if not wanted or type(result) is not tuple or len(result) != len(wanted):
            return ()
        away = self._core.values.away
        if away.is_used:
            away.fetch([grad for grad in result if grad is not None])
        try:
            pairs = zip(wanted, result, strict=True)
            return tuple([self._given_back(each, grad, sent, watch, changes) for each, grad in pairs])
        finally:
            if away.is_used:
                away.forget()

    def _given_back(
        self, wanted: _Input, grad: Any, sent: Contributions, watch: HookWatch, changes: dict[int, list[ev.HookChange]]
    ) -> ev.Returned:
        node, slot, _ = wanted
        value, made = ev.NONE, [each for each in changes.get(node, ()) if each.slot == slot]
        if grad is not None:
            value, before = sent.arrived(grad, sent.by_end.get(end_of(node, slot)))
            if before != value:
                made.append(change("grad_outputs", slot, before, value, watch.late_on_tensor(node, slot)))
            tracked = self._core.tensors.track(grad)
            tracked.value, tracked.version = value, version_of(grad)
        return ev.Returned(*wanted, value, tuple(made))


def root_of(output: Any) -> tuple[Any, int, torch.Tensor | None]:
    """Node, slot and tensor of a root, which may be a tensor or a `GradientEdge`."""
    if isinstance(output, torch.Tensor):
        if output.grad_fn is not None:
            return output.grad_fn, output.output_nr, output
        if not output.requires_grad:
            return None, 0, output
        return _accumulator(output), 0, output
    return output.node, output.output_nr, None


def _accumulator(leaf: torch.Tensor) -> Any:
    """The `AccumulateGrad` of a leaf: the other end of what is made of it."""
    try:
        return torch.autograd.graph.get_gradient_edge(leaf).node
    except RuntimeError:
        # It looks at the leaf through a view, which a nested tensor refuses.
        with torch.enable_grad():
            return leaf.clone().grad_fn.next_functions[0][0]  # pyright: ignore[reportOptionalMemberAccess]
