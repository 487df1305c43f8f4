"""What came over numbers: where NaN and Inf came into being, and what was written on behind autograd's back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.origins import MOST_OPERATIONS
from graphviz_app.explain.rules import rule_of
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import statistics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz_app.explain.call import Call


def oddity_sentences(call: Call) -> list[str]:
    """What the forward pass made of finite numbers, and then what the node did of a gradient without NaN and Inf."""
    operation, called = call.operation, call.called
    given = None if operation is None else _odd(call, (use.value for use in operation.inputs))
    gave = None if operation is None else _odd(call, (use.value for use in operation.outputs))
    sentences: list[str] = []
    if operation is not None and operation.inputs and given == set() and gave:
        name = operation.name.removeprefix("torch.Tensor.")
        sentences.append(f"In the forward pass {name} gave {_named(gave)}, of numbers that were all finite.")
    if called is None or called.hooks:
        return sentences
    arrived = _odd(call, (value for value in called.grad_outputs if value != ev.NONE))
    sent = _odd(call, (value for value in called.grad_inputs if value != ev.NONE))
    if not sent or arrived is None or sent <= arrived or "NaN" in arrived:
        return sentences
    came = sent - arrived
    return [*sentences, f"{_named(came)} comes up here: {_reason(call, came, arrived, given, gave)}."]


def overwritten_sentence(call: Call) -> str:
    """Which tensor of the node's had other numbers later, by a write that raised no version; "" where none is known."""
    operation, called, recording = call.operation, call.called, call.recording
    if operation is None or called is None:
        return ""
    summary = recording.pass_summary(called.pass_id)
    start = 0 if summary is None else summary.start
    made = int(recording.index.operation_events[operation.operation])
    kept = {(use.tensor, use.version): use.value for use in (*operation.inputs, *operation.outputs)}
    numbers = call.timeline.events_of(ev.OperationRan)
    for number in numbers[(numbers > made) & (numbers < start)][:MOST_OPERATIONS].tolist():
        each = recording.event(number)
        if not isinstance(each, ev.OperationRan):
            continue
        for use in each.inputs:
            known = kept.get((use.tensor, use.version), use.value)
            if known != use.value and _differ(call, known, use.value):
                name = call.timeline.tensor_name(use.tensor, number) or "a tensor that it works with"
                where = "" if each.span is None else f" by line {each.span.line}"
                return f"{name} held other numbers{where}: it was written on behind autograd's back (.data, NumPy)."
    return ""


def _differ(call: Call, first: int, second: int) -> bool:
    try:
        return not np.array_equal(call.array(first), call.array(second), equal_nan=True)
    except Unknown:
        return False


def _reason(call: Call, came: set[str], arrived: set[str], given: set[str] | None, gave: set[str] | None) -> str:
    if arrived:
        return "what arrived is infinite, and zero times infinity is NaN, as infinity minus infinity is"
    if given or "NaN" in (gave or ()):
        return "what arrived is finite, but numbers of the forward pass are not"
    if rule_of(call.name) is None:
        return "what arrived is finite"
    if "NaN" in came:
        return (
            "what arrived is finite, but a slope is not, as that of a root of 0 or where one divides by 0, and zero "
            "times infinity is NaN"
        )
    return "what arrived is finite, but a slope is infinite at that place, or the result too large for its dtype"


def _odd(call: Call, values: Iterable[int]) -> set[str] | None:
    """Which of NaN and Inf there are in values; None where one of them is not known."""
    found = set[str]()
    for value in values:
        record = call.recording.value(value)
        figures = None if record is None else statistics(record)
        if figures is None:
            return None
        found |= {"NaN"} if figures.nans else set()
        found |= {"Inf"} if figures.positive_infinities + figures.negative_infinities else set()
    return found


def _named(odd: set[str]) -> str:
    return " and ".join(sorted(odd, reverse=True))
