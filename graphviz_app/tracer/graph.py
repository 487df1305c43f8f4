"""Finds the nodes that an operation made, and those that a backward pass will reach; by a stack, never by recursion."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from graphviz_app.recording import events as ev
from graphviz_app.tracer import hygiene
from graphviz_app.tracer.identity import UNNUMBERED
from graphviz_app.tracer.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.identity import Tracked


_Node, _Edge = ev.Node, ev.Edge
_SINGLE = (
    "Add Sub Mul Div Neg Pow Exp Log Sqrt Sin Cos Tanh Relu Gelu Sigmoid Sum Mean Mm Bmm Addmm T Transpose View Expand "
    "UnsafeView ReshapeAlias Softmax LogSoftmax Clone Embedding Permute Slice Select Squeeze Unsqueeze Cat Stack"
)
_ONE_OUTPUT = frozenset(f"{name}Backward0" for name in _SINGLE.split(" "))


_is_anomalous = torch.is_anomaly_enabled


def _first(item: tuple[int, Any, Any]) -> int:
    return item[0]


class Reached(NamedTuple):
    """A node that a backward pass can reach.

    Attributes:
        number: Its number.
        node: The node itself.
        ends: For each slot of its `grad_inputs`, the node and slot that it goes to, None where it goes nowhere.
    """

    number: int
    node: Any
    ends: tuple[tuple[int, int] | None, ...]


class GraphWalker:
    """Numbers nodes and edges, and announces them."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._kinds: dict[type, tuple[str, ev.Span | None, bool]] = {}

    def made_alone(
        self, operation: int, start: int, tracked: Tracked, node: Any, caller: Any
    ) -> tuple[int, ...] | None:
        """As `made_by`, where an operation returned one tensor and made one node; None where it is not as simple.

        That is what most operations do, and it is written out because it is called for each of them.
        """
        core = self._core
        nodes = core.nodes
        if not nodes.is_plain or node._sequence_nr() != start or start in nodes.by_sequence or _is_anomalous():
            return None
        ends: list[tuple[int, int, int]] = []
        for slot, (target, target_slot) in enumerate(node.next_functions):
            if target is None:
                continue
            end = self._end(target, caller)
            if end is None:
                return None
            ends.append((slot, end, target_slot))
        name, slots, definition = self._description(node)
        with core.log.lock:
            number = nodes.next()
            nodes.by_sequence[start] = number
            tracked.node = number
            made = _Node(number, name, operation, ev.NONE, slots, ev.NONE, tracked.number, definition)
            core.log.add(ev.NodesMade((made,), tuple([_Edge(number, *end) for end in ends])))
        return (number,)

    def made_by(
        self, operation: int, start: int, outputs: list[tuple[torch.Tensor, Tracked]], caller: Any
    ) -> tuple[int, ...]:
        """The nodes that an operation has just made, in the order in which they were made.

        Args:
            operation: The operation's number.
            start: The sequence number of the first node that can be its own.
            outputs: What it returned, and what it wrote on.
            caller: The frame that called it.
        """
        core = self._core
        found: list[tuple[int, Any, Any]] = []
        seen: set[int] = set()
        tensors: dict[int, int] = {}
        ends: list[tuple[torch.Tensor, Tracked, Any]] = []
        number_of = core.nodes.number
        for tensor, tracked in outputs:
            if not tensor.requires_grad or tensor.is_leaf:
                continue
            node: Any = tensor.grad_fn
            ends.append((tensor, tracked, node))
            tensors[id(node)] = tracked.number
            stack = [node]
            while stack:
                node = stack.pop()
                sequence = node._sequence_nr()
                if not start <= sequence < UNNUMBERED or sequence in seen:
                    continue
                seen.add(sequence)
                following = node.next_functions
                if number_of(node) == ev.NONE:
                    found.append((sequence, node, following))
                for each, _ in following:
                    if each is not None:
                        stack.append(each)
        if len(found) > 1:
            found.sort(key=_first)
        numbers = self._announce(found, operation, tensors, caller)
        for tensor, tracked, node in ends:
            tracked.node, tracked.slot = number_of(node), tensor.output_nr
        return numbers

    def announce(
        self, nodes: list[Any], operation: int = ev.NONE, frame: Any = None, made_in_pass: int = ev.NONE
    ) -> tuple[int, ...]:
        """Number nodes that have no number yet, and announce them with their edges."""
        return self._announce([(0, node, node.next_functions) for node in nodes], operation, {}, frame, made_in_pass)

    def _announce(
        self,
        found: list[tuple[int, Any, Any]],
        operation: int,
        tensors: dict[int, int],
        frame: Any,
        made_in_pass: int = ev.NONE,
    ) -> tuple[int, ...]:
        if not found:
            return ()
        core = self._core
        with core.log.lock:
            # Whatever lies at the other ends is announced first: numbers are given in the order of announcement.
            leaves = self._meet_ends(found, frame)
            assign = core.nodes.assign
            numbers = tuple([assign(node) for _, node, _ in found])
            made: list[ev.Node] = []
            edges: list[ev.Edge] = []
            anomalous = _is_anomalous()
            for number, (_, node, following) in zip(numbers, found, strict=True):
                if anomalous and type(stack := node.metadata.get("traceback_")) is list:
                    stack[:] = hygiene.clean_stack(stack)
                self._add_edges(number, following, leaves, edges)
                name, slots, definition = self._description(node)
                if operation == ev.NONE and core.made_by_passes:
                    made_in_pass = self._pass_of(node)
                tensor = tensors.get(id(node), ev.NONE)
                made.append(_Node(number, name, operation, ev.NONE, slots, made_in_pass, tensor, definition))
            core.log.add(ev.NodesMade(tuple(made), tuple(edges)))
        return numbers

    def _add_edges(self, number: int, following: Any, leaves: dict[int, int], edges: list[ev.Edge]) -> None:
        number_of = self._core.nodes.number
        for slot, (target, target_slot) in enumerate(following):
            if target is not None:
                end = leaves.get(id(target), ev.NONE)
                if end == ev.NONE:
                    end = number_of(target)
                edges.append(_Edge(number, slot, end, target_slot))

    def _meet_ends(self, found: list[tuple[int, Any, Any]], frame: Any) -> dict[int, int]:
        """Make sure that the nodes at the other ends of edges have numbers; gives those of leaves by the nodes' ids."""
        own = {id(node) for _, node, _ in found} if len(found) > 1 else ()
        leaves: dict[int, int] = {}
        meet, number_of = self._core.leaves.meet, self._core.nodes.number
        for _, _, following in found:
            for target, _ in following:
                if target is None:
                    continue
                if target._sequence_nr() == UNNUMBERED and (variable := getattr(target, "variable", None)) is not None:
                    leaves[id(target)] = meet(variable, frame).node
                elif id(target) not in own and number_of(target) == ev.NONE:
                    self.reach([target], frame)
        return leaves

    def _pass_of(self, node: Any) -> int:
        """The pass with `create_graph` in which a node was made, NONE where none was."""
        sequence = node._sequence_nr()
        for first, end, number in reversed(self._core.made_by_passes):
            if first <= sequence < end:
                return number
        return ev.NONE

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
        return name, 1 if is_single else len(getattr(node, "_input_metadata", (None,))), definition

    def reach(self, roots: list[Any], frame: Any, made_in_pass: int = ev.NONE) -> list[Reached]:
        """Number every node that can be reached, and give back all of them."""
        return self._reach_known(roots, frame) or self._reach(roots, frame, made_in_pass)

    def _reach_known(self, roots: list[Any], frame: Any) -> list[Reached] | None:
        """As `reach`, where every node is known by its sequence number; None as soon as one is not."""
        core = self._core
        if not core.nodes.is_plain:
            return None
        reached: list[Reached] = []
        seen: set[Any] = set()
        stack = [root for root in roots if root is not None]
        while stack:
            node = stack.pop()
            sequence = node._sequence_nr()
            key = node if sequence == UNNUMBERED else sequence
            if key in seen:
                continue
            seen.add(key)
            number = self._end(node, frame)
            if number is None:
                return None
            ends: list[tuple[int, int] | None] = []
            for target, slot in node.next_functions:
                if target is None:
                    ends.append(None)
                    continue
                end = self._end(target, frame)
                if end is None:
                    return None
                stack.append(target)
                ends.append((end, slot))
            reached.append(Reached(number, node, tuple(ends)))
        return reached

    def _end(self, node: Any, frame: Any) -> int | None:
        """The number of a node that is known by its sequence number, or by its leaf; None where it is not."""
        core = self._core
        sequence = node._sequence_nr()
        if sequence != UNNUMBERED:
            return core.nodes.by_sequence.get(sequence)
        return core.leaves.meet(node.variable, frame).node if hasattr(node, "variable") else None

    def _reach(self, roots: list[Any], frame: Any, made_in_pass: int) -> list[Reached]:
        core = self._core
        walked: list[tuple[Any, Any]] = []
        leaves: dict[Any, int] = {}
        unknown: list[Any] = []
        seen: set[Any] = set()
        stack = [root for root in roots if root is not None]
        number_of = core.nodes.number
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node._sequence_nr() == UNNUMBERED and (variable := getattr(node, "variable", None)) is not None:
                with torch._C.DisableTorchFunction():
                    leaves[node] = core.leaves.meet(variable, frame).node
                walked.append((node, ()))
                continue
            if number_of(node) == ev.NONE:
                unknown.append(node)
            following = node.next_functions
            walked.append((node, following))
            for each, _ in following:
                if each is not None:
                    stack.append(each)
        if unknown:
            self._announce_all(unknown, frame, made_in_pass)
        # A leaf's number is known by its tensor, any other node's by itself.
        numbers = {node: leaves[node] if node in leaves else number_of(node) for node, _ in walked}
        return [
            Reached(
                numbers[node],
                node,
                tuple([None if each is None else (numbers[each], slot) for each, slot in following]),
            )
            for node, following in walked
        ]

    def _announce_all(self, nodes: list[Any], frame: Any, made_in_pass: int) -> None:
        # Edges may lead from one unknown node to another: number them all before any edge is written.
        nodes.sort(key=lambda node: node._sequence_nr())
        self.announce(nodes, ev.NONE, frame, made_in_pass)
