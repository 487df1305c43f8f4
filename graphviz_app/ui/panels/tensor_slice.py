"""The part of a tensor that fits on a flat page: its last two dimensions, with the others held at an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.recording.values import elements, sampled_elements

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.recording import TensorRecord


@dataclass(frozen=True)
class Page:
    """Two dimensions of a tensor's elements.

    Attributes:
        values: (rows, columns), in the recorded dtype.
        row_stride: How many rows of the tensor lie between two rows of the page; 1 unless it is a downsample.
        column_stride: The same for columns.
        one_row: Whether the tensor has fewer than two dimensions, so that there is no row number to speak of.
    """

    values: npt.NDArray[Any]
    row_stride: int = 1
    column_stride: int = 1
    one_row: bool = False


def leading_sizes(record: TensorRecord) -> tuple[int, ...]:
    """Sizes of the dimensions before the last two, as far as elements were recorded."""
    values = _values(record)
    return () if values is None else tuple(int(size) for size in values.shape[:-2])


def page(record: TensorRecord, index: tuple[int, ...] = ()) -> Page | None:
    """The last two dimensions at `index` of the ones before them; None where no elements were recorded.

    A 0-d or 1-d tensor is one row.
    """
    values = _values(record)
    if values is None:
        return None
    strides = record.sample.stride if record.data is None and record.sample is not None else (1,) * values.ndim
    if values.ndim < 2:
        return Page(values.reshape(1, -1), 1, strides[-1] if strides else 1, one_row=True)
    known = tuple(min(number, size - 1) for number, size in zip(index, values.shape[:-2], strict=False))
    flat = values[known + (0,) * (values.ndim - 2 - len(known))] if 0 not in values.shape else values
    return Page(flat.reshape(values.shape[-2:]) if flat.size else _nothing(values), strides[-2], strides[-1])


def is_sampled(record: TensorRecord) -> bool:
    """Whether only a downsample of the elements was recorded."""
    return record.data is None and record.sample is not None


def sampling_text(record: TensorRecord) -> str:
    """Such as "sampled 64×64 of 4096×4096"; "" where all elements are there."""
    if not is_sampled(record) or record.sample is None:
        return ""
    return f"sampled {_times(record.sample.shape)} of {_times(record.shape)}"


def _values(record: TensorRecord) -> npt.NDArray[Any] | None:
    """The elements, or None where there are none or the recording is damaged there."""
    try:
        values = sampled_elements(record)
    except ValueError:
        return None
    return values


def whole(record: TensorRecord) -> npt.NDArray[Any] | None:
    """All elements, or None where they were not recorded."""
    try:
        return elements(record)
    except ValueError:
        return None


def _nothing(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.zeros((0, 0), values.dtype)


def _times(sizes: tuple[int, ...]) -> str:
    return "×".join(map(str, sizes)) or "1"
