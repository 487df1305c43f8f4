"""Rules of linear algebra: inverses, determinants, solutions of systems, and decompositions.

The sources are M. B. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008), and for complex numbers and decompositions of other shapes C. Hubert and others'
and PyTorch's own notes in `FunctionsManual.cpp`. H is the conjugate transpose throughout.
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


def _grad_or_zeros(call: Call, slot: int) -> Array | float:
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
    of_log = np.asarray(_grad_or_zeros(call, 1))
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


def _eigen_of_symmetric(call: Call, slot: int) -> Array:  # noqa: ARG001
    """Of A = V diag(w) Vᴴ, with the eigenvectors that torch has found."""
    if not call.grad_is_given(1):
        # Of the eigenvalues alone any eigenvectors will do.
        v = np.linalg.eigh(call.argument(0))[1]
        return (v * call.grad(0)[..., None, :]) @ adjoint(v)
    w, v = call.output(0), call.output(1)
    found = v @ _inside(call, w, v, adjoint(v) @ call.grad(1)) @ adjoint(v)
    return 0.5 * (found + adjoint(found))


def _inside(call: Call, w: Array, v: Array, turned: Array) -> Array:
    """Between the eigenvectors: what each eigenvalue receives, and over their distances what turns the vectors."""
    apart = w[..., None, :] - w[..., :, None]
    inner = np.where(np.eye(w.shape[-1], dtype=bool), 0.0, turned / np.where(apart == 0, np.inf, apart))
    if call.grad_is_given(0):
        inner = inner + call.grad(0)[..., None] * np.eye(w.shape[-1])
    return inner.astype(np.result_type(v, inner))


def _eigen(call: Call, slot: int) -> Array:  # noqa: ARG001
    """Of A V = V diag(w), with vectors of length 1."""
    w, v = (call.output(0), call.output(1)) if call.grad_is_given(1) else np.linalg.eig(call.argument(0))
    inner = np.zeros(v.shape, np.complex128)
    if call.grad_is_given(1):
        turned = adjoint(v) @ call.grad(1)
        lengths = np.real(np.einsum("...ii->...i", turned))
        turned = turned - adjoint(v) @ (v * lengths[..., None, :])
        apart = np.conj(w[..., None, :] - w[..., :, None])
        inner = np.where(np.eye(w.shape[-1], dtype=bool), 0.0, turned / np.where(apart == 0, np.inf, apart))
    if call.grad_is_given(0):
        inner = inner + call.grad(0)[..., None] * np.eye(w.shape[-1])
    return np.linalg.solve(adjoint(v), inner @ adjoint(v))


def _singular_values(call: Call, slot: int) -> Array:  # noqa: ARG001
    """Of A = U diag(s) Vᴴ; where U and V are used too only where they have no dimensions to spare.

    J. Townsend, "Differentiating the singular value decomposition" (2016).
    """
    if call.grad_is_given(0) or call.grad_is_given(2):
        u, s, vh = call.output(0), call.output(1), call.output(2)
    else:
        # Of the values alone any singular vectors will do.
        u, s, vh = np.linalg.svd(call.argument(0), full_matrices=False)
    count = s.shape[-1]
    u, vh = u[..., :, :count], vh[..., :count, :]
    of_u, of_vh = call.grad_is_given(0), call.grad_is_given(2)
    inner = np.zeros((*s.shape, count), np.result_type(u, s))
    square = s[..., None, :] ** 2 - s[..., :, None] ** 2
    apart = np.where(np.eye(count, dtype=bool), np.inf, np.where(square == 0, np.nan, square))
    for_u = adjoint(u) @ call.grad(0)[..., :, :count] if of_u else 0 * inner
    for_v = adjoint(vh @ adjoint(call.grad(2)[..., :count, :])) if of_vh else 0 * inner
    for_v = adjoint(for_v)
    inner = ((for_u - adjoint(for_u)) / apart) * s[..., None, :] + s[..., :, None] * ((for_v - adjoint(for_v)) / apart)
    if np.iscomplexobj(u) and of_u:
        turning = 1j * np.imag(np.einsum("...ii->...i", for_u)) / s
        inner = inner + turning[..., None] * np.eye(count)
    if call.grad_is_given(1):
        inner = inner + call.grad(1)[..., None] * np.eye(count)
    found = u @ inner @ vh
    if of_u and u.shape[-2] > count:
        rest = call.grad(0)[..., :, :count] / s[..., None, :]
        found = found + (rest - u @ (adjoint(u) @ rest)) @ vh
    if of_vh and vh.shape[-1] > count:
        rest = call.grad(2)[..., :count, :] / s[..., :, None]
        found = found + u @ (rest - (rest @ adjoint(vh)) @ vh)
    return found


def _orthogonal(call: Call, slot: int) -> Array:  # noqa: ARG001
    """Of A = Q R with at least as many rows as columns; of a wider one the first columns are such an A.

    S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum
    experimental design" (2010); H. Liao and others, "Differentiable programming tensor networks" (2019).
    """
    q, r = call.output(0), call.output(1)
    if q.shape[-1] != r.shape[-2] or r.shape[-2] > r.shape[-1] or q.shape[-1] > min(q.shape[-2], r.shape[-1]):
        raise Unknown
    for_q, for_r = _grad_or_zeros(call, 0) + 0 * q, _grad_or_zeros(call, 1) + 0 * r
    if r.shape[-2] == r.shape[-1]:
        inner = for_q + q @ _mirrored(r @ adjoint(for_r) - adjoint(for_q) @ q)
        return adjoint(np.linalg.solve(r, adjoint(inner)))
    # Wide: the first columns make Q and the square part of R, the others only their own part of R, which is Qᴴ A.
    count = q.shape[-1]
    square, of_square, of_rest = r[..., :, :count], for_r[..., :, :count], for_r[..., :, count:]
    for_q = for_q + call.argument(0)[..., :, count:] @ adjoint(of_rest)
    inner = for_q + q @ _mirrored(square @ adjoint(of_square) - adjoint(for_q) @ q)
    return np.concatenate([adjoint(np.linalg.solve(square, adjoint(inner))), q @ of_rest], -1)


def _mirrored(m: Array) -> Array:
    """The lower half, mirrored into the upper one; the diagonal, of which only the real part counts, once."""
    lower = np.tril(m, -1)
    return lower + adjoint(lower) + np.real(np.einsum("...ii->...i", m))[..., None] * np.eye(m.shape[-1])


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


def _lu(call: Call, slot: int) -> Array:  # noqa: ARG001
    """Of A = P L U for a square matrix, from both factors or from one matrix that holds both."""
    is_packed = call.name.startswith("LinalgLuFactor")
    if is_packed:
        packed, given = call.output(0), call.grad(0)
        lower, upper = np.tril(packed, -1) + np.eye(*packed.shape[-2:]), np.triu(packed)
        of_lower, of_upper = np.tril(given, -1), np.triu(given)
    else:
        lower, upper = call.output(0), call.output(1)
        of_lower, of_upper = _grad_or_zeros(call, 0) + 0 * lower, _grad_or_zeros(call, 1) + 0 * upper
    if lower.shape[-1] != lower.shape[-2] or upper.shape[-1] != upper.shape[-2]:
        raise Unknown
    inner = np.tril(adjoint(lower) @ of_lower, -1) + np.triu(of_upper @ adjoint(upper))
    inner = np.linalg.solve(adjoint(lower), inner)
    inner = adjoint(np.linalg.solve(upper, adjoint(inner)))
    a = call.argument(0)
    order = _rows_of(lower @ upper, a)
    return np.take_along_axis(inner, order[..., None], -2)


def _rows_of(product: Array, a: Array) -> Array:
    """Which row of L U each row of A is."""
    apart = np.abs(a[..., :, None, :] - product[..., None, :, :]).max(-1)
    order = apart.argmin(-1)
    if not close(np.take_along_axis(product, order[..., None], -2), a, 1e-4):
        raise Unknown
    return order


_RULES = (
    Rule(
        ("LinalgInvEx", "Inverse"),
        rf"{A} = -{{Y}}^{{\top}} g \, {{Y}}^{{\top}}, \qquad Y = A^{{-1}}",
        "The larger a matrix, the smaller its inverse: the gradient passes the transposed inverse on both sides, with a "
        "minus.",
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
        "Of the logarithm of a determinant only the transposed inverse remains; the sign is flat.",
        "derivatives.yaml: _linalg_slogdet; Giles (2008), 2.2.4",
        _log_determinant,
        needs="its input and its results",
    ),
    Rule(
        ("LinalgSolveEx",),
        rf"{B} = {{A}}^{{-\top}} g, \qquad {A} = -{B} \, {{X}}^{{\top}}",
        "What stands on the right receives the solution of the transposed system, with the gradient on its right; the "
        "matrix receives that times the solution, with a minus.",
        "derivatives.yaml: _linalg_solve_ex; Giles (2008), 2.3.1",
        _solution,
        needs="the matrix and its result",
    ),
    Rule(
        ("LinalgSolveTriangular",),
        rf"{B} = {{A}}^{{-\top}} g, \qquad {A} = -\mathrm{{tri}}\left({B} \, {{X}}^{{\top}}\right)",
        "As for any system; only that half of the matrix receives a gradient that was read.",
        "derivatives.yaml: linalg_solve_triangular; Giles (2008), 2.3.1",
        _triangular_solution,
        needs="the matrix and its result",
    ),
    Rule(
        ("LinalgCholeskyEx", "Cholesky"),
        rf"{A} = {{L}}^{{-\top}} \, \Phi({{L}}^{{\top}} g) \, L^{{-1}}, \qquad A = L \, {{L}}^{{\top}}",
        "Φ keeps the lower half, and half of the diagonal. The result is made symmetric, as A is.",
        "derivatives.yaml: linalg_cholesky_ex; I. Murray (2016)",
        _cholesky,
        needs="its result",
    ),
    Rule(
        ("CholeskyInverse",),
        r"\frac{\partial L}{\partial R} = -\mathrm{tri}\left(Y \, (g + {g}^{\top}) \, Y R\right)",
        "The rule of an inverse, and then that of the product of a triangle with itself.",
        "derivatives.yaml: cholesky_inverse",
        _cholesky_inverse,
        needs="its input and its result",
    ),
    Rule(
        ("CholeskySolve",),
        rf"{B} = {{(R \, {{R}}^{{\top}})}}^{{-1}} g, \qquad \frac{{\partial L}}{{\partial R}} = -\mathrm{{tri}}\left(({B} \, "
        rf"{{X}}^{{\top}} + X \, {{{B}}}^{{\top}}) R\right)",
        "The rule of a solution, and then that of the product of a triangle with itself.",
        "derivatives.yaml: cholesky_solve",
        _cholesky_solution,
        needs="its input and its result",
    ),
    Rule(
        ("LinalgEigh",),
        rf"{A} = V \left(\mathrm{{diag}}(g_w) + \frac{{{{V}}^{{\top}} g_V}}{{w_j - w_i}}\right) {{V}}^{{\top}}",
        "Each eigenvalue changes A along its own vector; each vector turns towards the others, the faster the nearer "
        "their eigenvalues are: where two are equal there is no derivative.",
        "derivatives.yaml: _linalg_eigh; Giles (2008), 3.1",
        _eigen_of_symmetric,
        needs="its results",
    ),
    Rule(
        ("LinalgEig",),
        rf"{A} = {{V}}^{{-\top}} \left(\mathrm{{diag}}(g_w) + \frac{{{{V}}^{{\top}} g_V}}{{w_j - w_i}}\right) {{V}}^{{\top}}",
        "As for a symmetric matrix; the vectors are not at right angles, so their inverse stands on the left.",
        "derivatives.yaml: linalg_eig; Giles (2008), 3.1",
        _eigen,
        needs="its results",
    ),
    Rule(
        ("LinalgSvd",),
        rf"{A} = U \left(\mathrm{{diag}}(g_s) + \ldots\right) {{V}}^{{\top}}",
        "Each singular value changes A along its own pair of vectors; what arrives for the vectors turns them, the "
        "faster the nearer their values are: where two are equal there is no derivative.",
        "derivatives.yaml: _linalg_svd; J. Townsend (2016)",
        _singular_values,
        needs="its results",
    ),
    Rule(
        ("LinalgQr",),
        rf"{A} = \left(g_Q + Q \, \mathrm{{sym}}(R \, {{g_R}}^{{\top}} - {{g_Q}}^{{\top}} Q)\right) {{R}}^{{-\top}}",
        "sym mirrors the lower half into the upper one: Q can only turn, and R is a triangle.",
        "derivatives.yaml: linalg_qr; Walter and Lehmann (2010)",
        _orthogonal,
        needs="its results",
    ),
    Rule(
        ("LinalgPinv",),
        rf"{{{A}}}^{{\top}} = -Y {{g}}^{{\top}} Y + Y {{Y}}^{{\top}} g (I - A Y) + "
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
    Rule(
        ("LinalgLu", "LinalgLuFactorEx"),
        rf"{A} = P \, {{L}}^{{-\top}} \left(\mathrm{{tril}}({{L}}^{{\top}} g_L) + \mathrm{{triu}}(g_U \, "
        r"{U}^{\top})\right) {U}^{-\top}",
        "Both factors' gradients, each only where its triangle is, go back through the other factor; then the rows are "
        "put back in their order.",
        "derivatives.yaml: linalg_lu, linalg_lu_factor_ex",
        _lu,
        needs="its results",
    ),
)


def _delicate(gradient: Gradient) -> Gradient:
    """Of a matrix that is nearly singular the right gradient is not the same to many digits: no other one is wrong."""

    def wrapped(call: Call, slot: int) -> Array:
        call.is_guessed = True
        return gradient(call, slot)

    return wrapped


RULES = tuple(rule._replace(gradient=_delicate(rule.gradient)) for rule in _RULES if rule.gradient is not None)
