"""Rules of decompositions: of a matrix into eigenvectors, singular vectors, an orthogonal and a triangular matrix.

Where vectors are free, up to their sign or angle, it is those that torch has found that count. H is the conjugate
transpose throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import adjoint, close
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.linalg import A, delicate, grad_or_zeros

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]


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
    for_q, for_r = grad_or_zeros(call, 0) + 0 * q, grad_or_zeros(call, 1) + 0 * r
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


def _lu(call: Call, slot: int) -> Array:  # noqa: ARG001
    """Of A = P L U for a square matrix, from both factors or from one matrix that holds both."""
    is_packed = call.name.startswith("LinalgLuFactor")
    if is_packed:
        packed, given = call.output(0), call.grad(0)
        lower, upper = np.tril(packed, -1) + np.eye(*packed.shape[-2:]), np.triu(packed)
        of_lower, of_upper = np.tril(given, -1), np.triu(given)
    else:
        lower, upper = call.output(0), call.output(1)
        of_lower, of_upper = grad_or_zeros(call, 0) + 0 * lower, grad_or_zeros(call, 1) + 0 * upper
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
        ("LinalgEigh",),
        rf"{A} = V \left(\mathrm{{diag}}(g_w) + \frac{{{{V}}^{{\top}} g_V}}{{w_j - w_i}}\right) {{V}}^{{\top}}",
        "Each eigenvalue w changes as A does along its own vector, a column of V; each vector turns towards the "
        "others, the faster the nearer their eigenvalues are: where two are equal there is no derivative. The "
        "fraction is 0 on the diagonal.",
        "derivatives.yaml: _linalg_eigh; Giles (2008), 3.1",
        _eigen_of_symmetric,
        needs="its results",
    ),
    Rule(
        ("LinalgEig",),
        rf"{A} = {{V}}^{{-H}} \left(\mathrm{{diag}}(g_w) + \frac{{M}}{{\overline{{w_j - w_i}}}}\right) {{V}}^{{H}}, "
        r"\qquad M = {V}^{H} g_V - {V}^{H} V \, \mathrm{diag} \, \mathrm{Re}({V}^{H} g_V)",
        "As for a symmetric matrix; the vectors are not at right angles, so their inverse stands on the left, and they "
        "keep their length, which is what is taken from M. H is the conjugate transpose. The fraction is 0 on the "
        "diagonal.",
        "derivatives.yaml: linalg_eig; Giles (2008), 3.1",
        _eigen,
        needs="its results",
    ),
    Rule(
        ("LinalgSvd",),
        rf"{A} = U \, \mathrm{{diag}}(g_s) \, {{V}}^{{\top}} + \ldots",
        "Each singular value s changes as A does along its own pair of vectors; what arrives for the vectors turns "
        "them, the faster the nearer their values are: where two are equal there is no derivative.",
        "derivatives.yaml: _linalg_svd; J. Townsend (2016)",
        _singular_values,
        needs="its results",
    ),
    Rule(
        ("LinalgQr",),
        rf"{A} = \left(g_Q + Q \, \mathrm{{sym}}(R \, {{g_R}}^{{\top}} - {{g_Q}}^{{\top}} Q)\right) {{R}}^{{-\top}}",
        "sym mirrors the lower half into the upper one: Q can only turn, and R is a triangle. This is for a matrix "
        "that is not wider than high; of a wider one the columns on the right come to it through Q.",
        "derivatives.yaml: linalg_qr; Walter and Lehmann (2010)",
        _orthogonal,
        needs="its results",
    ),
    Rule(
        ("LinalgLu", "LinalgLuFactorEx"),
        rf"{A} = P \, {{L}}^{{-\top}} \left(\mathrm{{tril}}_{{-1}}({{L}}^{{\top}} g_L) + \mathrm{{triu}}(g_U \, "
        r"{U}^{\top})\right) {U}^{-\top}",
        "Both factors' gradients, each only where its triangle is (the diagonal is U's, that of L is of ones), go back "
        "through the factors; then the rows are put back in their order.",
        "derivatives.yaml: linalg_lu, linalg_lu_factor_ex",
        _lu,
        needs="its results",
    ),
)

RULES = tuple(rule._replace(gradient=delicate(rule.gradient)) for rule in _RULES if rule.gradient is not None)
