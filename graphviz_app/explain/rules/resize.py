"""Rules of resizing images, and of reading them at any places: all are linear in the image."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import Unknown
from graphviz_app.explain.rule import Rule
from graphviz_app.explain.rules.second import G1
from graphviz_app.explain.rules.symbols import X
from graphviz_app.explain.second import by_first_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]
    Shape = tuple[int, ...]
    Weights = Callable[[Array, int], Array]

_MOST_WEIGHTS = 1 << 20
_CUBIC = -0.75
"""The constant of torch's cubic interpolation: R. G. Keys, "Cubic convolution interpolation" (1981), has -1/2."""


def _nearest(at: Array, size: int) -> Array:
    return np.eye(size)[np.clip(np.floor(at).astype(int), 0, size - 1)]


def _linear(at: Array, size: int) -> Array:
    low = np.floor(at).astype(int)
    part = (at - low)[:, None]
    below, above = np.clip(low, 0, size - 1), np.clip(low + 1, 0, size - 1)
    return (1 - part) * np.eye(size)[below] + part * np.eye(size)[above]


def _cubic(at: Array, size: int) -> Array:
    low = np.floor(at).astype(int)
    result = np.zeros((len(at), size))
    for step in range(-1, 3):
        weight = cubic_weight(np.abs(at - low - step))
        result += weight[:, None] * np.eye(size)[np.clip(low + step, 0, size - 1)]
    return result


def cubic_weight(distance: Array) -> Array:
    """How much a pixel counts at a distance, in cubic interpolation."""
    near = ((_CUBIC + 2) * distance - (_CUBIC + 3)) * distance**2 + 1
    far = _CUBIC * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))


def _places(call: Call, size: int, wanted: int, step: float, *, aligned: bool) -> Array:
    """Where in the image each wanted pixel is."""
    count = np.arange(wanted)
    if "Nearest" in call.name:
        return (count + 0.5) * step if "Exact" in call.name else count * step
    if aligned:
        return count * ((size - 1) / (wanted - 1) if wanted > 1 else 0.0)
    at = (count + 0.5) * step - 0.5
    return at if "Bicubic" in call.name else np.maximum(at, 0.0)


def _ways(call: Call, shape: Shape, wanted: Shape) -> Iterator[list[Array]]:
    """For each dimension, how much each pixel counts for each wanted one; in the ways in which it may be done."""
    weights: Weights = _nearest if "Nearest" in call.name else _cubic if "Bicubic" in call.name else _linear
    given = call.parameters.get("scale_factor", "None")
    for aligned, factor in itertools.product((False, True), (None, given)):
        try:
            factors = _factors(factor, len(shape))
        except ValueError:
            continue
        steps = [
            size / count if each is None else 1 / each for size, count, each in zip(shape, wanted, factors, strict=True)
        ]
        yield [
            weights(_places(call, size, count, step, aligned=aligned), size)
            for size, count, step in zip(shape, wanted, steps, strict=True)
        ]


def _factors(text: str | None, count: int) -> list[float | None]:
    if text in (None, "None"):
        return [None] * count
    several = [float(part) for part in str(text).strip("()[]").split(",") if part.strip()]
    return list(several * count if len(several) == 1 else several)


def _back(g: Array, weights: list[Array]) -> Array:
    """From the wanted pixels to those of the image."""
    for dim, weight in enumerate(weights, start=g.ndim - len(weights)):
        g = np.moveaxis(np.tensordot(g, weight, (dim, 0)), -1, dim)
    return g


def _forth(x: Array, weights: list[Array]) -> Array:
    return _back(x, [weight.T for weight in weights])


def _resize(call: Call, slot: int) -> Array:
    if "Aa" in call.name:
        raise Unknown
    g, shape = call.grad(), call.shape(slot)
    if max(shape) * max(*shape, *g.shape) > _MOST_WEIGHTS:
        raise Unknown
    # How pixels are counted is sometimes told by the gradient alone.
    call.is_guessed = True
    count = g.ndim - 2
    ways = _ways(call, shape[-count:], g.shape[-count:])
    return call.nearest(slot, [_back(g, weights) for weights in ways])


def _resize_again(call: Call, first: Call, slot: int) -> Array:
    if slot != 0 or "Aa" in call.name:
        raise Unknown
    g, shape = call.grad(), first.output_shape()
    if max(g.shape) * max(*g.shape, *shape) > _MOST_WEIGHTS:
        raise Unknown
    count = g.ndim - 2
    ways = _ways(first, g.shape[-count:], shape[-count:])
    return call.nearest(slot, [_forth(g, weights) for weights in ways])


def _affine_grid(call: Call, slot: int) -> Array:
    """Of every place (x, y, 1) times the matrix."""
    g = call.grad()
    call.is_guessed = True
    sizes = g.shape[1:-1]
    found: list[Array] = []
    for aligned in (False, True):
        lines = [_grid_line(size, aligned=aligned) for size in sizes]
        places = np.stack([*np.meshgrid(*lines, indexing="ij")[::-1], np.ones(sizes)], -1).reshape(-1, len(sizes) + 1)
        found.append(np.einsum("npi,pj->nij", g.reshape(len(g), -1, g.shape[-1]), places))
    return call.nearest(slot, found)


def _grid_line(size: int, *, aligned: bool) -> Array:
    line = np.linspace(-1, 1, size) if size > 1 else np.zeros(1)
    return line if aligned else line * (size - 1) / size


_NAMES = (
    *("UpsampleNearest1D", "UpsampleNearest2D", "UpsampleNearest3D"),
    *("UpsampleNearestExact1D", "UpsampleNearestExact2D", "UpsampleNearestExact3D"),
    *("UpsampleLinear1D", "UpsampleBilinear2D", "UpsampleTrilinear3D", "UpsampleBicubic2D"),
)

RULES = (
    Rule(
        _NAMES,
        rf"{X} = {{M}}^{{\top}} g, \qquad y = M x",
        "Each new pixel is a weighted mean of old ones: each old pixel receives the gradients of all that it was "
        "part of, "
        "with the same weights.",
        "derivatives.yaml: upsample_nearest2d, upsample_bilinear2d, upsample_bicubic2d and others",
        _resize,
        needs="only the input's shape",
    ),
    Rule(
        tuple(f"{name}Backward" for name in _NAMES),
        rf"{G1} = M g",
        "A node of the second derivative of resizing an image: it is linear, so the gradient of the first gradient is "
        "the resized image of what arrives.",
        "derivatives.yaml: upsample_bilinear2d_backward and others",
        by_first_call(_NAMES, _resize_again),
        needs="only the input's shape",
    ),
    Rule(
        ("AffineGridGenerator",),
        r"\frac{\partial L}{\partial \theta} = \sum_{places} g \, {(u, v, 1)}^{\top}",
        "Every place of the grid was multiplied with the same matrix, so that receives all places, each times its "
        "gradient.",
        "derivatives.yaml: affine_grid_generator",
        _affine_grid,
    ),
)
