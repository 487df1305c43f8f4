"""The few pieces of numpy that derivative rules share; all in double precision."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Array = npt.NDArray[Any]

_TOLERANCE = {"float64": 1e-9, "complex128": 1e-9, "float16": 4e-3, "bfloat16": 3e-2}
"""Relative to the largest element; what is left after rounding in the dtype, several times over."""


def tolerance(dtype: str) -> float:
    """How far a value of this dtype may be from its double precision counterpart, relative to the largest element."""
    if dtype.startswith("float8"):
        return 0.3
    return _TOLERANCE.get(dtype, 1e-4)


def sum_to_shape(values: Array, shape: tuple[int, ...]) -> Array:
    """Undo broadcasting: add up over the dimensions along which `shape` was stretched to that of `values`."""
    if values.shape == shape:
        return values
    extra = values.ndim - len(shape)
    values = values.sum(axis=tuple(range(extra))) if extra > 0 else values
    stretched = tuple(dim for dim, size in enumerate(shape) if size == 1 and values.shape[dim] != 1)
    return values.sum(axis=stretched, keepdims=True).reshape(shape) if stretched else values.reshape(shape)


def adjoint(matrix: Array) -> Array:
    """The conjugate transpose of the last two dimensions."""
    return np.conj(np.swapaxes(matrix, -1, -2))


def softmax(values: Array, dim: int) -> Array:
    """exp(x) / sum exp(x) along a dimension, without overflow."""
    powers = np.exp(values - values.max(axis=dim, keepdims=True))
    return powers / powers.sum(axis=dim, keepdims=True)


def sigmoid(values: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * values))


def erf(values: Array) -> Array:
    """The error function."""
    return np.vectorize(math.erf, otypes=[np.float64])(values)


def normal_density(values: Array) -> Array:
    """exp(-x²/2) / sqrt(2π)."""
    return np.exp(-0.5 * values * values) / math.sqrt(2 * math.pi)


def sets_of_dims(ndim: int) -> Iterator[tuple[int, ...]]:
    """Every choice of dimensions, the smallest first, all of them last."""
    dims = range(min(ndim, 6))
    return itertools.chain.from_iterable(itertools.combinations(dims, count) for count in range(1, len(dims) + 1))


def close(first: Array, second: Array, relative: float = 1e-3) -> bool:
    """Whether two arrays of one shape are the same up to rounding; NaNs are equal."""
    if first.shape != second.shape:
        return False
    return difference(first, second) <= relative * max(scale(first), scale(second), 1e-30)


def difference(first: Array, second: Array) -> float:
    """The largest distance between two elements; infinite where one is not finite and the other is different."""
    if first.size == 0:
        return 0.0
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(first - second))
    return float(np.where(np.isnan(apart), np.inf, apart).max())


def scale(values: Array) -> float:
    """The largest finite absolute value; 0 where there is none."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0
