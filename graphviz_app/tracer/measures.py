"""Figures and a downsample of arrays that are too large to be recorded whole, in few passes over the memory."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from graphviz_app.recording.values import Sample, Statistics, measure
from graphviz_app.tracer.own import __builtins__  # noqa: F401

_CHUNK = 1 << 17
"""Elements at a time: few enough to stay in the processor's cache between one figure and the next."""
_ROW = 1 << 13
"""Elements in one product: from 10,000 on OpenBLAS starts threads, which would stand in torch's own threads' way."""
SAMPLE_ELEMENTS = 1024
_smallest, _largest, _total = np.minimum.reduce, np.maximum.reduce, np.add.reduce
_vdot, _count_nonzero, _matmul, _isfinite = np.vdot, np.count_nonzero, np.matmul, np.isfinite
_float32, _float64 = np.dtype(np.float32), np.dtype(np.float64)
_TRUSTED = 1e-3
_ONES = {dtype: np.ones(_ROW, dtype) for dtype in (_float32, _float64)}
_COLUMNS = {dtype: ones.reshape(1, _ROW, 1) for dtype, ones in _ONES.items()}


# The program would be warned of sums that overflow here and nowhere in it, or be ended by them under `np.seterr`.
@np.errstate(all="ignore")
def figures(array: npt.NDArray[Any]) -> Statistics:
    """The `Statistics` of an array; exact counts, the rest to float32's precision or better."""
    # The program must not be warned of what it did not compute.
    with np.errstate(all="ignore"):
        flat = array.reshape(-1)
        if array.dtype != _float32 and array.dtype != _float64:
            return _in_pieces(flat)
        return _Running().over(flat) or _in_pieces(flat)


class _Running:
    """Figures of floating-point numbers, chunk by chunk."""

    __slots__ = ("above", "below", "high", "low", "nans", "squares", "total", "zeros")

    def __init__(self) -> None:
        self.low, self.high = math.inf, -math.inf
        self.total = self.squares = 0.0
        self.zeros = self.nans = self.above = self.below = 0

    def over(self, flat: npt.NDArray[Any]) -> Statistics | None:
        """All figures of an array; None where rounding would spoil them."""
        size = flat.size
        if size <= _CHUNK:
            self._take(flat)
        else:
            for start in range(0, size, _CHUNK):
                self._take(flat[start : start + _CHUNK])
        count = size - self.nans - self.above - self.below
        if not count:
            return Statistics(None, None, None, None, 0.0, self.zeros, self.nans, self.above, self.below)
        if not math.isfinite(self.squares) or not math.isfinite(self.total):
            return None
        mean = self.total / count
        variance = self.squares / count - mean * mean
        if variance < _TRUSTED * mean * mean:
            # A small spread around a large mean drowns in the rounding of the squares.
            return None
        norm, std = math.sqrt(self.squares), math.sqrt(variance)
        return Statistics(self.low, self.high, mean, std, norm, self.zeros, self.nans, self.above, self.below)

    def _take(self, chunk: npt.NDArray[Any]) -> None:
        low, high = float(_smallest(chunk)), float(_largest(chunk))
        if not (-math.inf < low and high < math.inf):
            chunk = self._finite_of(chunk)
            if not chunk.size:
                return
            low, high = float(_smallest(chunk)), float(_largest(chunk))
        if low < self.low:
            self.low = low
        if high > self.high:
            self.high = high
        if low <= 0 <= high:
            self.zeros += chunk.size - int(_count_nonzero(chunk != 0))
        whole = chunk.size // _ROW
        if whole:
            rows = chunk[: whole * _ROW].reshape(whole, 1, _ROW)
            self.squares += float(_total(_matmul(rows, rows.reshape(whole, _ROW, 1)), None))
            self.total += float(_total(_matmul(rows, _COLUMNS[chunk.dtype]), None))
        if rest := chunk.size % _ROW:
            tail = chunk[-rest:]
            self.squares += float(_vdot(tail, tail))
            self.total += float(_vdot(tail, _ONES[chunk.dtype][:rest]))

    def _finite_of(self, chunk: npt.NDArray[Any]) -> npt.NDArray[Any]:
        finite = _isfinite(chunk)
        others = chunk[~finite]
        above, below = int(_count_nonzero(others == math.inf)), int(_count_nonzero(others == -math.inf))
        self.above += above
        self.below += below
        self.nans += others.size - above - below
        return chunk[finite]


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
