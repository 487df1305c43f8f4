"""Rules of second derivatives of normalisation and of pieces: a pass with `create_graph` has made these nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.network import epsilon_of, layer_norm_of, normalised, through_normalisation
from graphviz_app.explain.rules.pieces import selections, slices
from graphviz_app.explain.rules.second import G1
from graphviz_app.explain.rules.symbols import X
from graphviz_app.explain.second import by_first_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]
    Dims = tuple[int, ...]

W = r"\frac{\partial L}{\partial w}"
_INPUT, _MEAN, _DEVIATION = 1, 2, 3


def _arriving(call: Call, slot: int) -> Array | None:
    return call.grad(slot) if call.grad_is_given(slot) else None


def _through(call: Call, part: str, g1: Array, x: Array, w: Array, *, dims: Dims, rest: Dims, epsilon: float) -> Array:
    """Of A (g1 w), sum g1 n and sum g1, where n is normalised and A the symmetric matrix that takes n back to x.

    A h is (h - mean h - n mean(h n)) / s, and n changes with x by A, s by n over the count.
    """
    of_x, of_w, of_b = (_arriving(call, slot) for slot in range(3))
    normal, deviation = normalised(x, dims, epsilon)

    def back(h: Array) -> Array:
        return through_normalisation(h, x, dims, epsilon)

    through = None if of_x is None else back(of_x)
    of_w = None if of_w is None else _spread(of_w, x, rest)
    if part == "weight":
        return np.zeros(x.shape).sum(axis=rest) if through is None else (g1 * through).sum(axis=rest)
    result = np.zeros(x.shape)
    if part == "g1":
        result += 0.0 if through is None else w * through
        result += 0.0 if of_w is None else of_w * normal
        return result + (0.0 if of_b is None else _spread(of_b, x, rest))
    if of_w is not None:
        result += back(g1 * of_w)
    if of_x is None or through is None:
        return result
    inner = g1 * w

    def mean(values: Array) -> Array:
        return values.mean(axis=dims, keepdims=True)

    common = mean(of_x * inner) - mean(of_x) * mean(inner) - mean(of_x * normal) * mean(inner * normal)
    result -= normal * common / deviation**2
    return result - (mean(inner * normal) * through + mean(of_x * normal) * back(inner)) / deviation


def _spread(values: Array, x: Array, rest: Dims) -> Array:
    """A gradient of the weight, in the shape of the input."""
    return np.broadcast_to(values.reshape([1 if dim in rest else size for dim, size in enumerate(x.shape)]), x.shape)


def _part(slot: int, weight_at: int) -> str:
    if slot == 0:
        return "g1"
    if slot == _INPUT:
        return "x"
    if slot == weight_at:
        return "weight"
    raise Unknown


def _layer_norm(call: Call, first: Call, slot: int) -> Array:
    x, dims, epsilon, weight = layer_norm_of(first)
    rest = tuple(dim for dim in range(x.ndim) if dim not in dims)
    w = np.ones(()) if weight is None else _spread(weight, x, rest)
    part = _part(slot, 4)
    return _through(call, part, first.grad(), x, w, dims=dims, rest=rest, epsilon=epsilon)


def _batch_norm(call: Call, first: Call, slot: int) -> Array:
    x, g1 = first.named_array("0", "input"), first.grad()
    rest = (0, *range(2, x.ndim))
    epsilon = epsilon_of(first, "#2")
    weight = first.named("weight", "3")
    w = np.ones(()) if weight is None else _spread(first.array(weight.value), x, rest)
    part = _part(slot, 2)
    if first.parameter_or(False, "training", "#0") is True:
        return _through(call, part, g1, x, w, dims=rest, rest=rest, epsilon=epsilon)
    mean, variance = first.named_array("1", "running_mean"), first.named_array("2", "running_var")
    deviation = _spread(np.sqrt(variance + epsilon), x, rest)
    normal = (x - _spread(mean, x, rest)) / deviation
    of_x, of_w, of_b = (_arriving(call, each) for each in range(3))
    result = np.zeros(x.shape)
    if part == "g1":
        result += 0.0 if of_x is None else of_x * w / deviation
        result += 0.0 if of_w is None else _spread(of_w, x, rest) * normal
        return result + (0.0 if of_b is None else _spread(of_b, x, rest))
    if part == "weight":
        return result.sum(axis=rest) if of_x is None else (of_x * g1 / deviation).sum(axis=rest)
    return result if of_w is None else g1 * _spread(of_w, x, rest) / deviation


def _rows(call: Call, first: Call, slot: int) -> Array:
    """Of what a table received: what arrives at the rows that were looked up."""
    if slot != 0:
        raise Unknown
    rows, g = first.named_array("0", "input"), call.grad()
    padding = first.parameter_or(None, "padding_idx", "#0")
    picked = g[rows]
    if padding is None:
        return picked
    return np.where((rows == padding % len(g))[..., None], 0.0, picked)


def _piece(
    places: Callable[[tuple[int, ...], tuple[int, ...]], Iterable[Any]],
) -> Callable[[Call, Call, int], Array]:
    """Of what was put back into zeros: the same piece of what arrives."""

    def gradient(call: Call, first: Call, slot: int) -> Array:
        g, shape = call.grad(), first.output_shape()
        return call.nearest(slot, [g[place] for place in places(g.shape, shape) if g[place].shape == shape])

    return gradient


_NORM = (
    "A node of the second derivative of a normalisation. Three gradients arrive here: for the first gradients of x, "
    "of w "
    "and of b. A is the symmetric map through which the first pass went back, and x changes it as well, since mean and "
    "deviation depend on it."
)
_NORM_FORMULA = (
    rf"{G1} = w \, A g_x + g_w \, \hat{{x}} + g_b, \qquad {W} = \sum g_1 \, A g_x, \qquad {X} = A (g_1 g_w) + "
    r"\frac{\partial}{\partial x} \left({g_x}^{\top} A \, (g_1 w)\right)"
)
_SLICE = "A node of the second derivative: the first pass put a gradient back to where a piece had been, in zeros. "

RULES = (
    Rule(
        ("NativeLayerNormBackward",),
        _NORM_FORMULA,
        _NORM,
        "derivatives.yaml: native_layer_norm_backward; the product rule",
        by_first_call(("NativeLayerNorm",), _layer_norm),
        needs="the first pass's gradient, the input, mean and deviation",
    ),
    Rule(
        ("NativeBatchNormBackward", "BatchNormBackward", "CudnnBatchNormBackward"),
        _NORM_FORMULA,
        _NORM,
        "derivatives.yaml: native_batch_norm_backward; the product rule",
        by_first_call(
            ("NativeBatchNorm", "NativeBatchNormLegit", "BatchNormWithUpdate", "CudnnBatchNorm"), _batch_norm
        ),
        needs="the first pass's gradient, the input, mean and deviation",
    ),
    Rule(
        ("EmbeddingDenseBackward",),
        rf"{G1} = g[i]",
        "A node of the second derivative: the first pass added its gradient to the rows that had been looked up, so g₁ "
        "receives what arrives at those rows.",
        "derivatives.yaml: embedding_dense_backward",
        by_first_call(("Embedding",), _rows),
        needs="the indices",
    ),
    Rule(
        ("SelectBackward",),
        rf"{G1} = g[i]",
        _SLICE + "So g₁ receives the same piece of what arrives.",
        "derivatives.yaml: select_backward",
        by_first_call(("Select",), _piece(selections)),
    ),
    Rule(
        ("SliceBackward",),
        rf"{G1} = g[a:b]",
        _SLICE + "So g₁ receives the same piece of what arrives.",
        "derivatives.yaml: slice_backward",
        by_first_call(("Slice",), _piece(slices)),
    ),
)
