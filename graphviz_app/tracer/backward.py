"""One run of the engine: what came into every node and what went out, in the order in which it ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.recording import events as ev
from graphviz_app.tracer.identity import UNNUMBERED
from graphviz_app.tracer.leaves import version_of

if TYPE_CHECKING:
    from types import FrameType

    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.graph import GraphWalker
    from graphviz_app.tracer.hooks import UserHooks
    from graphviz_app.tracer.leaves import Leaf

_Disabled = torch._C.DisableTorchFunction
_NoDispatch = torch._C._DisableTorchDispatch
_dispatch_modes = torch._C._len_torch_dispatch_stack


class _Sent:
    """A contribution on its way: what was recorded of it, and how to know it again when it arrives."""

    __slots__ = ("identity", "value")

    def __init__(self, value: int, identity: tuple[int, int, int] | None) -> None:
        self.value = value
        self.identity = identity


class BackwardPass:
    """A run of the engine, from its start to its end.

    Attributes:
        number: The pass's number.
    """

    def __init__(self, core: Core, graph: GraphWalker, hooks: UserHooks, *, create_graph: bool) -> None:
        self.number = core.pass_count
        core.pass_count += 1
        self._core = core
        self._graph = graph
        self._hooks = hooks
        self._create_graph = create_graph
        self._handles: list[Any] = []
        self._arriving: dict[tuple[int, int], list[_Sent]] = {}
        self._leaves: dict[int, Leaf] = {}
        self._spent: list[int] = []

    def start(
        self,
        outputs: Any,
        seeds: Any,
        inputs: Any,
        caller: FrameType,
        details: dict[str, Any],
        *,
        implicit: bool,
        keeps: bool,
    ) -> None:
        """Announce the pass and hook every node that it can reach."""
        core = self._core
        roots = [_root(output) for output in outputs]
        reached = self._graph.reach([node for node, _, _ in roots], caller)
        numbers = {node: number for number, node in reached}
        started: list[ev.Root] = []
        for (node, slot, tensor), seed in zip(roots, seeds, strict=True):
            if node is None:
                continue
            value = ev.NONE if seed is None else core.values.record(seed)
            number = ev.NONE if tensor is None else core.tensors.track(tensor).number
            started.append(ev.Root(numbers[node], slot, value, implicit, number))
            if seed is not None:
                self._send(numbers[node], slot, value, seed)
        core.log.add(
            ev.BackwardStarted(
                self.number, roots=tuple(started), inputs=self._restricted(inputs, caller, numbers), **details
            )
        )
        for number, node in reached:
            self._handles.append(node.register_hook(self._hook(number, node)))
            if not keeps and node._sequence_nr() != UNNUMBERED:
                self._spent.append(node._sequence_nr())

    def _restricted(self, inputs: Any, caller: FrameType, numbers: dict[Any, int]) -> tuple[int, ...]:
        found: list[int] = []
        for each in inputs or ():
            if isinstance(each, torch.Tensor) and each.is_leaf:
                if each.requires_grad:
                    found.append(self._core.leaves.meet(each, caller).node)
            else:
                node = _root(each)[0]
                if node in numbers:
                    found.append(numbers[node])
        return tuple(found)

    def _hook(self, number: int, node: Any) -> Any:
        called = self._called
        if node._sequence_nr() == UNNUMBERED and (variable := getattr(node, "variable", None)) is not None:
            leaf = self._core.leaves.meet(variable)
            self._leaves[number] = leaf

        def hook(grad_inputs: Any, grad_outputs: Any) -> None:
            called(number, grad_inputs, grad_outputs)

        return hook

    def _called(self, number: int, grad_inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> None:
        core = self._core
        passes = core.local.passes
        if core.muted or (passes and passes[-1] is not self):
            return
        try:
            with _Disabled():
                if _dispatch_modes():
                    with _NoDispatch():
                        self._record_call(number, grad_inputs, grad_outputs)
                else:
                    self._record_call(number, grad_inputs, grad_outputs)
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            core.log.notice(
                f"Something of the recording was lost: a node's call could not be described ({error!r}). "
                "The program is not affected."
            )

    def _record_call(self, number: int, grad_inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> None:
        core = self._core
        came = tuple([self._arrived(number, slot, grad) for slot, grad in enumerate(grad_outputs)])
        went = tuple([ev.NONE if grad is None else core.values.record(grad) for grad in grad_inputs])
        core.log.add(ev.NodeCalled(self.number, number, came, went))
        leaf = self._leaves.get(number)
        if leaf is None:
            self._send_all(number, grad_inputs, went)
        elif came and came[0] != ev.NONE:
            self._accumulated(number, leaf, came[0])

    def _send_all(self, number: int, grad_inputs: tuple[Any, ...], went: tuple[int, ...]) -> None:
        ends = self._graph.ends_of(number)
        for slot, (grad, value) in enumerate(zip(grad_inputs, went, strict=True)):
            if grad is not None and slot in ends:
                self._send(*ends[slot], value, grad)

    def _send(self, node: int, slot: int, value: int, grad: torch.Tensor) -> None:
        self._arriving.setdefault((node, slot), []).append(_Sent(value, _identity(grad)))

    def _arrived(self, number: int, slot: int, grad: torch.Tensor | None) -> int:
        """The value of what came in: the very value that one contribution had, where it is the same tensor."""
        sent = self._arriving.pop((number, slot), None)
        if grad is None:
            return ev.NONE
        # The engine holds a contribution until it is consumed, so its address cannot be another tensor's.
        if sent is not None and len(sent) == 1 and sent[0].identity == _identity(grad):
            return sent[0].value
        return self._core.values.record(grad)

    def _accumulated(self, number: int, leaf: Leaf, contribution: int) -> None:
        tensor = leaf.tracked.ref()
        if tensor is None:
            return
        before, after = self._core.leaves.accumulated(leaf, tensor, tensor.grad)
        self._core.log.add(ev.GradAccumulated(self.number, leaf.number, before, contribution, after, number))

    def finish(self, error: BaseException | None) -> None:
        """Take every hook away again, and say how it ended."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        self._arriving = {}
        core = self._core
        core.nodes.spend(self._spent)
        core.leaves.sweep()
        core.log.add(ev.BackwardFinished(self.number, "" if error is None else _message(error)))


def _identity(tensor: torch.Tensor) -> tuple[int, int, int] | None:
    return None if tensor.is_sparse else (tensor._cdata, version_of(tensor), 0)


def _root(output: Any) -> tuple[Any, int, torch.Tensor | None]:
    """Node, slot and tensor of a root, which may be a tensor or a `GradientEdge`."""
    if isinstance(output, torch.Tensor):
        if output.grad_fn is not None:
            return output.grad_fn, output.output_nr, output
        edge = torch.autograd.graph.get_gradient_edge(output)
        return edge.node, edge.output_nr, output
    return output.node, output.output_nr, None


def _message(error: BaseException) -> str:
    try:
        return str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 - the program's own exception may not print
        return type(error).__name__
