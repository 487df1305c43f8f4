"""Where NaN and Inf came into being: the calls and nodes that were given finite numbers and gave others."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
