"""Finds the nodes that an operation made, and those that a backward pass will reach; by a stack, never by recursion."""

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
    from graphviz_app.tracer.operations import Call


class GraphWalker:
    """Numbers nodes and edges, and announces them."""

    def __init__(self, core: Core) -> None:
        self._core = core
        # By node: where its backward's outputs go. Forgotten when the node has run for the last time.
        self._ends: dict[int, dict[int, tuple[int, int]]] = {}

    def ends_of(self, number: int) -> dict[int, tuple[int, int]]:
        """For each slot of a node's `grad_inputs`: the node and slot that it goes to."""
        return self._ends.get(number, {})

    def forget(self, number: int) -> None:
        """The node ran for the last time, as far as anybody can know."""
        self._ends.pop(number, None)

    def made_by(self, call: Call, results: list[torch.Tensor]) -> tuple[int, ...]:
        """The nodes that an operation has just made, in the order in which they were made."""
        core = self._core
        found: list[tuple[int, Any]] = []
        seen: set[int] = set()
        outputs: list[tuple[torch.Tensor, Any]] = []
        for tensor in results:
            if not tensor.requires_grad or tensor.is_leaf:
                continue
            node = tensor.grad_fn
            outputs.append((tensor, node))
            self._collect(node, call.start, seen, found)
        for path, tensor in _written(call):
            if tensor.requires_grad and not tensor.is_leaf:
                node = tensor.grad_fn
                outputs.append((tensor, node))
                self._collect(node, call.start, seen, found)
        found.sort(key=lambda item: item[0])
        nodes = [node for _, node in found]
        numbers = self.announce(nodes, call.number, outputs, call.caller)
        for tensor, node in outputs:
            tracked = core.tensors.track(tensor)
            tracked.node, tracked.slot = core.nodes.number(node), tensor.output_nr
        return numbers

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
        outputs: Iterable[tuple[torch.Tensor, Any]] = (),
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
            tensors = {id(node): core.tensors.track(tensor).number for tensor, node in outputs}
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
                    edges.append(ev.Edge(number, slot, end, target_slot))
                tensor, slots = tensors.get(id(node), ev.NONE), len(node._input_metadata)
                definition = self._definition(node)
                made.append(ev.Node(number, node.name(), operation, ev.NONE, slots, made_in_pass, tensor, definition))
            core.log.add(ev.NodesMade(tuple(made), tuple(edges)))
        return tuple(numbers)

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

    def _definition(self, node: Any) -> ev.Span | None:
        forward = getattr(type(node), "_forward_cls", None)
        return None if forward is None else self._core.places.definition(forward.backward)

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
        self.announce(nodes, ev.NONE, (), frame, made_in_pass)


def _written(call: Call) -> list[tuple[str, torch.Tensor]]:
    """Tensors that an operation may have written on without returning them."""
    if call.name.endswith("_") or call.name.endswith("__setitem__"):
        return [("0", call.args[0])] if call.args and isinstance(call.args[0], torch.Tensor) else []
    return []
