"""A recording as JSON, version 1: for people who script against it.

Written piece by piece, so that a long training loop never stands in memory as a whole. Beyond the agreed keys each
operation has "cause" (the precise cut), "stack" (the calls within user code, outermost first), "iterations" (the rounds
of the loops around it, outermost first, counted from 1) and, where Python told them, "columns"; each line of the ledger
has "leaf_id" and "how", each pass "call" and "accumulates" and, where it accumulates nothing, "returned" (the gradients
that it gave back), a call or a gradient given back that a hook of the program's changed "hooks", and
the whole "error_output" and "ended"; whatever stands in another file than the program itself has "at". The ledger's
event "written" is a `.grad` that something else than a pass or a clear wrote (clipping, `x.grad = g`).
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from graphviz_app.export.json_values import json_tensor
from graphviz_app.graph.structure import StructureReader
from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from graphviz_app.timeline.lookup import EventLookup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graphviz_app.recording import Recording
    from graphviz_app.recording.index import PassSummary
    from graphviz_app.timeline import LedgerEntry

VERSION = 1
_VALUES_KEPT = 2048
_CUTS = {
    "no_grad": "no_grad",
    "inference_mode": "no_grad",
    "detach": "detach",
    "item": "detach",
    "new_tensor": "detach",
    "no_input_requires_grad": "no_input_requires_grad",
    "dtype": "dtype",
}
"""Version 1 knows four causes; the finer ones of the recording are each a kind of one of them."""


def json_chunks(recording: Recording, timeline: Timeline | None = None) -> Iterator[str]:
    """The text of the JSON file, piece by piece."""
    return _JsonWriter(recording, timeline or Timeline(recording)).chunks()


def json_document(recording: Recording, timeline: Timeline | None = None) -> dict[str, Any]:
    """The whole JSON document as Python objects."""
    return json.loads("".join(json_chunks(recording, timeline)))


class _JsonWriter:
    def __init__(self, recording: Recording, timeline: Timeline) -> None:
        self._recording = recording
        self._timeline = timeline
        calls = timeline.events_of(ev.NodeCalled)
        self._calls_by_pass = EventLookup(calls, recording.index.events.pass_id[calls])
        # What goes out of one node comes into the next, and what is after one pass is before the next.
        self._value = lru_cache(_VALUES_KEPT)(self._written_value)

    def chunks(self) -> Iterator[str]:
        head = {
            "format": "autograd-recording",
            "version": VERSION,
            "program": {"path": self._recording.program.path, "source": self._recording.program.source},
            "environment": self._environment(),
        }
        yield _text(head)[:-1]
        yield from _array("nodes", map(_text, self._nodes()))
        yield from _array("edges", map(_text, self._edges()))
        yield from _array("operations", map(_text, self._operations()))
        yield from _array("passes", ("".join(self._pass(summary)) for summary in self._recording.passes))
        yield from _array("ledger", map(_text, self._ledger()))
        yield ",\n" + _text(self._ending())[1:] + "\n"

    def _environment(self) -> dict[str, Any]:
        environment = self._recording.environment
        return {
            "python": environment.python,
            "torch": environment.torch,
            "graphviz_app": environment.graphviz_app,
            "seed": environment.seed,
        }

    def _nodes(self) -> Iterator[dict[str, Any]]:
        columns = self._recording.index.nodes
        for node in range(len(columns)):
            leaf, number = int(columns.leaf[node]), int(columns.operation[node])
            operation = self._recording.operation(number)
            yield {
                "id": node,
                "name": columns.name(node),
                "leaf": None if leaf == ev.NONE else self._timeline.leaf_name(leaf),
                # The first name says what the line was for; later ones speak of other lines.
                "variable": self._timeline.node_variable(node, ev.NONE) or None,
                "module": (operation.module or None) if operation is not None else None,
                "operation": _none(number),
                **(self._place(None, ()) if operation is None else self._place(operation.span, operation.stack)),
            }

    def _edges(self) -> Iterator[dict[str, Any]]:
        edges = self._recording.index.edges
        columns = (edges.source.tolist(), edges.source_slot.tolist(), edges.target.tolist(), edges.target_slot.tolist())
        for source, source_slot, target, target_slot in zip(*columns, strict=True):
            yield {"source": source, "source_slot": source_slot, "target": target, "target_slot": target_slot}

    def _operations(self) -> Iterator[dict[str, Any]]:
        structure = StructureReader(self._recording)
        kinds = (ev.OperationRan, ev.BackwardStarted)
        numbers = sorted(number for kind in kinds for number in self._timeline.events_of(kind).tolist())
        for operation in self._recording.events_at(numbers):
            if not isinstance(operation, ev.OperationRan):
                # A pass is no operation, but tells that a loop goes on.
                assert isinstance(operation, ev.BackwardStarted)
                structure.read(operation)
                continue
            yield {
                "id": operation.operation,
                "name": operation.name,
                "module": operation.module or None,
                "grad_mode": operation.grad_mode,
                "nodes": list(operation.nodes),
                "cut": None if operation.cut is None else _CUTS[operation.cut],
                "cause": operation.cut,
                "outputs": [self._value(use.value) for use in operation.outputs],
                **self._place(operation.span, operation.stack),
                **_columns(operation.span),
                "stack": [self._frame(frame) for frame in operation.stack],
                "iterations": [
                    {"line": iteration.line, "number": iteration.number}
                    for iteration in structure.iterations(structure.read(operation))
                ],
            }

    def _pass(self, summary: PassSummary) -> Iterator[str]:
        started = self._recording.event(summary.start)
        assert isinstance(started, ev.BackwardStarted)
        head = {
            "index": summary.pass_id,
            "parent": _none(started.parent),
            **self._place(started.span, started.stack),
            "create_graph": started.create_graph,
            "retain_graph": started.retain_graph,
            "call": started.call,
            "accumulates": started.accumulates,
            "roots": [
                {"node": root.node, "slot": root.slot, "seed": self._value(root.seed)}
                for root in started.roots
                if root.node != ev.NONE
            ],
        }
        yield _text(head)[:-1]
        yield from _array("calls", map(_text, self._calls(summary.pass_id)))
        if not started.accumulates:
            yield from _array("returned", map(_text, self._returned(summary)))
        yield "}"

    def _returned(self, summary: PassSummary) -> Iterator[dict[str, Any]]:
        finished = None if summary.end == ev.NONE else self._recording.event(summary.end)
        for each in finished.returned if isinstance(finished, ev.BackwardFinished) else ():
            name = "" if each.tensor == ev.NONE else self._timeline.tensor_name(each.tensor)
            yield {
                "node": each.node,
                "slot": each.slot,
                "variable": name or None,
                "value": self._value(each.value),
                **({"hooks": [self._hook(hook) for hook in each.hooks]} if each.hooks else {}),
            }

    def _calls(self, pass_id: int) -> Iterator[dict[str, Any]]:
        for number in self._calls_by_pass.of(pass_id).tolist():
            call = self._recording.event(number)
            assert isinstance(call, ev.NodeCalled)
            yield {
                "node": call.node,
                "grad_outputs": [self._value(value) for value in call.grad_outputs],
                "grad_inputs": [self._value(value) for value in call.grad_inputs],
                **({"hooks": [self._hook(hook) for hook in call.hooks]} if call.hooks else {}),
            }

    def _hook(self, hook: ev.HookChange) -> dict[str, Any]:
        return {
            "hook": hook.hook,
            "direction": hook.direction,
            "slot": hook.slot,
            "before": self._value(hook.before),
            "after": self._value(hook.after),
            **self._place(hook.span, ()),
        }

    def _ledger(self) -> Iterator[dict[str, Any]]:
        ledger = self._timeline.ledger
        return (self._entry(ledger.entry(position)) for position in range(len(ledger)))

    def _entry(self, entry: LedgerEntry) -> dict[str, Any]:
        return {
            "leaf": self._timeline.leaf_name(entry.leaf),
            "leaf_id": entry.leaf,
            "event": entry.kind,
            "pass": _none(entry.pass_id),
            **self._line(entry.file, entry.line),
            "how": entry.how,
            "before": self._value(entry.before),
            "contribution": self._value(entry.contribution),
            "after": self._value(entry.after),
        }

    def _ending(self) -> dict[str, Any]:
        printed: dict[str, list[str]] = {"stdout": [], "stderr": []}
        for event in self._of_type(ev.Printed):
            printed.setdefault(event.stream, []).append(event.text)
        raised = next(iter(self._of_type(ev.Raised)), None)
        finished = next(iter(self._of_type(ev.Finished)), None)
        return {
            "output": "".join(printed["stdout"]),
            "error_output": "".join(printed["stderr"]),
            "error": None
            if raised is None
            else {
                "type": raised.exception,
                "message": raised.message,
                **self._place(raised.span, raised.stack),
                "sentence": raised.sentence,
            },
            "ended": None if finished is None else {"how": finished.how, "status": finished.status},
        }

    def _of_type(self, event_type: type[Any]) -> Iterator[Any]:
        return self._recording.events_at(self._timeline.events_of(event_type).tolist())

    def _written_value(self, number: int) -> dict[str, Any] | None:
        return json_tensor(self._recording.value(number))

    def _place(self, span: ev.Span | None, stack: tuple[ev.Frame, ...]) -> dict[str, Any]:
        """The program's own line, from the stack where the span is in another file of the user's."""
        if span is None:
            return {"line": None}
        if span.file == 0:
            return {"line": span.line}
        inner = next((frame.span.line for frame in reversed(stack) if frame.span.file == 0), None)
        return {"line": inner, "at": self._elsewhere(span.file, span.line)}

    def _frame(self, frame: ev.Frame) -> dict[str, Any]:
        return {"function": frame.function, **self._line(frame.span.file, frame.span.line)}

    def _line(self, file: int, line: int) -> dict[str, Any]:
        if line == ev.NONE or file == 0:
            return {"line": _none(line)}
        return {"line": None, "at": self._elsewhere(file, line)}

    def _elsewhere(self, file: int, line: int) -> dict[str, Any]:
        known = 0 <= file < len(self._recording.sources)
        return {"file": self._recording.sources[file].path if known else None, "line": line}


def _array(name: str, items: Iterable[str]) -> Iterator[str]:
    """`, "name": [...]`, an item a line."""
    yield f',\n"{name}": ['
    separator = "\n"
    for item in items:
        yield separator + item
        separator = ",\n"
    yield "]"


def _columns(span: ev.Span | None) -> dict[str, Any]:
    """What of its line an operation is, in characters from 0; nothing where Python did not tell."""
    if span is None or span.column < 0:
        return {}
    return {"columns": {"start": span.column, "end_line": span.end_line, "end": span.end_column}}


def _none(number: int) -> int | None:
    return None if number == ev.NONE else int(number)


def _text(document: dict[str, Any]) -> str:
    # Escaped to ASCII: a lone surrogate in a print would otherwise make a file that is not UTF-8.
    return json.dumps(document, allow_nan=False, separators=(", ", ": "))
