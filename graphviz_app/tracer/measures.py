"""Figures and a downsample of arrays that are too large to be recorded whole, in few passes over the memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from graphviz_app.recording.values import Sample, Statistics, measure
from graphviz_app.tracer.own import __builtins__  # noqa: F401

_CHUNK = 1 << 15
"""Elements at a time: few enough to stay in the processor's cache between one figure and the next."""
SAMPLE_ELEMENTS = 1024


def figures(array: npt.NDArray[Any]) -> Statistics:
    """The `Statistics` of an array; exact counts, the rest to float32's precision or better."""
    if array.dtype not in (np.float32, np.float64):
        return _in_pieces(array)
    flat = array.reshape(-1)
    finite = _finite(flat)
    return finite if finite is not None else _in_pieces(array)


def sample(array: npt.NDArray[Any], elements: int = SAMPLE_ELEMENTS) -> Sample:
    """Every so-many-th index along each dimension, so that about `elements` of them remain."""
    shape = list(array.shape)
    stride = [1] * len(shape)
    while math.prod(shape) > elements:
        longest = max(range(len(shape)), key=lambda d: shape[d])
        stride[longest] *= 2
        shape[longest] = -(-array.shape[longest] // stride[longest])
    picked = array[tuple(slice(None, None, step) for step in stride)]
    return Sample(tuple(picked.shape), tuple(stride), picked.tobytes())


def _finite(flat: npt.NDArray[Any]) -> Statistics | None:
    """The figures where all elements are finite, else None."""
    shift = flat[0]
    low, high, total, squares, zeros = math.inf, -math.inf, 0.0, 0.0, 0
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, _CHUNK):
            chunk = flat[start : start + _CHUNK]
            smallest, largest = float(chunk.min()), float(chunk.max())
            if not (-math.inf < smallest and largest < math.inf):
                return None
            low, high = min(low, smallest), max(high, largest)
            if smallest <= 0 <= largest:
                zeros += chunk.size - int(np.count_nonzero(chunk))
            # Shifted, so that a small spread around a large mean survives the rounding.
            shifted = chunk - shift
            total += float(shifted.sum())
            squares += float(np.vdot(shifted, shifted))
    return _assemble(flat.size, float(shift), low, high, total, squares, zeros)


def _assemble(
    count: int, shift: float, low: float, high: float, total: float, squares: float, zeros: int
) -> Statistics | None:
    if not math.isfinite(squares) or not math.isfinite(total):
        return None
    offset = total / count
    variance = max(0.0, squares / count - offset * offset)
    mean = shift + offset
    norm = math.sqrt(count * (variance + mean * mean))
    return Statistics(low, high, mean, math.sqrt(variance), norm, zeros, 0, 0, 0)


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
