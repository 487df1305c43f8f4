"""Rules of convolution and pooling in two dimensions."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.numeric import close
from graphviz_app.explain.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]

X = r"\frac{\partial L}{\partial x}"


class _Windows(NamedTuple):
    """How windows lie on an image: the same in both directions."""

    rows: int
    columns: int
    stride: int
    padding: int

    def views(self, image: Array) -> Iterator[tuple[int, int, Array]]:
        """For each place within a window, the (batch, channels, out rows, out columns) of a padded image under it."""
        height, width = image.shape[2:]
        out_rows = (height - self.rows) // self.stride + 1
        out_columns = (width - self.columns) // self.stride + 1
        for a, b in itertools.product(range(self.rows), range(self.columns)):
            ends = a + self.stride * out_rows, b + self.stride * out_columns
            yield a, b, image[:, :, a : ends[0] : self.stride, b : ends[1] : self.stride]

    def padded(self, image: Array, value: float = 0.0) -> Array:
        edge = (self.padding, self.padding)
        return np.pad(image, ((0, 0), (0, 0), edge, edge), constant_values=value)

    def unpadded(self, image: Array) -> Array:
        p = self.padding
        return image[:, :, p:-p, p:-p] if p else image


def _convolve(windows: _Windows, x: Array, w: Array) -> Array:
    views = windows.views(windows.padded(x))
    return sum((np.einsum("ncij,oc->noij", view, w[:, :, a, b]) for a, b, view in views), np.zeros(()))


def _candidates(size: tuple[int, ...], wanted: tuple[int, ...], rows: int, columns: int) -> Iterator[_Windows]:
    for stride, padding in itertools.product((1, 2, 3, 4), (0, 1, 2, 3)):
        height, width = size[0] + 2 * padding - rows, size[1] + 2 * padding - columns
        if min(height, width) >= 0 and (height // stride + 1, width // stride + 1) == wanted:
            yield _Windows(rows, columns, stride, padding)


def _convolution(call: Call, slot: int) -> Array:
    g = call.grad()
    if slot == 2:
        return g.sum(axis=(0, *range(2, g.ndim)))
    x, w, y = call.named_array("0", "input"), call.named_array("1", "weight"), call.output()
    if x.ndim != 4 or w.shape[1] != x.shape[1]:
        raise Unknown  # one or three dimensions, groups, transposed
    bias = call.named("2", "bias")
    plain = y - (0.0 if bias is None else call.array(bias.value).reshape(-1, 1, 1))
    for windows in _candidates(x.shape[2:], y.shape[2:], *w.shape[2:]):
        if close(_convolve(windows, x, w), plain):
            return _through_convolution(windows, x, w, g, slot)
    raise Unknown


def _through_convolution(windows: _Windows, x: Array, w: Array, g: Array, slot: int) -> Array:
    padded = windows.padded(x)
    if slot == 1:
        result = np.zeros(w.shape)
        for a, b, view in windows.views(padded):
            result[:, :, a, b] = np.einsum("noij,ncij->oc", g, view)
        return result
    result = np.zeros(padded.shape)
    for a, b, view in windows.views(result):
        view += np.einsum("noij,oc->ncij", g, w[:, :, a, b])
    return windows.unpadded(result)


def _pooling(call: Call) -> _Windows:
    x, y = call.argument(0), call.output()
    if x.ndim != 4:
        raise Unknown
    size = call.parameter("kernel_size", "#0")
    stride = call.parameter_or(None, "stride", "#1") or size
    padding = call.parameter_or(0, "padding", "#2")
    if not all(type(value) is int for value in (size, stride, padding)):
        raise Unknown
    windows = _Windows(size, size, stride, padding)
    height = (x.shape[2] + 2 * padding - size) // stride + 1
    if height != y.shape[2]:
        raise Unknown
    return windows


def _average_pool(call: Call, slot: int) -> Array:  # noqa: ARG001 - rules are called alike
    windows, g = _pooling(call), call.grad()
    if call.parameter_or(False, "ceil_mode", "#3") is not False:
        raise Unknown
    share = g / _averaged(call, windows, g)
    result = windows.padded(np.zeros(call.shape(0)))
    for _, _, view in windows.views(result):
        view += share
    return windows.unpadded(result)


def _averaged(call: Call, windows: _Windows, g: Array) -> Array | int:
    """By what the sum of each window was divided."""
    divisor = call.parameter_or(None, "divisor_override", "#5")
    if divisor is not None:
        return divisor
    if call.parameter_or(True, "count_include_pad", "#4") is not False:
        return windows.rows * windows.columns
    inside = windows.padded(np.ones(call.shape(0)))
    return sum((view for _, _, view in windows.views(inside)), np.zeros(g.shape))


def _max_pool(call: Call, slot: int) -> Array:  # noqa: ARG001
    windows, g, y = _pooling(call), call.grad(), call.output()
    if call.parameter_or(False, "ceil_mode", "#4") is not False or call.parameter_or(1, "dilation", "#3") != 1:
        raise Unknown
    padded = windows.padded(call.argument(0), -np.inf)
    result = np.zeros(padded.shape)
    open_places = np.ones(y.shape, np.bool_)
    # The first of equal ones in a window is the one that torch takes.
    for (_, _, seen), (_, _, view) in zip(windows.views(padded), windows.views(result), strict=True):
        chosen = open_places & (seen == y)
        view += np.where(chosen, g, 0.0)
        open_places &= ~chosen
    return windows.unpadded(result)


RULES = (
    Rule(
        ("Convolution", "MkldnnConvolution", "CudnnConvolution"),
        rf"{X} = g \ast \tilde{{w}}, \qquad \frac{{\partial L}}{{\partial w}} = x \star g, \qquad "
        r"\frac{\partial L}{\partial b} = \sum g",
        "Each weight receives, from every place that its window stood on, the gradient there times the pixel below "
        "it; each pixel receives the gradients of all windows that it was in, each times the weight that lay on it.",
        "derivatives.yaml: convolution",
        _convolution,
        needs="the input and the weight",
    ),
    Rule(
        ("AvgPool2D", "AvgPool2d"),
        rf"{X} = \sum_{{windows}} \frac{{g}}{{n}}",
        "Each pixel receives its share of the gradient of every window that it was in.",
        "derivatives.yaml: avg_pool2d",
        _average_pool,
    ),
    Rule(
        ("MaxPool2DWithIndices", "MaxPool2D"),
        rf"{X} = g \; \mathrm{{at \; the \; largest}}, \qquad 0 \; \mathrm{{elsewhere}}",
        "In each window only the largest pixel can change the result, so it receives the whole gradient.",
        "derivatives.yaml: max_pool2d_with_indices",
        _max_pool,
        needs="which pixel was the largest",
    ),
)
