"""Nodes that a pass made of its gradients (`create_graph`): which of its calls they stand for, and with what values.

No event tells which node ran when another was made. But what is made while `SigmoidBackward0` runs leads to where that
leads to, or to itself, and computes with what came in there: so a few calls of the pass are possible, and the recorded
gradients tell which one it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Call, Unknown, base_name, edges_from, parse_parameters, plain_value
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    Array = npt.NDArray[Any]

MOST_CALLS = 16
"""Of a pass, that are tried for one node."""
MOST_VALUES = 48
"""That are tried for one that is not known."""
_MOST_EDGES = 256
_MOST_LAYERS = 4
_FARTHEST = 32
"""Nodes of the pass's own that are looked at on the way back to the forward pass."""


def first_calls(call: Call, *names: str) -> Iterator[Call]:
    """The calls that may have made a node: of nodes of these names, in the pass that made it."""
    nodes = call.recording.index.nodes
    targets = [target for slot, (target, _) in edges_from(call.timeline, call.node).items() if slot > 0]
    numbers = [number for number, name in enumerate(nodes.names) if base_name(name) in names]
    candidates = _around(call, targets[0]) if targets else np.flatnonzero(np.isin(nodes.name_number, numbers)).tolist()
    found = 0
    for node in candidates:
        if found >= MOST_CALLS:
            return
        leads_to = {node, *_targets(call, node)}
        if nodes.name_number[node] not in numbers or not leads_to.issuperset(targets):
            continue
        called = _call_in_pass(call, node)
        if called is not None:
            found += 1
            yield Call(call.timeline, node, called, call.replayed)


def by_first_call(names: tuple[str, ...], gradient: Callable[[Call, Call, int], Array]) -> Callable[[Call, int], Array]:
    """A rule for a node that was made while one of another name ran: it is given both calls, the new one first."""

    def wrapped(call: Call, slot: int) -> Array:
        call.is_guessed = True
        found: list[Array] = []
        for first in first_calls(call, *names):
            try:
                found.append(np.asarray(gradient(call, first, slot)))
            except (Unknown, ValueError, IndexError, TypeError, ArithmeticError):
                continue
        return call.nearest(slot, found)

    return wrapped


def possible_values(call: Call) -> Iterator[Array]:
    """What a node may have computed with that nothing leads to: gradients of the pass, constants of its forward."""
    if call.operation is not None:
        yield from _constants(call.operation, call)
        return
    seen: set[int] = set()
    numbers = {1.0, 2.0}
    for first in _near(call):
        uses = () if first.operation is None else first.operation.inputs
        came = () if first.called is None else first.called.grad_outputs
        for value in (*came, *(use.value for use in uses)):
            if value in seen or value == ev.NONE:
                continue
            seen.add(value)
            try:
                found = call.array(value)
            except Unknown:
                continue
            yield found
            if found.ndim > 1:
                yield np.swapaxes(found, -1, -2)
        numbers |= set(_numbers(first))
    yield from (np.asarray(number) for number in sorted(numbers))


def _constants(operation: ev.OperationRan, call: Call) -> Iterator[Array]:
    """What a function was given that needs no gradient, and its layers, such as the first states of an RNN's layers."""
    seen: set[tuple[tuple[int, ...], bytes]] = set()
    for use in operation.inputs:
        if use.requires_grad:
            continue
        try:
            value = call.array(use.value)
        except Unknown:
            continue
        layers = list(value) if value.ndim > 2 and len(value) <= _MOST_LAYERS else []
        for each in (value, *layers):
            # First states are mostly zeros, one as the other.
            known = each.shape, each.tobytes()
            if known not in seen:
                seen.add(known)
                yield each


def _numbers(call: Call) -> Iterator[float]:
    """The plain numbers of a call, and what a derivative makes of an exponent."""
    for text in parse_parameters("" if call.operation is None else call.operation.parameters).values():
        try:
            number = plain_value(text)
        except Unknown:
            continue
        if isinstance(number, int | float) and not isinstance(number, bool):
            yield from (float(number), float(number) - 1)


def _near(call: Call) -> Iterator[Call]:
    """Calls of the pass whose nodes lead to where this one leads to, through others that the pass made."""
    nodes = call.recording.index.nodes
    ends: dict[int, None] = {}
    waiting, looked_at = [call.node], 0
    while waiting and looked_at < _FARTHEST:
        node = waiting.pop(0)
        looked_at += 1
        for target in _targets(call, node):
            if nodes.operation[target] == ev.NONE and nodes.leaf[target] == ev.NONE:
                waiting.append(target)
            else:
                ends[target] = None
    found = 0
    seen: set[int] = set()
    for end in ends:
        for node in _around(call, end):
            called = None if node in seen else _call_in_pass(call, node)
            seen.add(node)
            if called is not None and found < MOST_CALLS:
                found += 1
                yield Call(call.timeline, node, called)


def _around(call: Call, node: int) -> Iterator[int]:
    """A node, and those that lead to it."""
    edges = call.recording.index.edges
    yield node
    for edge in call.timeline.edges_into.of(node)[:_MOST_EDGES].tolist():
        yield int(edges.source[edge])


def _targets(call: Call, node: int) -> list[int]:
    return [target for target, _ in edges_from(call.timeline, node).values()]


def _call_in_pass(call: Call, node: int) -> ev.NodeCalled | None:
    """What a node did in the pass that made another one."""
    recording = call.recording
    summary = recording.pass_summary(int(recording.index.nodes.made_in_pass[call.node]))
    if summary is None:
        return None
    end = len(recording.index.events) if summary.end == ev.NONE else summary.end
    number = call.timeline.calls.last(node, end, since=summary.start)
    event = None if number == ev.NONE else recording.event(number)
    return event if isinstance(event, ev.NodeCalled) and event.pass_id == summary.pass_id else None
