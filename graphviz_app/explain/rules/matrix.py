"""Rules of matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.numeric import adjoint, sum_to_shape
from graphviz_app.explain.rule import Rule

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

A = r"\frac{\partial L}{\partial A}"
B = r"\frac{\partial L}{\partial B}"
V = r"\frac{\partial L}{\partial v}"
BIAS = r"\frac{\partial L}{\partial b}"


def _product(call: Call, slot: int) -> Array:
    g = call.grad()
    return g @ adjoint(call.argument(1)) if slot == 0 else adjoint(call.argument(0)) @ g


def _multiplied(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    return call.argument(0) @ call.argument(1)


def _added_product(call: Call, slot: int) -> Array:  # noqa: ARG001
    beta, alpha = call.parameter_inside_or(1.0, "beta"), call.parameter_inside_or(1.0, "alpha")
    return beta * call.argument(0) + alpha * (call.argument(1) @ call.argument(2))


def _matrix_vector(call: Call, slot: int) -> Array:
    g = call.grad()
    return np.outer(g, np.conj(call.argument(1))) if slot == 0 else adjoint(call.argument(0)) @ g


def _dot(call: Call, slot: int) -> Array:
    return call.grad() * np.conj(call.argument(1 - slot))


def _conjugating_dot(call: Call, slot: int) -> Array:
    """The sum of conj(x1) x2."""
    return np.conj(call.grad()) * call.argument(1) if slot == 0 else call.grad() * call.argument(0)


def _outer(call: Call, slot: int) -> Array:
    g = call.grad()
    return g @ np.conj(call.argument(1)) if slot == 0 else np.conj(call.argument(0)) @ g


def _add_product(call: Call, slot: int) -> Array:
    """Alpha (A @ B) + beta bias, with bias in slot 0; also with a batch dimension, and with a vector for B."""
    g = call.grad()
    if slot == 0:
        return sum_to_shape(g, call.shape(0)) * np.conj(call.parameter_inside_or(1.0, "beta"))
    factor = np.conj(call.parameter_inside_or(1.0, "alpha"))
    if g.ndim == 1:
        second = call.argument(2) if slot == 1 else None
        return factor * (np.outer(g, np.conj(second)) if second is not None else adjoint(call.argument(1)) @ g)
    return factor * (g @ adjoint(call.argument(2)) if slot == 1 else adjoint(call.argument(1)) @ g)


_ADD_FORMULA = rf"{BIAS} = \sum_{{rows}} g, \qquad {A} = g \, B^{{\top}}, \qquad {B} = {{A}}^{{\top}} g"
_PRODUCT_FORMULA = rf"{A} = g \, B^{{\top}}, \qquad {B} = {{A}}^{{\top}} g"
_PRODUCT_WORDS = (
    "Each factor receives the gradient times the other one, transposed, from the side on which that stood: so the "
    "shapes fit."
)

RULES = (
    Rule(
        ("Mm",),
        _PRODUCT_FORMULA,
        _PRODUCT_WORDS,
        "derivatives.yaml: mm",
        _product,
        forward=_multiplied,
        needs="the other matrix of each input that needs a gradient",
    ),
    Rule(
        ("Bmm",),
        _PRODUCT_FORMULA,
        _PRODUCT_WORDS + " The batch is many such products side by side.",
        "derivatives.yaml: bmm",
        _product,
        forward=_multiplied,
        needs="the other matrices",
    ),
    Rule(
        ("Mv",),
        rf"{A} = g \, v^{{\top}}, \qquad {V} = {{A}}^{{\top}} g",
        "The vector receives the gradient through the transposed matrix; the matrix receives every product of an "
        "element of the gradient with one of the vector.",
        "derivatives.yaml: mv",
        _matrix_vector,
        forward=_multiplied,
        needs="the matrix and the vector",
    ),
    Rule(
        ("Dot",),
        r"\frac{\partial L}{\partial x_1} = g \, x_2, \qquad \frac{\partial L}{\partial x_2} = g \, x_1",
        "Each vector receives the other one, times the gradient, which is a single number here.",
        "derivatives.yaml: dot",
        _dot,
        forward=_multiplied,
        needs="the other vector",
    ),
    Rule(
        ("Vdot",),
        r"\frac{\partial L}{\partial x_1} = \overline{g} \, x_2, \qquad \frac{\partial L}{\partial x_2} = g \, x_1",
        "Each vector receives the other one, times the gradient, which is a single number here; the first was "
        "conjugated, so its gradient is.",
        "derivatives.yaml: vdot",
        _conjugating_dot,
        needs="the other vector",
    ),
    Rule(
        ("Ger", "Outer"),
        r"\frac{\partial L}{\partial x_1} = g \, x_2, \qquad \frac{\partial L}{\partial x_2} = {g}^{\top} x_1",
        "Each vector receives the gradient, a matrix, multiplied with the other vector.",
        "the product rule, for x₁ x₂ᵀ",
        _outer,
        needs="the other vector",
    ),
    Rule(
        ("Addmm", "Addmv"),
        _ADD_FORMULA,
        "A linear layer: the bias receives the gradient added up over all rows of the batch; input and weight receive "
        "it times the other one, transposed. If the call has factors alpha and beta, these count as well.",
        "derivatives.yaml: addmm",
        _add_product,
        forward=_added_product,
        needs="the two matrices",
    ),
    Rule(
        ("Baddbmm",),
        _ADD_FORMULA,
        "A batch of products with something added: what was added receives the gradient as it came, the matrices "
        "receive it times each other, transposed. If the call has factors alpha and beta, these count as well.",
        "derivatives.yaml: baddbmm",
        _add_product,
        forward=_added_product,
        needs="the two batches of matrices",
    ),
    Rule(
        ("Linear",),
        rf"\frac{{\partial L}}{{\partial x}} = g \, W, \qquad \frac{{\partial L}}{{\partial W}} = {{g}}^{{\top}} x, "
        rf"\qquad {BIAS} = \sum_{{rows}} g",
        "A linear layer: the input receives the gradient through the weight, the weight the gradient times the input, "
        "and the bias the gradient added up over the batch.",
        "derivatives.yaml: linear",
        needs="the input and the weight",
    ),
)
