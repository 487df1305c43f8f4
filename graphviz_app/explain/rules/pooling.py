"""Rules of pooling: the mean or the largest of each window, in any number of dimensions."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.second import G1
from graphviz_app.explain.rules.symbols import X
from graphviz_app.explain.second import by_first_call
from graphviz_app.explain.windows import Windows, each_dimension

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]
    Sizes = tuple[int, ...]


def _dimensions(call: Call) -> int:
    """Over how many dimensions it pools: as its node's name says."""
    return 3 if "3D" in call.name or "3d" in call.name else 2


def _each(given: Any, count: int, first: int | None) -> Sizes:
    """One number for each dimension; torch pools a line as an image of one row, for which `first` stands."""
    return each_dimension(given, count) if first is None else (first, *each_dimension(given, 1))


def _pooling(call: Call, *, has_dilation: bool) -> Windows:
    count = _dimensions(call)
    is_line = call.operation is not None and "1d" in call.operation.name
    size = call.parameter("kernel_size", "#0")
    stride = call.parameter_or(None, "stride", "#1") or size
    padding = call.parameter_or(0, "padding", "#2")
    dilation = call.parameter_or(1, "dilation", "#3") if has_dilation else 1
    one, none = (1, 0) if is_line else (None, None)
    return Windows(
        _each(size, count, one), _each(stride, count, one), _each(padding, count, none), _each(dilation, count, one)
    )


def _average_pool(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    windows, g = _pooling(call, has_dilation=False), call.grad()
    size = call.shape(0)[-len(windows.size) :]
    places = g.shape[-len(windows.size) :]
    share = g / _averaged(call, windows, size, places)
    result = windows.padded(np.zeros(call.shape(0)), places)
    for _, view in windows.views(result, places):
        view += share
    return windows.unpadded(result, size)


def _averaged(call: Call, windows: Windows, size: Sizes, places: Sizes) -> Array | int:
    """By what the sum of each window was divided."""
    divisor = call.parameter_or(None, "divisor_override", "#5")
    if divisor is not None:
        return divisor
    counted = np.ones(size)
    if call.parameter_or(True, "count_include_pad", "#4") is not False:
        # The edge counts, but not what is beyond it, where the last window reaches out.
        counted = np.pad(counted, [(width, width) for width in windows.before], constant_values=1.0)
        windows = windows._replace(before=(0,) * len(size))
    inside = windows.padded(counted, places)
    return sum((view for _, view in windows.views(inside, places)), np.zeros(places))


def _average_again(call: Call, first: Call, slot: int) -> Array:
    """Of a mean of windows, which is linear: what arrives is pooled as x was."""
    if slot != 0:
        return np.zeros(first.shape(0))
    windows, g = _pooling(first, has_dilation=False), call.grad()
    places = first.output_shape()[-len(windows.size) :]
    views = windows.views(windows.padded(g, places), places)
    total = sum((view for _, view in views), np.zeros(first.output_shape()))
    return total / _averaged(first, windows, g.shape[-len(windows.size) :], places)


def _largest(windows: Windows, x: Array, places: Sizes) -> Iterator[tuple[Array, Sizes]]:
    """For each place within a window: whether it held the largest pixel, the first of equal ones; and where it is."""
    padded = windows.padded(x, places, -np.inf)
    top = np.full((*x.shape[: x.ndim - len(places)], *places), -np.inf)
    for _, view in windows.views(padded, places):
        top = np.where((view > top) | np.isnan(view), view, top)
    is_open = np.ones(top.shape, np.bool_)
    for place, view in windows.views(padded, places):
        chosen = is_open & ((view == top) | (np.isnan(view) & np.isnan(top)))
        is_open &= ~chosen
        yield chosen, place


def _max_pool(call: Call, slot: int) -> Array:  # noqa: ARG001
    windows, g, x = _pooling(call, has_dilation=True), call.grad(), call.argument(0)
    places = g.shape[-len(windows.size) :]
    result = windows.padded(np.zeros(x.shape), places)
    views = windows.views(result, places)
    for (chosen, _), (_, view) in zip(_largest(windows, x, places), views, strict=True):
        view += np.where(chosen, g, 0.0)
    return windows.unpadded(result, x.shape[-len(windows.size) :])


def _max_again(call: Call, first: Call, slot: int) -> Array:
    """Of what the first pass sent to the largest pixels: what arrives there."""
    if slot != 0:
        return np.zeros(first.shape(0))
    windows, g, x = _pooling(first, has_dilation=True), call.grad(), first.argument(0)
    places = first.output_shape()[-len(windows.size) :]
    views = windows.views(windows.padded(g, places), places)
    chosen = (
        np.where(is_it, view, 0.0) for (is_it, _), (_, view) in zip(_largest(windows, x, places), views, strict=True)
    )
    return sum(chosen, np.zeros(first.output_shape()))


def _bins(size: int, count: int) -> list[slice]:
    """How a line is dealt out to a number of windows that may overlap by a pixel."""
    return [slice(at * size // count, -(-(at + 1) * size // count)) for at in range(count)]


def _adaptive_windows(size: Sizes, places: Sizes) -> Iterator[tuple[Sizes, tuple[slice, ...]]]:
    bins = [_bins(length, count) for length, count in zip(size, places, strict=True)]
    for place in itertools.product(*map(range, places)):
        yield place, tuple(one[at] for one, at in zip(bins, place, strict=True))


def _adaptive(share: Callable[[Array, Array], Array]) -> Callable[[Call, int], Array]:
    """Each window's gradient, dealt out to its pixels."""

    def gradient(call: Call, slot: int) -> Array:  # noqa: ARG001
        g, count = call.grad(), _dimensions(call)
        shape = call.shape(0)
        x = call.argument(0) if share is _to_first_largest else np.broadcast_to(0.0, shape)
        result = np.zeros(shape)
        for place, window in _adaptive_windows(shape[-count:], g.shape[-count:]):
            result[(..., *window)] += share(x[(..., *window)], g[(..., *place)])
        return result

    return gradient


def _evenly(window: Array, g: Array) -> Array:
    dims = window.ndim - g.ndim
    return np.broadcast_to(g.reshape(*g.shape, *[1] * dims) / np.prod(window.shape[-dims:]), window.shape)


def _to_first_largest(window: Array, g: Array) -> Array:
    flat = window.reshape(*g.shape, -1)
    result = np.zeros(flat.shape)
    np.put_along_axis(result, flat.argmax(-1)[..., None], g[..., None], -1)
    return result.reshape(window.shape)


def _adaptive_again(call: Call, first: Call, slot: int) -> Array:
    """Of the means of windows: the means of what arrives."""
    g, count = call.grad(), _dimensions(first)
    if slot != 0:
        return np.zeros(first.shape(0))
    result = np.zeros(first.output_shape())
    for place, window in _adaptive_windows(g.shape[-count:], result.shape[-count:]):
        result[(..., *place)] = g[(..., *window)].mean(axis=tuple(range(-count, 0)))
    return result


def _unpool(call: Call, slot: int) -> Array:  # noqa: ARG001
    g, index = call.grad(), call.named_array("1", "indices")
    count = _dimensions(call)
    if index.size == 0 or index.max() >= np.prod(g.shape[-count:]):
        raise Unknown
    flat = g.reshape(*g.shape[:-count], -1)
    return np.take_along_axis(flat, index.reshape(*flat.shape[:-1], -1), -1).reshape(index.shape)


_AGAIN = "A node of the second derivative of pooling. "
_MEAN_WORDS = "Each pixel receives its share of the gradient of every window that it was in."
_MAX_WORDS = "In each window only the largest pixel can change the result, so it receives the whole gradient."
_MEAN_FORMULA = rf"{X} = \sum_{{windows}} \frac{{g}}{{n}}"
_MAX_FORMULA = rf"{X} = g \; \mathrm{{at \; the \; largest}}, \qquad 0 \; \mathrm{{elsewhere}}"
_AVERAGE, _ADAPTIVE = ("AvgPool2D", "AvgPool2d", "AvgPool3D"), ("AdaptiveAvgPool2D", "AdaptiveAvgPool3D")
_MAX = ("MaxPool2DWithIndices", "MaxPool2D", "MaxPool3DWithIndices")

RULES = (
    Rule(_AVERAGE, _MEAN_FORMULA, _MEAN_WORDS, "derivatives.yaml: avg_pool2d, avg_pool3d", _average_pool),
    Rule(
        _ADAPTIVE,
        _MEAN_FORMULA,
        _MEAN_WORDS + " The windows are as large as the wanted size makes them.",
        "derivatives.yaml: _adaptive_avg_pool2d, _adaptive_avg_pool3d",
        _adaptive(_evenly),
        needs="only the input's shape",
    ),
    Rule(
        _MAX,
        _MAX_FORMULA,
        _MAX_WORDS,
        "derivatives.yaml: max_pool2d_with_indices, max_pool3d_with_indices",
        _max_pool,
        needs="which pixel was the largest",
    ),
    Rule(
        ("AdaptiveMaxPool2D", "AdaptiveMaxPool3D"),
        _MAX_FORMULA,
        _MAX_WORDS + " The windows are as large as the wanted size makes them.",
        "derivatives.yaml: adaptive_max_pool2d, adaptive_max_pool3d",
        _adaptive(_to_first_largest),
        needs="which pixel was the largest",
    ),
    Rule(
        ("MaxUnpool2D", "MaxUnpool3D"),
        rf"{X} = g[\mathrm{{index}}]",
        "Each pixel was put where the largest of a window had been; its gradient is what arrives at that place.",
        "derivatives.yaml: max_unpool2d, max_unpool3d",
        _unpool,
        needs="where each pixel was put",
    ),
    Rule(
        tuple(f"{name}Backward" for name in _AVERAGE),
        rf"{G1} = \frac{{1}}{{n}} \sum_{{window}} g",
        _AGAIN + "The first pass dealt its gradient out to the windows, so the gradient of that is a mean of windows.",
        "derivatives.yaml: avg_pool2d_backward",
        by_first_call(_AVERAGE, _average_again),
    ),
    Rule(
        tuple(f"{name}Backward" for name in _ADAPTIVE),
        rf"{G1} = \frac{{1}}{{n}} \sum_{{window}} g",
        _AGAIN + "The first pass dealt its gradient out to the windows, so the gradient of that is a mean of windows.",
        "derivatives.yaml: _adaptive_avg_pool2d_backward",
        by_first_call(_ADAPTIVE, _adaptive_again),
    ),
    Rule(
        tuple(f"{name}Backward" for name in _MAX),
        rf"{G1} = g \; \mathrm{{at \; the \; largest}}",
        _AGAIN + "The first pass sent its gradient to the largest pixels, so g₁ receives what arrives there.",
        "derivatives.yaml: max_pool2d_with_indices_backward",
        by_first_call(_MAX, _max_again),
        needs="which pixel was the largest",
    ),
)
