"""Figures and a downsample of arrays that are too large to be recorded whole, in few passes over the memory."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from graphviz_app.recording.values import Sample, Statistics, measure
from graphviz_app.tracer.own import __builtins__  # noqa: F401

_CHUNK = 1 << 15
"""Elements at a time: few enough to stay in the processor's cache between one figure and the next."""
SAMPLE_ELEMENTS = 1024
_smallest, _largest, _total = np.minimum.reduce, np.maximum.reduce, np.add.reduce
_vdot, _count_nonzero = np.vdot, np.count_nonzero
_float32, _float64 = np.dtype(np.float32), np.dtype(np.float64)
_TRUSTED = 1e-3
_ONES = {dtype: np.ones(_CHUNK, dtype) for dtype in (_float32, _float64)}


# The program would be warned of sums that overflow here and nowhere in it, or be ended by them under `np.seterr`.
@np.errstate(all="ignore")
def figures(array: npt.NDArray[Any]) -> Statistics:
    """The `Statistics` of an array; exact counts, the rest to float32's precision or better."""
    if array.dtype != _float32 and array.dtype != _float64:
        return _in_pieces(array)
    finite = _finite(array.reshape(-1))
    return finite if finite is not None else _in_pieces(array)


def sample(array: npt.NDArray[Any], elements: int = SAMPLE_ELEMENTS) -> Sample:
    """Every so-many-th index along each dimension, so that about `elements` of them remain."""
    stride, index = _strides(array.shape, elements)
    picked = array[index]
    return Sample(picked.shape, stride, picked.tobytes())


@lru_cache(maxsize=4096)
def _strides(shape: tuple[int, ...], elements: int) -> tuple[tuple[int, ...], tuple[slice, ...]]:
    left, stride = list(shape), [1] * len(shape)
    while math.prod(left) > elements:
        longest = max(range(len(left)), key=lambda d: left[d])
        stride[longest] *= 2
        left[longest] = -(-shape[longest] // stride[longest])
    return tuple(stride), tuple(slice(None, None, step) for step in stride)


def _finite(flat: npt.NDArray[Any]) -> Statistics | None:
    """The figures where all elements are finite, else None."""
    size = flat.size
    if size <= _CHUNK:
        low, high = float(_smallest(flat)), float(_largest(flat))
        if not (-math.inf < low and high < math.inf):
            return None
        zeros = size - int(_count_nonzero(flat != 0)) if low <= 0 <= high else 0
        return _assemble(flat, low, high, float(_total(flat)), float(_vdot(flat, flat)), zeros)
    low, high, total, squares, zeros = math.inf, -math.inf, 0.0, 0.0, 0
    for start in range(0, size, _CHUNK):
        chunk = flat[start : start + _CHUNK]
        smallest, largest = float(_smallest(chunk)), float(_largest(chunk))
        if not (-math.inf < smallest and largest < math.inf):
            return None
        low, high = min(low, smallest), max(high, largest)
        if smallest <= 0 <= largest:
            zeros += chunk.size - int(_count_nonzero(chunk != 0))
        total += float(_vdot(chunk, _ONES[chunk.dtype][: chunk.size]))
        squares += float(_vdot(chunk, chunk))
    return _assemble(flat, low, high, total, squares, zeros)


def _assemble(
    flat: npt.NDArray[Any], low: float, high: float, total: float, squares: float, zeros: int
) -> Statistics | None:
    if not math.isfinite(squares) or not math.isfinite(total):
        return None
    count = flat.size
    mean = total / count
    variance = squares / count - mean * mean
    if variance < _TRUSTED * mean * mean:
        # A small spread around a large mean drowns in the rounding of the squares.
        return _in_pieces(flat)
    return Statistics(low, high, mean, math.sqrt(variance), math.sqrt(squares), zeros, 0, 0, 0)


def _in_pieces(array: npt.NDArray[Any]) -> Statistics:
    """The exact way, piece by piece, so that a large array is never widened as a whole."""
    flat = array.reshape(-1)
    return _merge([(measure(flat[i : i + _CHUNK]), min(_CHUNK, flat.size - i)) for i in range(0, flat.size, _CHUNK)])


def _merge(parts: list[tuple[Statistics, int]]) -> Statistics:
    zeros = sum(part.zeros for part, _ in parts)
    nans = sum(part.nans for part, _ in parts)
    above = sum(part.positive_infinities for part, _ in parts)
    below = sum(part.negative_infinities for part, _ in parts)
    count, mean, squares = 0, 0.0, 0.0
    low, high = math.inf, -math.inf
    for part, size in parts:
        if part.minimum is None or part.maximum is None or part.mean is None or part.std is None:
            continue
        finite = size - part.nans - part.positive_infinities - part.negative_infinities
        low, high = min(low, part.minimum), max(high, part.maximum)
        apart = part.mean - mean
        squares += part.std * part.std * finite + apart * apart * count * finite / (count + finite)
        mean += apart * finite / (count + finite)
        count += finite
    norm = math.sqrt(sum(part.norm * part.norm for part, _ in parts))
    if not count:
        return Statistics(None, None, None, None, norm, zeros, nans, above, below)
    return Statistics(low, high, mean, math.sqrt(squares / count), norm, zeros, nans, above, below)
