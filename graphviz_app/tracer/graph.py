"""Finds the nodes that an operation made, and those that a backward pass will reach; by a stack, never by recursion."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.recording import events as ev
from graphviz_app.tracer import hygiene
from graphviz_app.tracer.identity import UNNUMBERED
from graphviz_app.tracer.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.operations import Call


_Node, _Edge = ev.Node, ev.Edge
_SINGLE = (
    "Add Sub Mul Div Neg Pow Exp Log Sqrt Sin Cos Tanh Relu Gelu Sigmoid Sum Mean Mm Bmm Addmm T Transpose View Expand "
    "UnsafeView ReshapeAlias Softmax LogSoftmax Clone Embedding Permute Slice Select Squeeze Unsqueeze Cat Stack"
)
_ONE_OUTPUT = frozenset(f"{name}Backward0" for name in _SINGLE.split(" "))


class GraphWalker:
    """Numbers nodes and edges, and announces them."""

    def __init__(self, core: Core) -> None:
        self._core = core
        # By node: where its backward's outputs go. Forgotten when the node has run for the last time.
        self._kinds: dict[type, tuple[str, ev.Span | None, bool]] = {}
        self._ends: dict[int, dict[int, tuple[int, int]]] = {}

    def ends_of(self, number: int) -> dict[int, tuple[int, int]]:
        """For each slot of a node's `grad_inputs`: the node and slot that it goes to."""
        return self._ends.get(number, {})

    def forget(self, number: int) -> None:
        """The node ran for the last time, as far as anybody can know."""
        self._ends.pop(number, None)

    def made_by(self, call: Call, results: list[torch.Tensor], given: list[Tracked]) -> tuple[int, ...]:
        """The nodes that an operation has just made, in the order in which they were made."""
        core = self._core
        found: list[tuple[int, Any]] = []
        seen: set[int] = set()
        outputs: list[tuple[torch.Tensor, Tracked, Any]] = []
        for tensor, tracked in (*zip(results, given, strict=True), *self._written(call)):
            if not tensor.requires_grad or tensor.is_leaf:
                continue
            node = tensor.grad_fn
            outputs.append((tensor, tracked, node))
            self._collect(node, call.start, seen, found)
        if len(found) > 1:
            found.sort(key=lambda item: item[0])
        tensors = {id(node): tracked.number for _, tracked, node in outputs}
        numbers = self.announce([node for _, node in found], call.number, tensors, call.caller)
        for tensor, tracked, node in outputs:
            tracked.node, tracked.slot = core.nodes.number(node), tensor.output_nr
        return numbers

    def _written(self, call: Call) -> list[tuple[torch.Tensor, Tracked]]:
        """Tensors that an operation may have written on without returning them."""
        if call.name.endswith("_") and call.args and isinstance(call.args[0], torch.Tensor):
            return [(call.args[0], self._core.tensors.track(call.args[0]))]
        return []

    def _collect(self, node: Any, start: int, seen: set[int], found: list[tuple[int, Any]]) -> None:
        stack = [node]
        while stack:
            node = stack.pop()
            if node is None:
                continue
            sequence = node._sequence_nr()
            if sequence < start or sequence == UNNUMBERED or sequence in seen:
                continue
            seen.add(sequence)
            if self._core.nodes.number(node) == ev.NONE:
                found.append((sequence, node))
            stack.extend([following for following, _ in node.next_functions])

    def announce(
        self,
        nodes: list[Any],
        operation: int = ev.NONE,
        tensors: dict[int, int] | None = None,
        frame: Any = None,
        made_in_pass: int = ev.NONE,
    ) -> tuple[int, ...]:
        """Number nodes that have no number yet, and announce them with their edges."""
        core = self._core
        with core.log.lock:
            ends = self._find_ends(nodes, frame)
            numbers = [core.nodes.assign(node) for node in nodes]
            if not nodes:
                return ()
            made: list[ev.Node] = []
            edges: list[ev.Edge] = []
            anomalous = torch.is_anomaly_enabled()
            for number, node, following in zip(numbers, nodes, ends, strict=True):
                if anomalous and type(stack := node.metadata.get("traceback_")) is list:
                    stack[:] = hygiene.clean_stack(stack)
                mine: dict[int, tuple[int, int]] = {}
                self._ends[number] = mine
                for slot, target, target_slot, leaf in following:
                    end = leaf if leaf != ev.NONE else core.nodes.number(target)
                    mine[slot] = (end, target_slot)
                    edges.append(_Edge(number, slot, end, target_slot))
                tensor = ev.NONE if tensors is None else tensors.get(id(node), ev.NONE)
                name, slots, definition = self._description(node)
                if operation == ev.NONE and core.made_by_passes:
                    made_in_pass = self._pass_of(node)
                made.append(_Node(number, name, operation, ev.NONE, slots, made_in_pass, tensor, definition))
            core.log.add(ev.NodesMade(tuple(made), tuple(edges)))
        return tuple(numbers)

    def _pass_of(self, node: Any) -> int:
        """The pass with `create_graph` in which a node was made, NONE where none was."""
        sequence = node._sequence_nr()
        for first, end, number in reversed(self._core.made_by_passes):
            if first <= sequence < end:
                return number
        return ev.NONE

    def _find_ends(self, nodes: list[Any], frame: Any) -> list[list[tuple[int, Any, int, int]]]:
        """For each node its edges: slot, target, the target's slot, and the target's number if it is a leaf's.

        Whatever lies at the other ends is announced first, since numbers are given in the order of announcement.
        """
        own = {id(node) for node in nodes}
        ends: list[list[tuple[int, Any, int, int]]] = []
        for node in nodes:
            following: list[tuple[int, Any, int, int]] = []
            for slot, (target, target_slot) in enumerate(node.next_functions):
                if target is None:
                    continue
                leaf = ev.NONE
                if target._sequence_nr() == UNNUMBERED and (variable := getattr(target, "variable", None)) is not None:
                    leaf = self._core.leaves.meet(variable, frame).node
                elif id(target) not in own and self._core.nodes.number(target) == ev.NONE:
                    self.reach([target], frame)
                following.append((slot, target, target_slot, leaf))
            ends.append(following)
        return ends

    def _description(self, node: Any) -> tuple[str, int, ev.Span | None]:
        """A node's name, how many outputs of the forward it stands for, and where the user wrote it."""
        kind = type(node)
        known = self._kinds.get(kind)
        if known is None:
            forward = getattr(kind, "_forward_cls", None)
            definition = None if forward is None else self._core.places.definition(forward.backward)
            # Nodes of most kinds always have one output; the others are asked each time.
            known = self._kinds[kind] = (node.name(), definition, kind.__name__ in _ONE_OUTPUT)
        name, definition, is_single = known
        return name, 1 if is_single else len(node._input_metadata), definition

    def reach(self, roots: Iterable[Any], frame: Any, made_in_pass: int = ev.NONE) -> list[tuple[int, Any]]:
        """Number every node that can be reached, and give back all of them with their numbers."""
        core = self._core
        reached: list[tuple[int, Any]] = []
        unknown: list[Any] = []
        seen: set[Any] = set()
        stack = [root for root in roots if root is not None]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            sequence = node._sequence_nr()
            if sequence == UNNUMBERED and (variable := getattr(node, "variable", None)) is not None:
                with torch._C.DisableTorchFunction():
                    reached.append((core.leaves.meet(variable, frame).node, node))
                continue
            number = core.nodes.number(node)
            if number == ev.NONE:
                unknown.append(node)
            reached.append((number, node))
            stack.extend([end for end, _ in node.next_functions if end is not None and end not in seen])
        if unknown:
            self._announce_all(unknown, frame, made_in_pass)
            reached = [(core.nodes.number(node) if number == ev.NONE else number, node) for number, node in reached]
        return reached

    def _announce_all(self, nodes: list[Any], frame: Any, made_in_pass: int) -> None:
        # Edges may lead from one unknown node to another: number them all before any edge is written.
        nodes.sort(key=lambda node: node._sequence_nr())
        self.announce(nodes, ev.NONE, None, frame, made_in_pass)
