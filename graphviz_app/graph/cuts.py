"""Where values went on but the graph did not: what autograd does not see, and why.

An operation without nodes is drawn (grey) where its result comes back into the graph, or where it took something out
of it; a tensor that needs no gradient is drawn where the graph's operations read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from graphviz_app.graph.attributes import values_of
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Hashable

    import networkx as nx

    from graphviz_app.timeline import Chapter, Timeline

    AutogradGraph = nx.MultiDiGraph[Any]

MOST_BOXES = 60
"""Grey boxes that are drawn at most: they explain the picture, and must not become it."""
MOST_LOOSE = 12
"""Operations that touch no graph at all are drawn only where they are this few and there is no graph."""


def cut_words(cut: ev.Cut | None) -> str:
    """The cause of a cut, in the fewest words that a student can look up."""
    match cut:
        case None:
            return "requires no grad"
        case "no_grad" | "inference_mode" | "detach":
            return cut
        case "item":
            return "left torch"
        case "no_input_requires_grad":
            return "no input requires grad"
        case "dtype":
            return "dtype has no gradient"
        case "new_tensor":
            return "value copied"
        case _:
            assert_never(cut)


def add_cuts(graph: AutogradGraph, timeline: Timeline, chapter: Chapter) -> None:
    """Add what autograd does not see to the graph; `graph.graph["cuts_left_out"]` counts what was too much to draw."""
    _Cuts(graph, timeline, chapter).add()


class _Cuts:
    def __init__(self, graph: AutogradGraph, timeline: Timeline, chapter: Chapter) -> None:
        self.graph = graph
        self.timeline = timeline
        operations: dict[int, ev.OperationRan] = graph.graph["operations"]
        self.operations = [operations[number] for number in sorted(operations)]
        self.chapter = chapter
        self.leaf_keys: dict[int, Hashable] = {
            leaf: key for key, leaf in values_of(graph, "leaf", ev.NONE) if leaf != ev.NONE
        }
        self.leaves = {summary.tensor: summary.leaf for summary in timeline.recording.leaves}
        self.makers: dict[int, ev.OperationRan] = {}
        starts = timeline.pass_starts[timeline.pass_starts < chapter.end_event]
        self.last_start = int(starts[-1]) if len(starts) and starts[-1] >= chapter.first_event else chapter.end_event
        self.left_out = 0
        self.boxes = 0
        self.links = 0

    def add(self) -> None:
        loose: list[ev.OperationRan] = []
        leaving: list[ev.OperationRan] = []
        for operation in self.operations:
            consumer = self._consumer(operation)
            if consumer is not None:
                self._read_by(consumer, operation)
                # What an in-place operation wrote on belongs to the graph from here on.
                for use in operation.outputs:
                    self.makers.pop(use.tensor, None)
                continue
            self.makers.update(
                (use.tensor, operation) for use in operation.outputs if not self._is_data(operation, use)
            )
            (leaving if any(self._graph_key(use) is not None for use in operation.inputs) else loose).append(operation)
        for operation in leaving:
            if not _writes_on_its_input(operation) and not self._is_aside(operation):
                self._draw(operation)
        if not any(kind == "node" for _, kind in values_of(self.graph, "kind")):
            self._draw_loose(loose)
        self.graph.graph["cuts_left_out"] = self.left_out

    def _draw_loose(self, loose: list[ev.OperationRan]) -> None:
        """Draw operations that touch no graph; what made data last, which its readers may have drawn already."""
        read = {use.tensor for operation in loose for use in operation.inputs}
        loose = [operation for operation in loose if not self._is_leaf(operation) and self._is_of_use(operation, read)]
        if len(loose) > MOST_LOOSE:
            return
        made_data = [any(self._is_data(operation, use) for use in operation.outputs) for operation in loose]
        for operation, is_data in sorted(zip(loose, made_data, strict=True), key=lambda pair: pair[1]):
            if not (is_data and any(f"tensor:{use.tensor}" in self.graph for use in operation.outputs)):
                self._draw(operation)

    def _is_leaf(self, operation: ev.OperationRan) -> bool:
        """Whether an operation made a leaf that has a card of its own: `w = torch.ones(3, requires_grad=True)`."""
        return bool(operation.outputs) and all(self._graph_key(use) is not None for use in operation.outputs)

    def _is_of_use(self, operation: ev.OperationRan, read: set[int]) -> bool:
        """Whether anything read or named what an operation made of nothing: `empty` within `nn.Linear` cut off nothing.

        Its memory is what it happened to be, until the parameter made of it is filled.
        """
        return bool(operation.inputs) or any(
            use.requires_grad or use.tensor in read or self.timeline.tensor_name(use.tensor, -1)
            for use in operation.outputs
        )

    def _is_data(self, operation: ev.OperationRan, use: ev.TensorUse) -> bool:
        """Whether a tensor is the program's own data, best known by its name: `x = torch.ones(3)` cut off nothing."""
        return not operation.inputs and bool(self.timeline.tensor_name(use.tensor, -1))

    def _consumer(self, operation: ev.OperationRan) -> int | None:
        """The node that stands for what an operation read: the last that it made, or None where it made none."""
        for node in reversed(operation.nodes):
            if node in self.graph:
                return node
        return None

    def _is_aside(self, operation: ev.OperationRan) -> bool:
        """Whether an operation cut off nothing that anybody meant to use.

        `print(x.detach())` after the backward looks at what is over; an optimizer's `zeros_like(w)` reads a leaf that
        is no result of anything yet. What the program gave a name is another matter.
        """
        if any(self.timeline.tensor_name(use.tensor, -1) for use in operation.outputs):
            return False
        events = self.timeline.recording.index.operation_events
        if int(events[operation.operation]) >= self.last_start:
            return True
        kinds = (self.graph.nodes[key]["kind"] for key in map(self._graph_key, operation.inputs) if key is not None)
        return all(kind == "leaf" for kind in kinds)

    def _graph_key(self, use: ev.TensorUse) -> Hashable | None:
        """The key of the graph's node that gave a tensor, or of the leaf that it is."""
        if use.node in self.graph:
            return use.node
        if use.requires_grad and use.is_leaf:
            return self.leaf_keys.get(self.leaves.get(use.tensor, ev.NONE))
        return None

    def _read_by(self, consumer: Hashable, operation: ev.OperationRan) -> None:
        """Link what an operation read to the node that needs it, where that is known, or else to its consumer."""
        savers = dict(zip(operation.saved, operation.savers, strict=False))
        for index, use in enumerate(operation.inputs):
            if use.requires_grad or use.node != ev.NONE:
                continue
            maker = self.makers.get(use.tensor)
            source = self._tensor(use) if maker is None else self._draw(maker)
            if source is not None:
                saver = savers.get(index, ev.NONE)
                self._link(saver if saver in self.graph else consumer, source)

    def _draw(self, operation: ev.OperationRan) -> str | None:
        """Draw an operation, and what it read, back to where the graph was left; a stack, as chains may be long."""
        stack = [operation]
        links: list[tuple[str, Hashable | None]] = []
        while stack:
            current = stack.pop()
            key = _key(current)
            if key in self.graph or not self._box(key, self._operation_attributes(current)):
                continue
            for use in current.inputs:
                maker = self.makers.get(use.tensor)
                target = self._graph_key(use)
                if target is None and maker is not None and maker is not current:
                    stack.append(maker)
                    target = _key(maker)
                links.append((key, self._tensor(use) if target is None else target))
        for source, target in links:
            self._link(source, target)
        first = _key(operation)
        return first if first in self.graph else None

    def _tensor(self, use: ev.TensorUse) -> str | None:
        name = self.timeline.tensor_name(use.tensor, -1)
        if not name:
            return None
        key = f"tensor:{use.tensor}"
        drawn = key in self.graph or self._box(key, self._tensor_attributes(use, name))
        return key if drawn else None

    def _box(self, key: str, attributes: dict[str, Any]) -> bool:
        if self.boxes >= MOST_BOXES:
            self.left_out += 1
            return False
        self.boxes += 1
        self.graph.add_node(key, **attributes)
        return True

    def _link(self, source: Hashable, target: Hashable | None) -> None:
        # An end that was too much to draw has no box.
        if source == target or target not in self.graph or self.graph.has_edge(source, target):
            return
        self.graph.add_edge(source, target, f"cut:{self.links}", kind="cut", source_slot=0, target_slot=0)
        self.links += 1

    def _operation_attributes(self, operation: ev.OperationRan) -> dict[str, Any]:
        output = operation.outputs[0] if operation.outputs else None
        return {
            "kind": "operation",
            "name": operation.name,
            "variable": "" if output is None else self.timeline.tensor_name(output.tensor, -1),
            "file": ev.NONE if operation.span is None else operation.span.file,
            "line": ev.NONE if operation.span is None else operation.span.line,
            "module": operation.module,
            "module_type": operation.module_type,
            "operation": operation.operation,
            "value": ev.NONE if output is None else output.value,
            "cause": "requires grad" if _is_start(operation) else cut_words(operation.cut),
        }

    def _tensor_attributes(self, use: ev.TensorUse, name: str) -> dict[str, Any]:
        return {
            "kind": "tensor",
            "name": "tensor",
            "variable": name,
            "file": ev.NONE,
            "line": ev.NONE,
            "module": "",
            "module_type": "",
            "operation": ev.NONE,
            "tensor": use.tensor,
            "value": use.value,
            "cause": "requires no grad",
        }


def _is_start(operation: ev.OperationRan) -> bool:
    """Whether an operation that made no node made what requires a gradient: nothing is cut off there."""
    return operation.cut is None and any(use.requires_grad for use in operation.outputs)


def _writes_on_its_input(operation: ev.OperationRan) -> bool:
    # `w -= lr * w.grad` and `w.zero_()` change a leaf, which its own card shows.
    taken = {use.tensor for use in operation.inputs}
    return bool(operation.outputs) and all(use.tensor in taken for use in operation.outputs)


def _key(operation: ev.OperationRan) -> str:
    return f"operation:{operation.operation}"
