"""Columns over the events of a recording: enough to find anything without decoding the events.

A recording may hold a million events. What every question needs (which kind, which pass, which node,
which line) stands here in flat integer columns; the events themselves stay on disk, in blocks.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, assert_never

import msgspec
import numpy as np

from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    import numpy.typing as npt

    IntColumn = npt.NDArray[np.int32]


class PassSummary(ev.Struct, frozen=True):
    """Where a backward pass stands among the events; `end` is NONE where it never returned."""

    pass_id: int
    parent: int
    start: int
    end: int = ev.NONE


class LeafSummary(ev.Struct, frozen=True):
    """A leaf: the best name known, and the event that first spoke of it."""

    leaf: int
    tensor: int
    name: str
    value: int
    is_parameter: bool
    retains_grad: bool
    event: int


class TensorName(ev.Struct, frozen=True):
    """From `event` on, `tensor` was known to the program as `name`."""

    event: int
    tensor: int
    name: str


class SourceFile(ev.Struct, frozen=True):
    """A file of the user's, as it was when it ran."""

    path: str
    text: str


_OPERATIONS_AHEAD = 10_000
"""How far the numbering of operations may run ahead; a hostile file could otherwise ask for any amount of memory."""

_EVENT_COLUMNS = ("kind", "pass_id", "subject", "file", "line")
_NODE_COLUMNS = ("name", "operation", "leaf", "slots", "made_in_pass", "tensor", "birth")
_EDGE_COLUMNS = ("source", "source_slot", "target", "target_slot")


class StoredIndex(ev.Struct, frozen=True):
    """An index as it stands at the end of a file: columns as little-endian int32 bytes."""

    events: dict[str, bytes]
    nodes: dict[str, bytes]
    edges: dict[str, bytes]
    node_names: tuple[str, ...]
    node_definitions: dict[int, ev.Span]
    operation_events: bytes
    passes: tuple[PassSummary, ...]
    leaves: tuple[LeafSummary, ...]
    tensor_names: tuple[TensorName, ...]
    sources: tuple[SourceFile, ...]
    notices: tuple[int, ...]


class EventColumns:
    """One row per event.

    Attributes:
        kind: Position of its type in `EVENT_TYPES`.
        pass_id: The pass it belongs to, NONE outside passes.
        subject: The node (`NodeCalled`), operation (`OperationRan`), leaf (`Grad*`, `LeafUpdated`, `LeafFound`) or
            tensor (`TensorMutated`, `NameBound`) that it is about, else NONE.
        file: The file of its line, NONE where unknown.
        line: Its source line, NONE where unknown.
    """

    def __init__(self, columns: dict[str, IntColumn]) -> None:
        self.kind = columns["kind"]
        self.pass_id = columns["pass_id"]
        self.subject = columns["subject"]
        self.file = columns["file"]
        self.line = columns["line"]

    def __len__(self) -> int:
        return len(self.kind)


class NodeColumns:
    """One row per node; fields as in `events.Node`, and `birth`, the event that introduced it."""

    def __init__(self, columns: dict[str, IntColumn], names: tuple[str, ...], definitions: dict[int, ev.Span]) -> None:
        self.name_number = columns["name"]
        self.operation = columns["operation"]
        self.leaf = columns["leaf"]
        self.slots = columns["slots"]
        self.made_in_pass = columns["made_in_pass"]
        self.tensor = columns["tensor"]
        self.birth = columns["birth"]
        self.names = names
        self.definitions = definitions

    def __len__(self) -> int:
        return len(self.operation)

    def name(self, node: int) -> str:
        """`Node.name()` of a node."""
        return self.names[self.name_number[node]]


class EdgeColumns:
    """One row per edge, in the order in which they were met; fields as in `events.Edge`."""

    def __init__(self, columns: dict[str, IntColumn]) -> None:
        self.source = columns["source"]
        self.source_slot = columns["source_slot"]
        self.target = columns["target"]
        self.target_slot = columns["target_slot"]

    def __len__(self) -> int:
        return len(self.source)


class Index:
    """The finished, immutable index of a recording."""

    def __init__(self, stored: StoredIndex) -> None:
        self.events = EventColumns(_columns(stored.events, _EVENT_COLUMNS))
        self.nodes = NodeColumns(_columns(stored.nodes, _NODE_COLUMNS), stored.node_names, stored.node_definitions)
        self.edges = EdgeColumns(_columns(stored.edges, _EDGE_COLUMNS))
        self.operation_events = np.frombuffer(stored.operation_events, np.int32)
        self.passes = stored.passes
        self.leaves = stored.leaves
        self.tensor_names = stored.tensor_names
        self.sources = stored.sources
        self.notices = stored.notices

    def check(self) -> None:
        """Make sure that every number names something.

        Raises:
            ValueError: If one does not.
        """
        nodes = len(self.nodes)
        _check_range("an edge", self.edges.source, nodes)
        _check_range("an edge", self.edges.target, nodes)
        _check_range("a node's name", self.nodes.name_number, len(self.nodes.names))
        _check_range("an event's type", self.events.kind, len(ev.EVENT_TYPES))
        calls = self.events.kind == ev.KIND[ev.NodeCalled]
        _check_range("a node call", self.events.subject[calls], nodes)
        _check_range("an operation", self.operation_events, len(self.events), lowest=ev.NONE)


def _check_range(what: str, numbers: IntColumn, end: int, *, lowest: int = 0) -> None:
    if len(numbers) and (numbers.min() < lowest or numbers.max() >= end):
        raise ValueError(f"The number of {what} is out of range.")


class IndexBuilder:
    """Grows an index, event by event, in order."""

    def __init__(self) -> None:
        self._events = {name: array("i") for name in _EVENT_COLUMNS}
        self._nodes = {name: array("i") for name in _NODE_COLUMNS}
        self._edges = {name: array("i") for name in _EDGE_COLUMNS}
        self._name_numbers: dict[str, int] = {}
        self._definitions: dict[int, ev.Span] = {}
        self._operation_events = array("i")
        self._passes: dict[int, PassSummary] = {}
        self._leaves: dict[int, LeafSummary] = {}
        self._tensor_names: list[TensorName] = []
        self._sources: list[SourceFile] = []
        self._notices: list[int] = []
        self._kind = self._events["kind"].append
        self._pass_id = self._events["pass_id"].append
        self._subject = self._events["subject"].append
        self._file = self._events["file"].append
        self._line = self._events["line"].append
        self._count = 0

    def add(self, event: ev.Event) -> None:  # noqa: C901 - one case a kind of event, and no other logic
        """Take the next event."""
        number = self._count
        self._count += 1
        # The most frequent first: a training loop is mostly node calls and operations.
        match event:
            case ev.NodeCalled():
                self._row(event, event.pass_id, event.node, None)
            case ev.OperationRan():
                self._row(event, ev.NONE, event.operation, event.span)
                self._set_operation(event.operation, number)
            case ev.GradAccumulated():
                self._row(event, event.pass_id, event.leaf, None)
            case ev.NodesMade():
                self._row(event, ev.NONE, ev.NONE, None)
                self._add_nodes(event, number)
            case ev.GradCleared() | ev.GradWritten() | ev.LeafUpdated():
                self._row(event, ev.NONE, event.leaf, event.span)
            case ev.BackwardStarted():
                self._row(event, event.pass_id, ev.NONE, event.span)
                self._passes[event.pass_id] = PassSummary(event.pass_id, event.parent, number)
            case ev.BackwardFinished():
                self._row(event, event.pass_id, ev.NONE, None)
                if event.pass_id in self._passes:
                    started = self._passes[event.pass_id]
                    self._passes[event.pass_id] = msgspec.structs.replace(started, end=number)
            case ev.LeafFound():
                self._row(event, ev.NONE, event.leaf, None)
                self._add_leaf(event, number)
            case ev.NameBound():
                self._row(event, ev.NONE, event.tensor, event.span)
                self._tensor_names.append(TensorName(number, event.tensor, event.name))
            case ev.TensorMutated():
                self._row(event, ev.NONE, event.tensor, event.span)
            case ev.Raised():
                self._row(event, ev.NONE, ev.NONE, event.span)
            case ev.SourceRead():
                self._row(event, ev.NONE, ev.NONE, None)
                self._sources.append(SourceFile(event.path, event.text))
            case ev.Notice():
                self._row(event, ev.NONE, ev.NONE, None)
                self._notices.append(number)
            case ev.Printed() | ev.Finished():
                self._row(event, ev.NONE, ev.NONE, None)
            case _:
                assert_never(event)

    def finish(self) -> StoredIndex:
        """The index of all events so far; the builder can go on growing."""
        return StoredIndex(
            events={name: column.tobytes() for name, column in self._events.items()},
            nodes={name: column.tobytes() for name, column in self._nodes.items()},
            edges={name: column.tobytes() for name, column in self._edges.items()},
            node_names=tuple(self._name_numbers),
            node_definitions=dict(self._definitions),
            operation_events=self._operation_events.tobytes(),
            passes=tuple(self._passes.values()),
            leaves=tuple(self._leaves.values()),
            tensor_names=tuple(self._tensor_names),
            sources=tuple(self._sources),
            notices=tuple(self._notices),
        )

    def _row(self, event: ev.Event, pass_id: int, subject: int, span: ev.Span | None) -> None:
        self._kind(ev.KIND[type(event)])
        self._pass_id(pass_id)
        self._subject(subject)
        self._file(ev.NONE if span is None else span.file)
        self._line(ev.NONE if span is None else span.line)

    def _set_operation(self, operation: int, number: int) -> None:
        # Operations of several threads may arrive slightly out of order.
        missing = operation - len(self._operation_events) + 1
        if operation < 0 or missing > _OPERATIONS_AHEAD:
            raise ValueError(f"Operation {operation} came where about {len(self._operation_events)} was expected.")
        if missing > 0:
            self._operation_events.extend([ev.NONE] * missing)
        self._operation_events[operation] = number

    def _add_nodes(self, event: ev.NodesMade, number: int) -> None:
        columns = self._nodes
        for node in event.nodes:
            missing = node.id - len(columns["name"])
            if missing != 0:
                raise ValueError(f"Node {node.id} came where node {node.id - missing} was expected.")
            columns["name"].append(self._name_numbers.setdefault(node.name, len(self._name_numbers)))
            columns["operation"].append(node.operation)
            columns["leaf"].append(node.leaf)
            columns["slots"].append(node.slots)
            columns["made_in_pass"].append(node.made_in_pass)
            columns["tensor"].append(node.tensor)
            columns["birth"].append(number)
            if node.definition is not None:
                self._definitions[node.id] = node.definition
        for edge in event.edges:
            self._edges["source"].append(edge.source)
            self._edges["source_slot"].append(edge.source_slot)
            self._edges["target"].append(edge.target)
            self._edges["target_slot"].append(edge.target_slot)

    def _add_leaf(self, event: ev.LeafFound, number: int) -> None:
        known = self._leaves.get(event.leaf)
        self._leaves[event.leaf] = LeafSummary(
            event.leaf,
            event.tensor,
            event.name,
            event.value if known is None else known.value,
            event.is_parameter,
            event.retains_grad or (known is not None and known.retains_grad),
            number if known is None else known.event,
        )


def _columns(stored: dict[str, bytes], names: tuple[str, ...]) -> dict[str, IntColumn]:
    columns = {name: np.frombuffer(stored[name], np.int32) for name in names}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"The columns {', '.join(names)} differ in length.")
    return columns
