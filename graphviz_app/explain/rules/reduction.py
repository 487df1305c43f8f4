"""Rules of functions that make few numbers out of many."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import close, sets_of_dims
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.symbols import X

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]
    Reduce = Callable[..., Array]


def reduced_dims(call: Call, reduce: Reduce) -> tuple[int, ...]:
    """Over which dimensions a call reduced: as the program says, else as its result shows."""
    shape = call.shape(0)
    given = call.parameter_or(None, "dim", "axis", "#0")
    if isinstance(given, int) and not isinstance(given, bool):
        given = (given,)
    if isinstance(given, tuple) and all(isinstance(dim, int) and -len(shape) <= dim < len(shape) for dim in given):
        return tuple(dim % len(shape) for dim in given) or tuple(range(len(shape)))
    return _shown_dims(call, shape, reduce)


def _shown_dims(call: Call, shape: tuple[int, ...], reduce: Reduce) -> tuple[int, ...]:
    everything = tuple(range(len(shape)))
    g = call.grad()
    if g.ndim == 0 or not shape:
        return everything
    fitting = [
        dims for dims in sets_of_dims(len(shape)) if g.size == np.prod([shape[d] for d in everything if d not in dims])
    ]
    fitting = [dims for dims in fitting if g.shape in (_kept(shape, dims), _dropped(shape, dims))]
    if len(fitting) == 1:
        return fitting[0]
    x, y = call.argument(0), call.output()
    for dims in fitting:
        if close(np.asarray(reduce(x, axis=dims)).reshape(-1), y.reshape(-1)):
            return dims
    raise Unknown


def _kept(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if dim in dims else size for dim, size in enumerate(shape))


def _dropped(shape: tuple[int, ...], dims: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for dim, size in enumerate(shape) if dim not in dims)


def _spread(values: Array, call: Call, reduce: Reduce) -> tuple[Array, tuple[int, ...]]:
    """A reduced array with its dimensions back as size 1, and which those are."""
    dims = reduced_dims(call, reduce)
    return values.reshape(_kept(call.shape(0), dims)), dims


def _sum(call: Call, slot: int) -> Array:
    g, _ = _spread(call.grad(), call, np.sum)
    return np.broadcast_to(g, call.shape(slot))


def _reduced(reduce: Reduce) -> Callable[[Call, int], Array]:
    """The result of a reduction."""

    def result(call: Call, slot: int) -> Array:
        dims = reduced_dims(call, reduce)
        return np.asarray(reduce(call.argument(0), axis=dims)).reshape(call.output_shape(slot))

    return result


def _mean(call: Call, slot: int) -> Array:
    g, dims = _spread(call.grad(), call, np.mean)
    shape = call.shape(slot)
    return np.broadcast_to(g, shape) / max(np.prod([shape[dim] for dim in dims]), 1)


def _prod(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    g, dims = _spread(call.grad(), call, np.prod)
    x = call.argument(0)
    if (x == 0).any():
        return g * np.conj(_product_of_others(x, dims))
    return g * np.conj(np.prod(x, axis=dims, keepdims=True) / x)


def _product_of_others(x: Array, dims: tuple[int, ...]) -> Array:
    others = np.empty_like(x)
    for place in np.ndindex(*x.shape):
        one = x.copy()
        one[place] = 1.0
        line = tuple(slice(None) if dim in dims else index for dim, index in enumerate(place))
        others[place] = np.prod(one[line])
    return others


def _shared_extremum(pick: Reduce, *, among_nans: bool = False) -> Callable[[Call, int], Array]:
    """max() and amax(): elements that are equal share the gradient; for max() NaNs are."""

    def gradient(call: Call, slot: int) -> Array:  # noqa: ARG001
        g, dims = _spread(call.grad(), call, pick)
        x = call.argument(0)
        top = pick(x, axis=dims, keepdims=True)
        best = ((x == top) | (np.isnan(x) & np.isnan(top) & among_nans)).astype(np.float64)
        return g * best / best.sum(axis=dims, keepdims=True)

    return gradient


def _extremum(pick: Reduce, place: Callable[..., Array]) -> Callable[[Call, int], Array]:
    """Max and min, over everything or, with their indices, along one dimension."""
    shared = _shared_extremum(pick, among_nans=True)

    def gradient(call: Call, slot: int) -> Array:
        if call.name.endswith("Backward1"):
            return shared(call, slot)
        g, dims = _spread(call.grad(), call, pick)
        x = call.argument(0)
        outputs = () if call.operation is None else call.operation.outputs
        best = call.array(outputs[1].value) if len(outputs) > 1 else place(x, axis=dims[0])
        result = np.zeros(x.shape, g.dtype)
        np.put_along_axis(result, best.reshape(g.shape), g, dims[0])
        return result

    return gradient


def _log_sum_exp(x: Array, axis: tuple[int, ...], *, keepdims: bool = False) -> Array:
    top = x.max(axis=axis, keepdims=True)
    result = np.log(np.exp(x - top).sum(axis=axis, keepdims=True)) + top
    return result if keepdims else result.squeeze(axis)


def _logsumexp(call: Call, slot: int) -> Array:  # noqa: ARG001
    g, dims = _spread(call.grad(), call, _log_sum_exp)
    x = call.argument(0)
    return g * np.conj(np.exp(x - _log_sum_exp(x, dims, keepdims=True)))


def _power_norm(order: float) -> Reduce:
    def reduce(x: Array, axis: tuple[int, ...], *, keepdims: bool = False) -> Array:
        size = np.abs(x)
        if np.isinf(order):
            return (np.max if order > 0 else np.min)(size, axis=axis, keepdims=keepdims)
        return (size**order).sum(axis=axis, keepdims=keepdims) ** (1 / order)

    return reduce


def _norm(call: Call, slot: int) -> Array:
    if call.is_direct:
        return _through_norm(call, _norm_order(call))
    # The function around it knows which norm it is; the usual ones are tried.
    call.is_guessed = True
    found: list[Array] = []
    for order in (2.0, 1.0, np.inf):
        with contextlib.suppress(Unknown):
            found.append(_through_norm(call, order))
    return call.nearest(slot, found)


def _norm_order(call: Call) -> float:
    order = call.parameter_or(2, "ord", "p", "#0")
    order = 2 if order in ("fro", None) else order
    if isinstance(order, bool) or not isinstance(order, int | float):
        raise Unknown
    return float(order)


def _through_norm(call: Call, order: float) -> Array:
    """By x |x|^(p-2) over the norm's power p - 1; where there is none, 0."""
    x = call.argument(0)
    dims = _norm_dims(call, _power_norm(order or 2.0))
    g = call.grad().reshape(_kept(x.shape, dims))
    size = np.abs(x)
    sign = x / np.where(size == 0, 1.0, size)
    if order == 0:
        return np.zeros(x.shape)
    if order == 1:
        return g * sign
    norm = _power_norm(order)(x, dims, keepdims=True)
    if np.isinf(order):
        best = (size == norm) | (np.isnan(size) & np.isnan(norm))
        return g * sign * best / best.sum(axis=dims, keepdims=True)
    steep = np.where(size == 0, 0.0, np.where(size == 0, 1.0, size) ** (order - 1))
    return np.where(norm == 0, 0.0, g * sign * steep / np.where(norm == 0, 1.0, norm) ** (order - 1))


def _norm_dims(call: Call, reduce: Reduce) -> tuple[int, ...]:
    # Its first plain argument is the order, not the dimension.
    given = call.parameter_or(None, "dim")
    if not call.is_direct and call.grad().ndim == 0:
        return tuple(range(len(call.shape(0))))
    return reduced_dims(call, reduce) if given is not None else _shown_dims(call, call.shape(0), reduce)


def _correction(call: Call) -> int:
    """By how much less than the number of elements it was divided; `unbiased` says so by name or position as well."""
    correction = call.parameter_or(None, "correction")
    if correction is not None:
        return correction
    unbiased = [call.parameter_or(None, name) for name in ("unbiased", "#0", "#1")]
    return next((int(each) for each in unbiased if isinstance(each, bool)), 1)


def _variance(*, root: bool) -> Callable[[Call, int], Array]:
    def gradient(call: Call, slot: int) -> Array:  # noqa: ARG001
        correction = _correction(call)
        x = call.argument(0)

        def reduce(values: Array, axis: tuple[int, ...]) -> Array:
            variance = values.var(axis=axis, ddof=correction)
            return np.sqrt(variance) if root else variance

        g, dims = _spread(call.grad(), call, reduce)
        count = np.prod([x.shape[dim] for dim in dims]) - correction
        centred = x - x.mean(axis=dims, keepdims=True)
        if not root:
            return g * 2 * centred / count
        return g * centred / (count * reduce(x, dims).reshape(g.shape))

    return gradient


_CHOSEN = "Only the element that was chosen can change the result, so it gets the whole gradient and the others get 0"

RULES = (
    Rule(
        ("Sum",),
        rf"{X}_i = g",
        "Each element counted once in the sum, so each receives the same gradient: it is copied to all of them.",
        "derivatives.yaml: sum",
        _sum,
        forward=_reduced(np.sum),
        needs="only the input's shape",
    ),
    Rule(
        ("Mean",),
        rf"{X}_i = \frac{{g}}{{n}}",
        "Each element counted for one n-th, so each receives an n-th of the gradient.",
        "derivatives.yaml: mean",
        _mean,
        forward=_reduced(np.mean),
        needs="only the input's shape",
    ),
    Rule(
        ("Prod",),
        rf"{X}_i = g \prod_{{j \neq i}} x_j",
        "Each factor receives the gradient times the product of all the others.",
        "derivatives.yaml: prod",
        _prod,
        forward=_reduced(np.prod),
        needs="its input and its result",
    ),
    Rule(
        ("Max",),
        rf"{X}_i = g \cdot [i = \mathrm{{argmax}} \; x]",
        f"{_CHOSEN}; over a whole tensor, equal largest ones share it.",
        "derivatives.yaml: max, max.dim",
        _extremum(np.max, np.argmax),
        needs="which element was chosen",
    ),
    Rule(
        ("Min",),
        rf"{X}_i = g \cdot [i = \mathrm{{argmin}} \; x]",
        f"{_CHOSEN}; over a whole tensor, equal smallest ones share it.",
        "derivatives.yaml: min, min.dim",
        _extremum(np.min, np.argmin),
        needs="which element was chosen",
    ),
    Rule(
        ("Amax",),
        rf"{X}_i = \frac{{g \cdot [x_i = y]}}{{n}}",
        f"{_CHOSEN}; the n that are equally large share it.",
        "derivatives.yaml: amax",
        _shared_extremum(np.max),
        needs="its input and its result",
    ),
    Rule(
        ("Amin",),
        rf"{X}_i = \frac{{g \cdot [x_i = y]}}{{n}}",
        f"{_CHOSEN}; the n that are equally small share it.",
        "derivatives.yaml: amin",
        _shared_extremum(np.min),
        needs="its input and its result",
    ),
    Rule(
        ("Logsumexp",),
        rf"{X}_i = g \, e^{{x_i - y}}",
        "The gradient is dealt out by the softmax of the input: mostly to the largest elements.",
        "derivatives.yaml: logsumexp",
        _logsumexp,
        forward=_reduced(_log_sum_exp),
        needs="its input and its result",
    ),
    Rule(
        ("LinalgVectorNorm", "Norm"),
        rf"{X} = g \, \frac{{x \, |x|^{{p - 2}}}}{{{{\Vert x \Vert}}_p^{{p - 1}}}}",
        "A vector gets longer fastest in its own direction: for the usual norm, p = 2, the gradient is that direction, "
        "of length g.",
        "derivatives.yaml: linalg_vector_norm",
        _norm,
        needs="its input and its result",
    ),
    Rule(
        ("Var",),
        rf"{X}_i = g \, \frac{{2 (x_i - \overline{{x}})}}{{n - 1}}",
        "Elements above the mean push the variance up, those below it down, the more so the further away they are.",
        "derivatives.yaml: var",
        _variance(root=False),
        needs="its input",
    ),
    Rule(
        ("Std",),
        rf"{X}_i = g \, \frac{{x_i - \overline{{x}}}}{{(n - 1) \, y}}",
        "Elements above the mean push the deviation up, those below it down, the more so the further away they are.",
        "derivatives.yaml: std",
        _variance(root=True),
        needs="its input and its result",
    ),
)
