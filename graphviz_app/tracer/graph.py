"""Finds the nodes that an operation made, and those that a backward pass will reach; by a stack, never by recursion."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer import hygiene
from graphviz_app.tracer.identity import UNNUMBERED, identity_of

if TYPE_CHECKING:
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.identity import Tracked

    Old = tuple[set[Any], set[int]]
    """Nodes themselves, and numbers of others."""

    Reached = tuple[dict[Any, int], list[tuple[int, ...]]]
    """The nodes that a pass can reach with their numbers, and for each the ends (`end_of`) to which the slots of its
    `grad_inputs` go, NONE for those that go nowhere."""


_Described = tuple[str, "ev.Span | None", bool]
_Node, _Edge = ev.Node, ev.Edge
SLOT_BITS = 24
_SINGLE = (
    "Add Sub Mul Div Neg Pow Exp Log Sqrt Sin Cos Tanh Relu Gelu Sigmoid Sum Mean Mm Bmm Addmm T Transpose View Expand "
    "UnsafeView ReshapeAlias Softmax LogSoftmax Clone Embedding Permute Slice Select Squeeze Unsqueeze Cat Stack"
)
_ONE_OUTPUT = frozenset(f"{name}Backward0" for name in _SINGLE.split(" "))


_is_anomalous = torch.is_anomaly_enabled


def _first(item: tuple[int, Any, Any]) -> int:
    return item[0]


def end_of(number: int, slot: int) -> int:
    """A slot of a node, as one number."""
    return number << SLOT_BITS | slot


class GraphWalker:
    """Numbers nodes and edges, and announces them."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._kinds: dict[type, _Described] = {}

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
            if end == ev.NONE:
                return None
            ends.append((slot, end, target_slot))
        name, slots, definition = self._description(node)
        number = nodes.next()
        nodes.by_sequence[start] = number
        nodes.identities[start] = identity_of(node)
        tracked.node = number
        made = _Node(number, name, operation, ev.NONE, slots, ev.NONE, tracked.number, definition)
        core.log.add(ev.NodesMade((made,), tuple([_Edge(number, *end) for end in ends])))
        return (number,)

    def made_by(
        self, operation: int, start: int, outputs: list[tuple[torch.Tensor, Tracked]], old: Old | None, caller: Any
    ) -> tuple[int, ...]:
        """The nodes that an operation has just made, in the order in which they were made.

        Args:
            operation: The operation's number.
            start: The sequence number of the first node that can be its own.
            outputs: What it returned, and what it wrote on.
            old: Nodes that it cannot have made; None where sequence numbers tell.
            caller: The frame that called it.
        """
        core = self._core
        found: list[tuple[int, Any, Any]] = []
        seen: set[int] = set()
        tensors: dict[int, int] = {}
        ends: list[tuple[torch.Tensor, Tracked, Any]] = []
        number_of, just_made = core.nodes.number, core.nodes.can_be_new
        for tensor, tracked in outputs:
            if not tensor.requires_grad or tensor.is_leaf:
                continue
            node: Any = tensor.grad_fn
            ends.append((tensor, tracked, node))
            tensors.setdefault(id(node), tracked.number)
            stack = [node]
            while stack:
                node = stack.pop()
                sequence = node._sequence_nr()
                if not start <= sequence < UNNUMBERED or sequence in seen or (old and self._is_of(old, node)):
                    continue
                seen.add(sequence)
                following = node.next_functions
                if just_made(node):
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

    def made_unnumbered(
        self, operation: int, results: list[torch.Tensor], given: list[Tracked], caller: Any
    ) -> tuple[int, ...]:
        """As `made_by`, of what torch does not count: what refuses to go on where there is no derivative."""
        number_of = self._core.nodes.number
        found: dict[Any, tuple[torch.Tensor, Tracked]] = {}
        for tensor, tracked in zip(results, given, strict=True):
            if not tensor.requires_grad:
                continue
            try:
                node: Any = tensor.grad_fn
            except RuntimeError:
                continue  # a view that torch will not describe: made under `no_grad`, its base written on since
            if node is not None and node._sequence_nr() == UNNUMBERED and number_of(node) == ev.NONE:
                found[node] = tensor, tracked
        tensors = {id(node): tracked.number for node, (_, tracked) in found.items()}
        made = [(UNNUMBERED, node, node.next_functions) for node in found]
        numbers = self._announce(made, operation, tensors, caller)
        for number, (tensor, tracked) in zip(numbers, found.values(), strict=True):
            tracked.node, tracked.slot = number, tensor.output_nr
        return numbers

    def _is_of(self, old: Old, node: Any) -> bool:
        nodes, numbers = old
        return node in nodes or (bool(numbers) and self._core.nodes.number(node) in numbers)

    def _announce(
        self,
        found: list[tuple[int, Any, Any]],
        operation: int,
        tensors: dict[int, int],
        frame: Any,
    ) -> tuple[int, ...]:
        if not found:
            return ()
        core = self._core
        # Whatever lies at the other ends is announced first: numbers are given in the order of announcement.
        ends = self._meet_ends(found, frame)
        assign = core.nodes.assign
        numbers = tuple([assign(node) for _, node, _ in found])
        ends.update(zip([node for _, node, _ in found], numbers, strict=True))
        made: list[ev.Node] = []
        edges: list[ev.Edge] = []
        anomalous = _is_anomalous()
        for number, (_, node, following) in zip(numbers, found, strict=True):
            if anomalous and type(stack := node.metadata.get("traceback_")) is list:
                stack[:] = hygiene.clean_stack(stack)
            for slot, (target, target_slot) in enumerate(following):
                if target is not None:
                    edges.append(_Edge(number, slot, ends[target], target_slot))
            name, slots, definition = self._description(node)
            made_in_pass = self._pass_of(node) if operation == ev.NONE else ev.NONE
            tensor = tensors.get(id(node), ev.NONE)
            made.append(_Node(number, name, operation, ev.NONE, slots, made_in_pass, tensor, definition))
        core.log.add(ev.NodesMade(tuple(made), tuple(edges)))
        return numbers

    def _meet_ends(self, found: list[tuple[int, Any, Any]], frame: Any) -> dict[Any, int]:
        """The numbers of the nodes at the other ends of edges, which those get that have none."""
        ends: dict[Any, int] = {node: ev.NONE for _, node, _ in found}
        for _, _, following in found:
            for target, _ in following:
                if target is not None and target not in ends:
                    number = self._end(target, frame)
                    if number == ev.NONE:
                        self._announce_unknown([target], frame)
                        number = self._end(target, frame)
                    ends[target] = number
        return ends

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
            known = (node.name(), definition, kind.__name__ in _ONE_OUTPUT)
            if not issubclass(kind, torch._C._FunctionBase):
                # The program may make a custom function's class, and with it its nodes', and drop it again; a weak
                # reference it could count.
                self._kinds[kind] = known
        name, definition, is_single = known
        return name, 1 if is_single else len(getattr(node, "_input_metadata", (None,))), definition

    def reach(self, roots: list[Any], frame: Any) -> Reached:
        """Number every node that can be reached, and give back all of them."""
        reached = self._reach(roots, frame)
        if reached is None:
            self._announce_unknown(roots, frame)
            reached = self._reach(roots, frame)
        return reached or ({}, [])

    def _reach(self, roots: list[Any], frame: Any) -> Reached | None:
        """As `reach`; None as soon as a node has no number yet."""
        number_of = self._end
        numbers: dict[Any, int] = {root: number_of(root, frame) for root in roots if root is not None}
        if ev.NONE in numbers.values():
            return None
        found: list[tuple[int, ...]] = []
        # Grows while it is gone through.
        nodes = list(numbers)
        for node in nodes:
            ends: list[int] = []
            for target, slot in node.next_functions:
                if target is None:
                    ends.append(ev.NONE)
                    continue
                number = numbers.get(target)
                if number is None:
                    number = numbers[target] = number_of(target, frame)
                    if number == ev.NONE:
                        return None
                    nodes.append(target)
                # `end_of`, written out because it is called for every edge.
                ends.append(number << SLOT_BITS | slot)
            found.append(tuple(ends))
        return numbers, found

    def _end(self, node: Any, frame: Any) -> int:
        """The number of a node, which for an `AccumulateGrad` is known by its leaf; NONE where it has none yet."""
        if node._sequence_nr() == UNNUMBERED and (variable := getattr(node, "variable", None)) is not None:
            return self._core.leaves.meet(variable, frame).node
        return self._core.nodes.number(node)

    def _announce_unknown(self, roots: list[Any], frame: Any) -> None:
        """Announce all nodes that have no number at once: edges may lead from one of them to another."""
        unknown: list[tuple[int, Any, Any]] = []
        seen: set[Any] = set()
        stack = list(roots)
        while stack:
            node = stack.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            following = node.next_functions
            if self._end(node, frame) == ev.NONE:
                unknown.append((node._sequence_nr(), node, following))
            stack.extend([each for each, _ in following])
        unknown.sort(key=_first)
        self._announce(unknown, ev.NONE, {}, frame)
