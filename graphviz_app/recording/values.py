"""What a tensor was at one moment: its description, and its elements while they are few."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import ml_dtypes
import msgspec
import numpy as np

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    import numpy.typing as npt

ELEMENT_BUDGET = 4096
"""Tensors of up to this many elements are recorded whole, larger ones as statistics and a sample."""

_MEASURED_KEPT = 256

NUMPY_DTYPES: dict[str, Any] = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e4m3fn": ml_dtypes.float8_e4m3fn,
    "float8_e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "float8_e5m2": ml_dtypes.float8_e5m2,
    "float8_e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "float8_e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "complex128": np.complex128,
    "complex64": np.complex64,
    # complex32 has no numpy dtype: its elements are recorded as pairs of float16.
    "complex32": np.dtype([("real", np.float16), ("imag", np.float16)]),
    "int64": np.int64,
    "int32": np.int32,
    "int16": np.int16,
    "int8": np.int8,
    "uint64": np.uint64,
    "uint32": np.uint32,
    "uint16": np.uint16,
    "uint8": np.uint8,
    "bool": np.bool_,
}
"""What numpy holds the elements of each of PyTorch's dtypes in; the names are PyTorch's without the prefix."""


class Statistics(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Figures over all elements of a tensor.

    `minimum`, `maximum`, `mean` and `std` (population) are over the finite elements only and
    None where there are none; for complex tensors they and `norm` are of the absolute values.
    `norm` is the Euclidean norm over the finite elements.
    """

    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    norm: float
    zeros: int
    nans: int
    positive_infinities: int
    negative_infinities: int


class Sample(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A faithful downsample of a large tensor: every `stride[d]`-th index along dimension d.

    `data` holds the picked elements in the tensor's own dtype, row-major, `shape` their shape.
    """

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    data: bytes


class TensorRecord(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A tensor as it was at one moment.

    Attributes:
        shape: Its sizes.
        dtype: PyTorch's name without the prefix, such as "float32".
        device: PyTorch's name, such as "cpu" or "cuda:0".
        strides: In elements; None where the layout has none (sparse).
        layout: "strided", "sparse_coo", "sparse_csr", "mkldnn", "jagged", ...
        requires_grad: As the program would have read it.
        data: All elements, row-major, little-endian, in the recorded dtype (a sparse tensor's
            are its dense values, a quantised one's its dequantised float32 ones); None where they are
            too many or could not be read.
        statistics: Given where `data` is None and the elements could be read.
        sample: A downsample where `data` is None and the elements could be read.
        note: Why nothing could be read ("inside vmap"), or empty.
    """

    shape: tuple[int, ...]
    dtype: str
    device: str = "cpu"
    strides: tuple[int, ...] | None = None
    layout: str = "strided"
    requires_grad: bool = False
    data: bytes | None = None
    statistics: Statistics | None = None
    sample: Sample | None = None
    note: str = ""

    @property
    def numel(self) -> int:
        """How many elements the tensor has; 1 for a 0-d tensor."""
        return prod(self.shape)


def elements(record: TensorRecord) -> npt.NDArray[Any] | None:
    """All elements of `record`, in its shape, or None where they were not recorded.

    The dtype is numpy's own or one of ml_dtypes' (bfloat16, fp8); complex32 comes as complex64.

    Raises:
        ValueError: If the recorded bytes do not fit shape and dtype (a damaged recording).
    """
    if record.data is None:
        return None
    return _decode(record.data, record.dtype, record.shape)


def sampled_elements(record: TensorRecord) -> npt.NDArray[Any] | None:
    """All elements where they were recorded, else the downsample, else None."""
    if record.data is None and record.sample is not None:
        return _decode(record.sample.data, record.dtype, record.sample.shape)
    return elements(record)


def statistics(record: TensorRecord) -> Statistics | None:
    """The figures over all elements: recorded ones, or computed from the recorded elements."""
    if record.statistics is not None or record.data is None:
        return record.statistics
    return _measured(record)


@lru_cache(maxsize=_MEASURED_KEPT)
def _measured(record: TensorRecord) -> Statistics | None:
    # The same few values are asked for at every step that shows them.
    values = elements(record)
    return None if values is None else measure(values)


def measure(values: npt.NDArray[Any]) -> Statistics:
    """Compute `Statistics` of an array of any shape and dtype, in float64."""
    # Memory that torch.empty did not initialise may hold signalling NaNs, of which numpy warns.
    with np.errstate(invalid="ignore", over="ignore"):
        if values.dtype.kind == "c":
            wide: npt.NDArray[np.float64] = np.abs(values.astype(np.complex128))
        else:
            wide = values.astype(np.float64)
    is_finite = np.isfinite(wide)
    nans = above = below = 0
    finite = wide.reshape(-1)
    if not is_finite.all():
        finite = wide[is_finite]
        nans = int(np.isnan(wide).sum())
        above, below = int(np.isposinf(wide).sum()), int(np.isneginf(wide).sum())
    zeros = wide.size - int(np.count_nonzero(wide))
    if not finite.size:
        return Statistics(None, None, None, None, 0.0, zeros, nans, above, below)
    with np.errstate(over="ignore", invalid="ignore"):
        return Statistics(
            float(finite.min()),
            float(finite.max()),
            float(finite.mean()),
            float(finite.std()),
            float(np.linalg.norm(finite)),
            zeros,
            nans,
            above,
            below,
        )


def record_array(array: npt.NDArray[Any], *, requires_grad: bool = False) -> TensorRecord:
    """Record a numpy array whole; for tests and for values that the app computes itself."""
    contiguous = np.ascontiguousarray(array)
    itemsize = contiguous.itemsize
    return TensorRecord(
        shape=tuple(array.shape),
        dtype=contiguous.dtype.name,
        strides=tuple(stride // itemsize for stride in contiguous.strides),
        requires_grad=requires_grad,
        data=contiguous.tobytes(),
    )


def _decode(data: bytes, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    try:
        numpy_dtype = np.dtype(NUMPY_DTYPES[dtype])
    except KeyError:
        raise ValueError(f"The recording holds elements of an unknown dtype, {dtype}.") from None
    if len(data) != prod(shape) * numpy_dtype.itemsize:
        raise ValueError(f"The recording holds {len(data)} bytes for a {dtype} tensor of shape {shape}.")
    values = np.frombuffer(data, numpy_dtype).reshape(shape)
    if dtype == "complex32":
        whole = np.empty(values.shape, np.complex64)
        # Not added up: i times Inf has NaN for its real part.
        whole.real, whole.imag = values["real"], values["imag"]
        return whole
    return values
