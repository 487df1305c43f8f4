"""A tensor's memory as a numpy array, without a single torch operation.

Whatever torch does is seen by the user's dispatch modes, function modes, profilers and tracers, may be changed by
autocast, and `Tensor.numpy()` even makes the storage unresizable. Reading the memory is seen by nobody.
"""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import torch

from graphviz_app.tracer.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable

_storage_address = getattr(torch._C, "_data_address", None)
# `ctypes.string_at` is a Python function, which a program that traces its calls would see.
string_at: Callable[[int, int], bytes] = getattr(ctypes, "_string_at", ctypes.string_at)
_view = ctypes.pythonapi.PyMemoryView_FromMemory
_view.argtypes = (ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)
_view.restype = ctypes.py_object
_READ = 0x100

_NUMPY: dict[str, Any] = {
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
READABLE: dict[torch.dtype, tuple[str, np.dtype[Any]]] = {
    getattr(torch, name): (name, np.dtype(dtype)) for name, dtype in _NUMPY.items() if hasattr(torch, name)
}
"""The dtypes that numpy can hold: their names, and numpy's own."""


def _address(tensor: torch.Tensor) -> int:
    """Where a tensor's elements begin; 0 where it has no memory."""
    if _storage_address is None:
        return tensor.data_ptr()
    start = _storage_address(tensor)
    # That is where the storage begins; a view may begin further on in it.
    return start + tensor.storage_offset() * tensor.element_size() if start else 0


def bytes_of(tensor: torch.Tensor, size: int) -> bytes | None:
    """The `size` bytes of a contiguous CPU tensor, or None where it has no memory."""
    address = _address(tensor)
    return string_at(address, size) if address else (b"" if size == 0 else None)


def address_of(tensor: torch.Tensor) -> int:
    """Where a tensor's elements begin, 0 where it has no memory that could be asked for."""
    try:
        return _address(tensor)
    except (RuntimeError, TypeError):
        return 0


def array_of(tensor: torch.Tensor, dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    """A strided CPU tensor's elements where they lie, or None where it has no memory.

    The array is valid only while the tensor is; conjugate and negative bits are applied on a copy.
    """
    shape, strides = tuple(tensor.shape), tensor.stride()
    if 0 in shape:
        return np.empty(shape, dtype)
    address = _address(tensor)
    if not address:
        return None
    itemsize = dtype.itemsize
    if tensor.is_contiguous():
        array = np.ndarray(shape, dtype, _view(address, tensor.numel() * itemsize, _READ))
    else:
        reach = 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
        memory = _view(address, reach * itemsize, _READ)
        array = np.ndarray(shape, dtype, memory, 0, tuple(stride * itemsize for stride in strides))
    if tensor.is_conj():
        array = np.conj(array)
    return np.negative(array) if tensor.is_neg() else array
