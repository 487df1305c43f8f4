"""Recorded gradients compared with gradients that are computed here, independently of PyTorch."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphviz_app.explain.call import Call, Unknown, edges_from, sent_values
from graphviz_app.explain.numeric import close, difference, scale, tolerance
from graphviz_app.explain.replayed import MOST_IN_ALL
from graphviz_app.explain.rules import rule_of
from graphviz_app.explain.second import MOST_VALUES, possible_values
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import statistics

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.rule import Gradient

    Array = npt.NDArray[Any]


_SURELY = 1e-6
"""How near to what was recorded a result is that needs no better one, relative to the largest element."""

_NOT_COMPUTED = "this app knows the rule, but does not compute it"
_NOT_WHOLE = "what went out is too large, or was not recorded whole"
_STEP_INSIDE = "the node is one step of a larger function, and what that computed in between was not recorded"
_NOT_ENOUGH = "the recording does not hold all that the rule takes, or the call is of a kind that it does not know"
_OTHER_SHAPE = "the rule gives another shape than what went out"
_NOT_FINITE = "there are NaNs or infinite numbers among what the node worked with, of which the rule says nothing"
_NOT_SURE = "the recorded values do not tell surely enough what the node worked with"


class Check(NamedTuple):
    """The gradient of one slot, checked.

    Attributes:
        slot: Which of `grad_inputs`.
        agrees: Whether it is what the rule says, within the rounding of its dtype; None where that could not be told.
        difference: The largest distance of two elements, or None.
        computed: What the rule says it should be, or None.
        size: The largest finite element of both, by its absolute value.
        is_guessed: Whether it was computed with values that the recording does not hold, but that follow from others.
        why: Why it could not be told, to go after a colon; "" where it could, or where no rule is there to tell.
    """

    slot: int
    agrees: bool | None
    difference: float | None = None
    computed: Array | None = None
    size: float = 0.0
    is_guessed: bool = False
    why: str = ""


def check_call(call: Call) -> tuple[Check, ...]:
    """Check every gradient that a node sent out; () where it has not run or sends nothing."""
    if call.called is None:
        return ()
    edges = edges_from(call.timeline, call.node)
    sent = list(enumerate(sent_values(call.called)))
    return tuple(_check(call, slot, value) for slot, value in sent if slot in edges and value != ev.NONE)


def _check(call: Call, slot: int, value: int) -> Check:
    rule = rule_of(call.name)
    if rule is None:
        return Check(slot, None)
    if rule.gradient is None:
        return Check(slot, None, why=_NOT_COMPUTED)
    try:
        recorded = call.array(value)
    except Unknown:
        return Check(slot, None, why=_NOT_WHOLE)
    try:
        with np.errstate(all="ignore"):
            computed = _computed(call, rule.gradient, slot)
    except Unknown:
        is_step = call.operation is not None and not call.is_only_node
        return Check(slot, None, why=_STEP_INSIDE if is_step else _NOT_ENOUGH)
    if computed.shape != recorded.shape:
        if computed.size != recorded.size:
            return Check(slot, None, why=_OTHER_SHAPE)
        computed = computed.reshape(recorded.shape)
    if recorded.dtype.kind != "c" and computed.dtype.kind == "c":
        # A real tensor met complex ones: its gradient is the real part.
        computed = np.real(computed)
    same = (computed == recorded) | (np.isnan(computed) & np.isnan(recorded))
    # Of infinities and NaNs the order of the same arithmetic makes different ones: they tell nothing.
    unclear = ~same & ~(np.isfinite(computed) & np.isfinite(recorded))
    apart = difference(computed[~unclear], recorded[~unclear])
    record = call.recording.value(value)
    size = max(scale(computed), scale(recorded))
    rounding = _rounding(call, "float32" if record is None else record.dtype)
    allowed, noise = rounding * max(size, 1e-30), _noise(call, rounding, computed.size)
    if apart > max(allowed, noise):
        why = _NOT_FINITE if _is_beyond(call, value) else _NOT_SURE if call.is_guessed else ""
        return Check(slot, None, why=why) if why else Check(slot, False, apart, computed, size)
    if unclear.any():
        return Check(slot, None, apart, computed, size, call.is_guessed, _NOT_FINITE)
    return Check(slot, True, apart, computed, size, call.is_guessed)


def _computed(call: Call, gradient: Gradient, slot: int) -> Array:
    """What a rule says; of a node that a pass made also with values that nothing but the result tells of.

    Raises:
        Unknown: If the recording does not hold what the rule needs, or is of another kind of call than it knows (other
            arguments, other shapes).
    """
    try:
        return np.asarray(gradient(call, slot))
    except Unknown:
        if call.is_only_node or call.replayed.is_exhausted:
            raise
    except (ValueError, IndexError, TypeError, ArithmeticError):
        raise Unknown from None
    recorded = call.recorded(slot)
    found: list[Array] = []
    computed = 0
    for value in itertools.islice(possible_values(call), MOST_VALUES):
        call.assume(value)
        with contextlib.suppress(Unknown, ValueError, IndexError, TypeError, ArithmeticError):
            found.append(np.asarray(gradient(call, slot)))
            if recorded is not None and close(found[-1], recorded, _SURELY):
                break
        computed += call.replayed.count
        if call.replayed.is_exhausted or computed > MOST_IN_ALL:
            break
    call.assume(None)
    return call.nearest(slot, found)


def _is_beyond(call: Call, value: int) -> bool:
    """Whether a rule of mathematics says nothing of what went out: what the node computed with is not finite.

    Each function of torch's has a way of its own to go on from NaN and Inf.
    """
    operation, called = call.operation, call.called
    uses = () if operation is None else (*operation.inputs, *operation.outputs)
    values = {value, *(use.value for use in uses), *(() if called is None else called.grad_outputs)}
    figures = (statistics(record) for each in values if (record := call.recording.value(each)) is not None)
    return any(
        each is not None and each.nans + each.positive_infinities + each.negative_infinities > 0 for each in figures
    )


def _rounding(call: Call, dtype: str) -> float:
    """That of a gradient's dtype, or of what it was computed from: under autocast a norm sends float32 for bfloat16."""
    received = [] if call.called is None else [call.recording.value(each) for each in call.called.grad_outputs]
    return max(tolerance(dtype), *[tolerance(each.dtype) for each in received if each is not None], 0.0)


def _noise(call: Call, rounding: float, size: int) -> float:
    """What rounding leaves of sums of terms that cancel: of the size of the terms, and the more the more there are.

    The bias in front of a batch norm has no influence on anything: its gradient is nothing but that.
    """
    sizes = [0.0]
    for slot in range(call.grad_count):
        try:
            grad = call.grad(slot)
        except Unknown:
            continue
        sizes.append(scale(grad) * max(1.0, grad.size / max(size, 1)) ** 0.5)
    return 1e-2 * rounding * max(sizes)
