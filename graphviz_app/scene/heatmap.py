"""A tensor as a small picture: blue below zero, orange above, NaN and Inf in colours of their own."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.recording.values import sampled_elements
from graphviz_app.scene.theme import channels

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.recording.values import TensorRecord
    from graphviz_app.scene.theme import Theme

    Pixels = npt.NDArray[np.uint8]

_GAMMA = 0.7
"""Below 1, so that small elements can still be told from zero."""
_PICTURES_KEPT = 256


@lru_cache(maxsize=_PICTURES_KEPT)
def heat_pixels(record: TensorRecord | None, theme: Theme, rows: int, columns: int) -> Pixels | None:
    """Pixels of at most `rows` × `columns` cells, uint8 (r, c, 4), or None where no element was recorded.

    Where several elements share a cell it shows the one farthest from zero, and NaN or Inf before all others: an odd
    element is never averaged away. The pixels are shared by all who ask for the same, and cannot be written.
    """
    values = None if record is None else sampled_elements(record)
    if values is None or not values.size:
        return None
    pixels = paint(_pooled(as_matrix(real_values(values)), rows, columns), theme)
    pixels.flags.writeable = False
    return pixels


def real_values(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Elements as float64; of complex ones their absolute values."""
    if values.dtype.kind == "c":
        return np.abs(values.astype(np.complex128))
    return values.astype(np.float64)


def as_matrix(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The array as rows and columns.

    Leading dimensions become rows; a long vector is folded, and the cells after its end are masked.
    """
    if values.ndim >= 2 and values.shape[-1] > 1:
        return values.reshape(-1, values.shape[-1])
    flat = values.reshape(-1)
    if flat.size <= 16:
        return flat.reshape(1, -1)
    width = math.ceil(math.sqrt(flat.size * 2))
    padded = np.ma.masked_all(math.ceil(flat.size / width) * width)
    padded[: flat.size] = flat
    return padded.reshape(-1, width)


def paint(matrix: npt.NDArray[np.float64], theme: Theme) -> Pixels:
    """Colour every element of a matrix; masked ones are transparent."""
    mask = np.ma.getmaskarray(matrix)
    values = np.ma.filled(matrix, 0.0)
    finite = np.where(np.isfinite(values), values, 0.0)
    largest = float(np.abs(finite).max(initial=0.0)) or 1.0
    part = (np.abs(finite / largest) ** _GAMMA)[..., None]
    end = np.where((finite < 0)[..., None], _colour(theme.negative), _colour(theme.positive))
    pixels = np.empty((*values.shape, 4), np.uint8)
    pixels[..., :3] = np.rint(_colour(theme.zero) * (1 - part) + end * part)
    pixels[..., 3] = 255
    for odd, colour in (
        (np.isnan(values), theme.nan),
        (np.isposinf(values), theme.positive_infinity),
        (np.isneginf(values), theme.negative_infinity),
    ):
        pixels[odd, :3] = _colour(colour)
    pixels[mask] = 0
    return pixels


def _colour(colour: str) -> npt.NDArray[np.float64]:
    return np.array(channels(colour), np.float64)


def _pooled(matrix: npt.NDArray[np.float64], rows: int, columns: int) -> npt.NDArray[np.float64]:
    row_step = math.ceil(matrix.shape[0] / rows)
    column_step = math.ceil(matrix.shape[1] / columns)
    if row_step == 1 and column_step == 1:
        return matrix
    height = math.ceil(matrix.shape[0] / row_step)
    width = math.ceil(matrix.shape[1] / column_step)
    padded = np.ma.masked_all((height * row_step, width * column_step))
    padded[: matrix.shape[0], : matrix.shape[1]] = matrix
    cells = padded.reshape(height, row_step, width, column_step).transpose(0, 2, 1, 3).reshape(height, width, -1)
    values = np.ma.filled(cells, 0.0)
    # NaN before Inf before the largest; what is masked comes last.
    rank = np.where(np.isnan(values), np.inf, np.where(np.isinf(values), np.finfo(np.float64).max, np.abs(values)))
    rank = np.where(np.ma.getmaskarray(cells), -1.0, rank)
    picked = rank.argmax(axis=-1)[..., None]
    taken = np.take_along_axis(values, picked, -1)[..., 0]
    empty = np.take_along_axis(np.ma.getmaskarray(cells), picked, -1)[..., 0]
    return np.ma.masked_array(taken, empty)
