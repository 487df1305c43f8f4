"""Rules of linear algebra: inverses, determinants, solutions of systems, and roots of matrices.

Most are in M. B. Giles, "An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), for real numbers. H is the conjugate transpose throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import adjoint, close, sum_to_shape
from graphviz_app.explain.rule import Rule

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call
    from graphviz_app.explain.rule import Gradient

    Array = npt.NDArray[Any]

A = r"\frac{\partial L}{\partial A}"
B = r"\frac{\partial L}{\partial B}"


def grad_or_zeros(call: Call, slot: int) -> Array | float:
    """What came in for an output, or 0."""
    return call.grad(slot) if call.grad_is_given(slot) else 0.0


def _inverse(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    y = call.output()
    return -adjoint(y) @ call.grad() @ adjoint(y)


def _determinant(call: Call, slot: int) -> Array:  # noqa: ARG001
    a = call.argument(0)
    return (call.grad() * np.conj(np.linalg.det(a)))[..., None, None] * adjoint(np.linalg.inv(a))


def _log_determinant(call: Call, slot: int) -> Array:  # noqa: ARG001
    """Of the sign, which of a complex matrix turns, and the logarithm of the absolute value."""
    a = call.argument(0)
    of_log = np.asarray(grad_or_zeros(call, 1))
    if a.dtype.kind == "c" and call.grad_is_given(0):
        sign = np.linalg.slogdet(a)[0]
        of_log = of_log - 1j * np.imag(np.conj(call.grad(0)) * sign)
    of_log = np.broadcast_to(of_log, a.shape[:-2])
    return of_log[..., None, None] * adjoint(np.linalg.inv(a))


def _solution(call: Call, slot: int) -> Array:
    """Of A X = B, or of X A = B; B may be one vector for each matrix."""
    a, x, g = call.argument(0), call.output(), call.grad()
    is_left = call.parameter_inside_or(True, "left") is not False
    is_vector = x.ndim == a.ndim - 1
    x, g = (x[..., None], g[..., None]) if is_vector else (x, g)
    for_b = np.linalg.solve(adjoint(a), g) if is_left else adjoint(np.linalg.solve(a, adjoint(g)))
    if slot == 1:
        for_b = for_b[..., 0] if is_vector else for_b
        return sum_to_shape(for_b, call.shape(1))
    for_a = -for_b @ adjoint(x) if is_left else -adjoint(x) @ for_b
    return sum_to_shape(for_a, call.shape(0))


def _triangular_solution(call: Call, slot: int) -> Array:
    """As `_solution`, of which a half of A is taken, and its diagonal, or ones in its place."""
    a = call.argument(0)
    is_upper, is_left = call.parameter("upper"), call.parameter_or(True, "left")
    has_ones = call.parameter_or(False, "unitriangular")
    keep = np.triu if is_upper else np.tril
    half = keep(a, (1 if is_upper else -1) if has_ones else 0)
    whole = half + np.eye(a.shape[-1]) if has_ones else half
    x, g = call.output(), call.grad()
    for_b = np.linalg.solve(adjoint(whole), g) if is_left else adjoint(np.linalg.solve(whole, adjoint(g)))
    if slot == 1:
        return sum_to_shape(for_b, call.shape(1))
    for_a = keep(-for_b @ adjoint(x) if is_left else -adjoint(x) @ for_b, (1 if is_upper else -1) if has_ones else 0)
    return sum_to_shape(for_a, call.shape(0))


def _cholesky(call: Call, slot: int) -> Array:  # noqa: ARG001
    """I. Murray, "Differentiation of the Cholesky decomposition" (2016); the result is made symmetric."""
    root, g = call.output(), call.grad()
    # The root may be the upper one.
    is_upper = bool(np.abs(np.tril(root, -1)).max(initial=0.0) == 0 and np.abs(np.triu(root, 1)).max(initial=0.0) > 0)
    root, g = (adjoint(root), adjoint(g)) if is_upper else (root, g)
    inner = adjoint(root) @ g
    inner = 0.5 * (np.tril(inner) + adjoint(np.tril(inner, -1)))
    inverse = np.linalg.inv(root)
    return adjoint(inverse) @ inner @ inverse


def _cholesky_inverse(call: Call, slot: int) -> Array:  # noqa: ARG001
    """Of (L Lᴴ)⁻¹, or (Uᴴ U)⁻¹."""
    root, y, g = call.argument(0), call.output(), call.grad()
    both = -y @ (g + adjoint(g)) @ y
    is_upper = call.parameter_or(False, "upper", "#0")
    return root @ both if is_upper else both @ root


def _cholesky_solution(call: Call, slot: int) -> Array:
    """Of L Lᴴ X = B; B comes first."""
    root, x, g = call.argument(1), call.output(), call.grad()
    is_upper = call.parameter_or(False, "upper", "#0")
    root_only = np.triu(root) if is_upper else np.tril(root)
    whole = adjoint(root_only) @ root_only if is_upper else root_only @ adjoint(root_only)
    for_b = np.linalg.solve(whole, g)
    if slot == 0:
        return sum_to_shape(for_b, call.shape(0))
    both = for_b @ adjoint(x)
    both = -(both + adjoint(both))
    return sum_to_shape(root_only @ both if is_upper else both @ root_only, call.shape(1))


def _pseudo_inverse(call: Call, slot: int) -> Array:  # noqa: ARG001
    """G. H. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares" (1973)."""
    a, y = call.argument(0), call.output()
    if not close(np.linalg.pinv(a), y):
        # It was told that A is symmetric, and it is not; or small singular values were left out.
        raise Unknown
    return _through_pseudo_inverse(a, y, call.grad())


def _through_pseudo_inverse(a: Array, y: Array, g: Array) -> Array:
    """What A receives of what arrives at its pseudo-inverse y."""
    rows, columns, yh = np.eye(a.shape[-2]), np.eye(a.shape[-1]), adjoint(y)
    found = -y @ adjoint(g) @ y + y @ yh @ g @ (rows - a @ y) + (columns - y @ a) @ g @ yh @ y
    return adjoint(found)


def _matrix_exponential(call: Call, slot: int) -> Array:  # noqa: ARG001
    """R. Mathias, "A chain rule for matrix functions" (1996): a corner of the exponential of a larger matrix."""
    a, g = adjoint(call.argument(0)), call.grad()
    size = a.shape[-1]
    whole = np.zeros((*a.shape[:-2], 2 * size, 2 * size), np.result_type(a, g))
    whole[..., :size, :size] = whole[..., size:, size:] = a
    whole[..., :size, size:] = g
    return _exponential(whole)[..., :size, size:]


def _exponential(a: Array) -> Array:
    """By scaling and squaring, and Taylor's series."""
    size = float(np.abs(a).sum(-1).max(initial=0.0))
    halvings = max(int(np.ceil(np.log2(size))) + 2, 0) if np.isfinite(size) and size > 0 else 0
    scaled = a / 2.0**halvings
    term = result = np.broadcast_to(np.eye(a.shape[-1]), a.shape).astype(a.dtype)
    for count in range(1, 20):
        term = term @ scaled / count
        result = result + term
    for _ in range(halvings):
        result = result @ result
    return result


def _least_squares(call: Call, slot: int) -> Array:
    """Of pinv(A) B."""
    a, b = call.argument(0), call.argument(1)
    if any(call.grad_is_given(other) for other in range(1, call.grad_count)):
        raise Unknown
    g = call.grad()
    is_vector = b.ndim == a.ndim - 1
    b, g = (b[..., None], g[..., None]) if is_vector else (b, g)
    y = np.linalg.pinv(a)
    if slot == 1:
        found = adjoint(y) @ g
        return found[..., 0] if is_vector else found
    return _through_pseudo_inverse(a, y, g @ adjoint(b))


_RULES = (
    Rule(
        ("LinalgInvEx", "Inverse"),
        rf"{A} = -{{Y}}^{{\top}} g \, {{Y}}^{{\top}}, \qquad Y = A^{{-1}}",
        "The larger a matrix, the smaller its inverse: the gradient passes the transposed inverse on both sides, "
        "with a minus.",
        "derivatives.yaml: linalg_inv_ex; Giles (2008), 2.2.3",
        _inverse,
        needs="its result",
    ),
    Rule(
        ("LinalgDet",),
        rf"{A} = g \cdot \det A \cdot {{A}}^{{-\top}}",
        "Each element counts as much as its cofactor: that is the determinant times the transposed inverse.",
        "derivatives.yaml: _linalg_det; Giles (2008), 2.2.4",
        _determinant,
        needs="its input and its result",
    ),
    Rule(
        ("LinalgSlogdet",),
        rf"{A} = g \, {{A}}^{{-\top}}",
        "Of the logarithm of a determinant only the transposed inverse remains: g is what arrives for that. The sign "
        "of a real matrix's determinant is flat; of a complex one it turns, and counts as well.",
        "derivatives.yaml: _linalg_slogdet; Giles (2008), 2.2.4",
        _log_determinant,
        needs="its input and its results",
    ),
    Rule(
        ("LinalgSolveEx",),
        rf"{B} = {{A}}^{{-\top}} g, \qquad {A} = -{B} \, {{X}}^{{\top}}, \qquad A X = B",
        "What stands on the right receives the solution of the transposed system, with the gradient on its right; the "
        "matrix receives that times the solution, with a minus.",
        "derivatives.yaml: _linalg_solve_ex; Giles (2008), 2.3.1",
        _solution,
        needs="the matrix and its result",
    ),
    Rule(
        ("LinalgSolveTriangular",),
        rf"{B} = {{A}}^{{-\top}} g, \qquad {A} = -\mathrm{{tri}}\left({B} \, {{X}}^{{\top}}\right), "
        r"\qquad A X = B",
        "As for any system; only that half of the matrix receives a gradient that was read.",
        "derivatives.yaml: linalg_solve_triangular; Giles (2008), 2.3.1",
        _triangular_solution,
        needs="the matrix and its result",
    ),
    Rule(
        ("LinalgCholeskyEx", "Cholesky"),
        rf"{A} = {{L}}^{{-\top}} \, \Phi({{L}}^{{\top}} g) \, L^{{-1}}, \qquad A = L \, {{L}}^{{\top}}",
        "Φ mirrors the lower half of a matrix into the upper one, since A is symmetric, and halves it.",
        "derivatives.yaml: linalg_cholesky_ex; I. Murray (2016)",
        _cholesky,
        needs="its result",
    ),
    Rule(
        ("CholeskyInverse",),
        r"\frac{\partial L}{\partial R} = -Y \, (g + {g}^{\top}) \, Y R, \qquad Y = {(R \, {R}^{\top})}^{-1}",
        "The rule of an inverse, and then that of the product of a triangle with itself.",
        "derivatives.yaml: cholesky_inverse",
        _cholesky_inverse,
        needs="its input and its result",
    ),
    Rule(
        ("CholeskySolve",),
        rf"{B} = \delta, \qquad \delta = {{(R \, {{R}}^{{\top}})}}^{{-1}} g, \qquad "
        r"\frac{\partial L}{\partial R} = -(\delta \, {X}^{\top} + X \, {\delta}^{\top}) \, R",
        "The rule of a solution X, and then that of the product of a triangle R with itself.",
        "derivatives.yaml: cholesky_solve",
        _cholesky_solution,
        needs="its input and its result",
    ),
    Rule(
        ("LinalgPinv",),
        rf"{A} = {{M}}^{{\top}}, \qquad M = -Y {{g}}^{{\top}} Y + Y {{Y}}^{{\top}} g (I - A Y) + "
        r"(I - Y A) \, g {Y}^{\top} Y, \qquad Y = A^{+}",
        "The first part is that of an inverse; the others are of what A does not reach.",
        "derivatives.yaml: linalg_pinv; Golub and Pereyra (1973)",
        _pseudo_inverse,
        needs="its input and its result",
    ),
    Rule(
        ("LinalgLstsq",),
        rf"{B} = {{(A^{{+}})}}^{{\top}} g, \qquad X = A^{{+}} B",
        "The best solution is the pseudo-inverse times the right side: the rule of a product, and that of the "
        "pseudo-inverse.",
        "derivatives.yaml: linalg_lstsq; Golub and Pereyra (1973)",
        _least_squares,
        needs="both inputs",
    ),
    Rule(
        ("LinalgMatrixExp",),
        rf"{A} = \int_0^1 e^{{s {{A}}^{{\top}}}} \, g \; e^{{(1 - s) {{A}}^{{\top}}}} \, ds",
        "Each small step of the exponential receives what comes after it from one side and what came before it from "
        "the other.",
        "derivatives.yaml: linalg_matrix_exp; R. Mathias (1996)",
        _matrix_exponential,
        needs="its input",
    ),
)


def delicate(gradient: Gradient) -> Gradient:
    """Of a matrix that is nearly singular the right gradient is not the same to many digits: no other one is wrong."""

    def wrapped(call: Call, slot: int) -> Array:
        call.is_guessed = True
        return gradient(call, slot)

    return wrapped


RULES = tuple(rule._replace(gradient=delicate(rule.gradient)) for rule in _RULES if rule.gradient is not None)
