"""Figures and a downsample of arrays that are too large to be recorded whole, in few passes over the memory."""

from __future__ import annotations

from functools import lru_cache
from math import inf, prod, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording.values import Sample, Statistics, measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

_CHUNK = 1 << 17
"""Elements at a time: few enough to stay in the processor's cache between one figure and the next."""
_ROW = 1 << 9
"""Elements in one product: from 10,000 on OpenBLAS starts threads, which would stand in torch's own threads' way, and
a plain BLAS (Linux distributions build numpy with one) adds one product to the next, where many spoil the sum."""
SAMPLE_ELEMENTS = 1024
_smallest, _largest = np.minimum.reduce, np.maximum.reduce
_any, _sum = np.logical_or.reduce, np.add.reduce  # as methods, they are Python functions
_count_nonzero, _isfinite = np.count_nonzero, np.isfinite
_float32, _float64 = np.dtype(np.float32), np.dtype(np.float64)
_TRUSTED = 1e-3
_ONES = {dtype: np.ones(_ROW, dtype) for dtype in (_float32, _float64)}


try:
    from numpy._core import umath as _umath

    # `numpy.errstate(all="ignore")` makes up the same each time, and takes longer than a reduction.
    _QUIET = _umath._make_extobj(all="ignore")  # type: ignore[attr-defined]  # noqa: SLF001
    _errors = _umath._extobj_contextvar  # type: ignore[attr-defined]  # noqa: SLF001
    _enter, _leave = _errors.set, _errors.reset
except (ImportError, AttributeError):  # numpy 1
    _QUIET = None

    def _enter(_: Any, /) -> Any:
        state = np.errstate(all="ignore")
        state.__enter__()
        return state

    def _leave(token: Any, /) -> None:
        token.__exit__()


def ignore_errors() -> Any:
    """From here on numpy says nothing of overflows and the like, until `heed_errors` is given what this returns.

    The program must not be warned of what it did not compute, nor be ended by it under `np.seterr`.
    """
    return _enter(_QUIET)


def heed_errors(token: Any) -> None:
    """From here on numpy does as before."""
    _leave(token)


def figures(array: npt.NDArray[Any], repeats: int = 1) -> Statistics:
    """The `Statistics` of an array; exact counts, the rest to float32's precision or better.

    Args:
        array: The elements.
        repeats: How many times the tensor has each of them: one that was expanded may seem to be larger than memory.
    """
    figured = _figures(array)
    return figured if repeats == 1 else _repeated(figured, repeats)


def once(array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], int]:
    """An array without the dimensions in which its elements are repeated, and how many times it has each of them."""
    if 0 not in array.strides or not array.size:
        return array, 1
    kept = array[tuple(slice(None) if stride else slice(1) for stride in array.strides)]
    return kept, array.size // kept.size


def _repeated(one: Statistics, repeats: int) -> Statistics:
    counts = (one.zeros, one.nans, one.positive_infinities, one.negative_infinities)
    multiplied = [count * repeats for count in counts]
    return Statistics(one.minimum, one.maximum, one.mean, one.std, one.norm * sqrt(repeats), *multiplied)


def _figures(array: npt.NDArray[Any]) -> Statistics:
    token = ignore_errors()
    try:
        if array.dtype in _ONES:
            figured = _at_once(array) if array.ndim == 1 and 0 < array.size <= _CHUNK else None
            figured = figured or _Running().over(array)
            if figured is not None:
                return figured
        return _in_pieces(array)
    finally:
        heed_errors(token)


def _at_once(chunk: npt.NDArray[Any]) -> Statistics | None:
    """As `_Running.over`, written out for what nearly every tensor is: finite numbers in one piece; else None."""
    size = chunk.size
    low, high = float(_smallest(chunk)), float(_largest(chunk))
    if not (-inf < low and high < inf):
        return None
    zeros = _zeros(chunk) if low <= 0 <= high else 0
    total, squares = _sums(chunk)
    mean = total / size
    variance = squares / size - mean * mean
    if not _TRUSTED * mean * mean <= variance < inf:
        return None
    return Statistics(low, high, mean, sqrt(variance), sqrt(squares), zeros, 0, 0, 0)


def _zeros(chunk: npt.NDArray[Any]) -> int:
    zero = chunk == 0
    # Where there is none, which is the rule, `any` knows it in half the time.
    return int(_count_nonzero(zero)) if _any(zero) else 0


def _sums(chunk: npt.NDArray[Any]) -> tuple[float, float]:
    """The sums of a chunk's elements and of their squares, as products of rows, which nothing else is as fast as."""
    size, ones = chunk.size, _ONES[chunk.dtype]
    if size <= _ROW:
        return float(chunk.dot(ones[:size])), float(chunk.dot(chunk))
    rest = size % _ROW
    rows = (chunk[:-rest] if rest else chunk).reshape(-1, _ROW)
    total, squares = float(_sum(_dots(rows, ones), None, _float64)), float(_sum(_dots(rows, rows), None, _float64))
    if rest:
        more, more_squares = _sums(chunk[-rest:])
        return total + more, squares + more_squares
    return total, squares


def _by_matmul(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.matmul(left[:, None, :], right[..., None])


_dots: Any = getattr(np, "vecdot", _by_matmul)  # numpy 2


class _Running:
    """Figures of floating-point numbers, chunk by chunk."""

    __slots__ = ("above", "below", "high", "low", "nans", "squares", "total", "zeros")

    def __init__(self) -> None:
        self.low, self.high = inf, -inf
        self.total = self.squares = 0.0
        self.zeros = self.nans = self.above = self.below = 0

    def over(self, array: npt.NDArray[Any]) -> Statistics | None:
        """All figures of an array; None where rounding would spoil them."""
        for piece in _pieces(array):
            self._take(piece)
        counts = (self.zeros, self.nans, self.above, self.below)
        count = array.size - self.nans - self.above - self.below
        if not count:
            return Statistics(None, None, None, None, 0.0, *counts)
        squares = self.squares
        mean = self.total / count
        variance = squares / count - mean * mean
        # A small spread around a large mean drowns in the rounding of the squares; what overflowed is not comparable.
        if not _TRUSTED * mean * mean <= variance < inf:
            return None
        return Statistics(self.low, self.high, mean, sqrt(variance), sqrt(squares), *counts)

    def _take(self, chunk: npt.NDArray[Any]) -> None:
        low, high = float(_smallest(chunk)), float(_largest(chunk))
        if not (-inf < low and high < inf):
            chunk = self._finite_of(chunk)
            if not chunk.size:
                return
            low, high = float(_smallest(chunk)), float(_largest(chunk))
        if low < self.low:
            self.low = low
        if high > self.high:
            self.high = high
        if low <= 0 <= high:
            self.zeros += _zeros(chunk)
        total, squares = _sums(chunk)
        self.total += total
        self.squares += squares

    def _finite_of(self, chunk: npt.NDArray[Any]) -> npt.NDArray[Any]:
        finite = _isfinite(chunk)
        others = chunk[~finite]
        above, below = int(_count_nonzero(others == inf)), int(_count_nonzero(others == -inf))
        self.above += above
        self.below += below
        self.nans += others.size - above - below
        return chunk[finite]


def sample(array: npt.NDArray[Any], elements: int = SAMPLE_ELEMENTS) -> Sample:
    """A downsample of an array, of about so many elements."""
    steps = sampling(array.shape, elements)
    picked = array[tuple(slice(None, None, step) for step in steps)]
    return Sample(picked.shape, steps, picked.tobytes())


@lru_cache(maxsize=4096)
def sampling(shape: tuple[int, ...], elements: int = SAMPLE_ELEMENTS) -> tuple[int, ...]:
    """Of each dimension every so-many-th index, so that about `elements` elements remain."""
    left, steps = list(shape), [1] * len(shape)
    while prod(left) > elements:
        longest = max(range(len(left)), key=lambda d: left[d])
        steps[longest] *= 2
        left[longest] = -(-shape[longest] // steps[longest])
    return tuple(steps)


def _pieces(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """All elements, in flat pieces; what has gaps is copied a few rows at a time, which then lie in the cache."""
    rows = array.shape[0] if array.ndim > 1 and array.size else 1
    step = max(1, _CHUNK * rows // array.size) if rows > 1 else 1
    for row in range(0, rows, step):
        flat = (array if rows == 1 else array[row : row + step]).reshape(-1)
        for start in range(0, flat.size, _CHUNK):
            yield flat[start : start + _CHUNK]


def _in_pieces(array: npt.NDArray[Any]) -> Statistics:
    """The exact way, piece by piece, so that a large array is never widened as a whole."""
    return _merge([(measure(piece), piece.size) for piece in _pieces(array)])


def _merge(parts: list[tuple[Statistics, int]]) -> Statistics:
    zeros = sum(part.zeros for part, _ in parts)
    nans = sum(part.nans for part, _ in parts)
    above = sum(part.positive_infinities for part, _ in parts)
    below = sum(part.negative_infinities for part, _ in parts)
    count, mean, squares = 0, 0.0, 0.0
    low, high = inf, -inf
    for part, size in parts:
        if part.minimum is None or part.maximum is None or part.mean is None or part.std is None:
            continue
        finite = size - part.nans - part.positive_infinities - part.negative_infinities
        low, high = min(low, part.minimum), max(high, part.maximum)
        apart = part.mean - mean
        squares += part.std * part.std * finite + apart * apart * count * finite / (count + finite)
        mean += apart * finite / (count + finite)
        count += finite
    norm = sqrt(sum(part.norm * part.norm for part, _ in parts))
    if not count:
        return Statistics(None, None, None, None, norm, zeros, nans, above, below)
    return Statistics(low, high, mean, sqrt(squares / count), norm, zeros, nans, above, below)
