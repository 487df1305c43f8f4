"""Rules with the recorded numbers put in: "0.333 × 2 × 3.1 = 2.07"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown, base_name, sent_values
from graphviz_app.explain.latex import is_small, latex_array, latex_factor
from graphviz_app.explain.numeric import adjoint
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from graphviz_app.explain.call import Call
    from graphviz_app.explain.checks import Check
    from graphviz_app.explain.rule import Rule
    from graphviz_app.timeline import StepState

    Array = npt.NDArray[Any]

_MATRIX_PRODUCTS = ("Mm", "Addmm")


def numbers(call: Call, rule: Rule | None, checks: Sequence[Check]) -> Iterator[str]:
    """The rule with numbers, in LaTeX, for each gradient that was checked and can be shown."""
    if rule is None or call.called is None:
        return
    sent = sent_values(call.called)
    for check in checks:
        try:
            result = call.array(sent[check.slot])
            # A derivative at a pole is infinite, and says so itself.
            with np.errstate(all="ignore"):
                text = _with_numbers(call, rule, check, result)
        except Unknown:
            continue
        if text:
            yield text


def _with_numbers(call: Call, rule: Rule, check: Check, result: Array) -> str:
    if check.agrees is not True:
        # Numbers that do not follow from the rule must not look as if they did.
        return ""
    if base_name(call.name) in _MATRIX_PRODUCTS:
        return _matrix_product(call, check.slot, result)
    g = call.grad()
    if rule.local is not None:
        return _products(g, np.conj(rule.local(call, check.slot)), result)
    if is_small(g) and is_small(result):
        return rf"g = {latex_array(g)} \quad \longrightarrow \quad {latex_array(result)}"
    return ""


def _products(g: Array, factor: Array, result: Array) -> str:
    """G times dy/dx, element by element; of large arrays the first element."""
    shape = np.broadcast_shapes(g.shape, factor.shape)
    if not result.size:
        return ""
    if shape != result.shape or (~np.isfinite(g) & (factor == 0)).any():
        # Broadcasting was undone by a sum: the products alone do not make the result. Nor do they where something was
        # left out, not multiplied with 0.
        if is_small(g) and is_small(result):
            return rf"g = {latex_array(g)} \quad \longrightarrow \quad {latex_array(result)}"
        return ""
    if not is_small(result):
        first = (0,) * len(shape)
        index = ",".join("1" for _ in shape)
        g, factor = np.broadcast_to(g, shape)[first], np.broadcast_to(factor, shape)[first]
        name = rf"\left(\frac{{\partial L}}{{\partial x}}\right)_{{{index}}}"
        return f"{name} = {_product(np.asarray(g), np.asarray(factor), np.asarray(result[first]))}"
    return _product(g, factor, result)


def _product(g: Array, factor: Array, result: Array) -> str:
    if factor.ndim == 0 and factor == 1:
        return latex_array(result)
    return rf"{latex_factor(g)} \cdot {latex_factor(factor)} = {latex_array(result)}"


def _matrix_product(call: Call, slot: int, result: Array) -> str:
    if base_name(call.name) == "Addmm":
        slot -= 1
    g = call.grad()
    if slot < 0:
        return rf"\sum_{{rows}} {latex_array(g)} = {latex_array(result)}" if is_small(g) and is_small(result) else ""
    offset = 1 if base_name(call.name) == "Addmm" else 0
    left, right = (g, adjoint(call.argument(offset + 1))) if slot == 0 else (adjoint(call.argument(offset)), g)
    if not all(map(is_small, (left, right, result))):
        return ""
    return rf"{latex_array(left)} \; {latex_array(right)} = {latex_array(result)}"


def accumulation(call: Call, state: StepState) -> Iterator[str]:
    """For a leaf's node: before + contribution = after."""
    leaf = int(call.recording.index.nodes.leaf[call.node])
    if leaf == ev.NONE or call.called is None:
        return
    for entry in reversed(state.timeline.ledger.of_leaf(leaf)):
        if entry.kind == "accumulated" and entry.event_number <= state.event_number:
            try:
                values = [call.array(entry.contribution), call.array(entry.after)]
                before = None if entry.before == ev.NONE else call.array(entry.before)
            except Unknown:
                return
            if all(map(is_small, values if before is None else [*values, before])):
                start = r"\mathrm{None}" if before is None else latex_array(before)
                yield rf"{start} + {latex_array(values[0])} = {latex_array(values[1])}"
            return
