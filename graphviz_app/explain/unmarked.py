"""Writes in place of which a custom `autograd.Function` did not tell autograd."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphviz_app.explain.call import short_node_name
from graphviz_app.explain.sentences import file_of, ordinals
from graphviz_app.recording import events as ev
from graphviz_app.recording.syntax import lines_of

if TYPE_CHECKING:
    from graphviz_app.explain.call import Call

_LEAF = (
    "{name} is a leaf: it holds other numbers from there on, as if they had been changed under torch.no_grad(). torch "
    "lets no leaf that requires a gradient be marked; write on a copy (.clone())."
)
_RESULT = (
    "{name} keeps the node that it had ({node}), so a gradient that comes to it on any other way than from this node "
    "leaves the write out. Mark it and return it, or write on a copy (.clone())."
)


def unmarked_sentences(call: Call) -> list[str]:
    """Which inputs a custom Function's forward wrote on without `ctx.mark_dirty`, where, and what follows from it."""
    operation = call.operation
    if operation is None:
        return []
    # What is marked is returned, and is the same tensor then; torch sees to that.
    returned = {use.tensor for use in operation.outputs}
    inputs = {use.tensor: (at, use) for at, use in reversed(list(enumerate(operation.inputs)))}
    sentences: list[str] = []
    for event in _writes(call, operation):
        at, use = inputs.get(event.tensor, (0, None))
        if use is not None and use.requires_grad and use.tensor not in returned:
            sentences.append(_sentence(call, at, use, event))
    return sentences


def _writes(call: Call, operation: ev.OperationRan) -> list[ev.TensorMutated]:
    """What an operation wrote on, as told right after it."""
    recording = call.recording
    made = int(recording.index.operation_events[operation.operation])
    numbers = call.timeline.events_of(ev.TensorMutated)
    first = int(numbers.searchsorted(made))
    found: list[ev.TensorMutated] = []
    for number in numbers[first : first + len(operation.inputs)].tolist():
        event = recording.event(number)
        if isinstance(event, ev.TensorMutated) and event.operation == operation.operation:
            found.append(event)
    return found


def _sentence(call: Call, at: int, use: ev.TensorUse, event: ev.TensorMutated) -> str:
    known = call.timeline.tensor_name(use.tensor, ev.NONE)
    which = f"its {ordinals([at])} input" + (f", {known}," if known else "")
    where = "" if event.span is None else f" on line {event.span.line}{file_of(call, event.span)}"
    text = _text(call, event.span)
    wrote = f"{where} ({text})" if text else where
    words = _LEAF if use.is_leaf else _RESULT
    node = "none" if use.node == ev.NONE else short_node_name(call.recording.index.nodes.name(use.node))
    follows = words.format(name=known or "It", node=node)
    return (
        f"Its forward() wrote on {which} in place{wrote}, and did not call ctx.mark_dirty: autograd knows nothing of "
        f"that. {follows}"
    )


def _text(call: Call, span: ev.Span | None) -> str:
    """What stands there, "" where it is not on one line."""
    sources = call.recording.sources
    if span is None or not 0 <= span.file < len(sources) or span.end_line != span.line:
        return ""
    lines = lines_of(sources[span.file].text)
    line = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
    # Of an assignment, Python tells where its left side stands.
    return line.strip() if line.count("=") else line.encode()[span.column : span.end_column].decode(errors="replace")
