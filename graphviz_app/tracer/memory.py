"""A tensor's memory as a numpy array, without a single torch operation.

Whatever torch does is seen by the user's dispatch modes, function modes, profilers and tracers, may be changed by
autocast, and `Tensor.numpy()` even makes the storage unresizable. Reading the memory is seen by nobody.
"""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording.values import NUMPY_DTYPES
from graphviz_app.tracer.originals import (
    data_ptr,
    element_size,
    is_conj,
    is_contiguous,
    is_neg,
    numel,
    storage_offset,
    stride_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

_view = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int)(
    ("PyMemoryView_FromMemory", ctypes.pythonapi)
)
_READ = 0x100
_WORD = ctypes.sizeof(ctypes.c_void_p)
# All memory but for the first word, where nothing lies: a slice of it takes a third of the time of a call by ctypes.
_MEMORY: memoryview = _view(_WORD, sys.maxsize // _WORD * _WORD - _WORD, _READ)
_WORDS = _MEMORY.cast("N")


def view_of(address: int, size: int) -> memoryview:
    """So many bytes at an address, where they lie: valid while they are."""
    start = address - _WORD
    return _MEMORY[start : start + size]


def string_at(address: int, size: int) -> bytes:
    """The bytes at an address."""
    start = address - _WORD
    return _MEMORY[start : start + size].tobytes()


def word_at(address: int) -> int:
    """The pointer at an address, 0 for none."""
    return _WORDS[address // _WORD - 1]


class Readable(NamedTuple):
    """A dtype that numpy can hold.

    Attributes:
        name: PyTorch's name without the prefix.
        dtype: numpy's own.
        itemsize: Bytes of an element.
        is_complex: Whether a tensor of it may have the conjugate bit.
    """

    name: str
    dtype: np.dtype[Any]
    itemsize: int
    is_complex: bool


READABLE: dict[torch.dtype, Readable] = {
    getattr(torch, name): Readable(name, np.dtype(dtype), np.dtype(dtype).itemsize, name.startswith("complex"))
    for name, dtype in NUMPY_DTYPES.items()
    if hasattr(torch, name)
}
"""The dtypes that numpy can hold."""


def _start_by_pointer(tensor: torch.Tensor) -> int:
    start = data_ptr(tensor)
    return start - int(storage_offset(tensor)) * element_size(tensor) if start else 0


storage_start: Callable[[torch.Tensor], int] = getattr(torch._C, "_data_address", _start_by_pointer)
"""Where a tensor's storage begins, 0 where it has no memory; asking copies nothing that is copied on write."""


def _address(tensor: torch.Tensor) -> int:
    """Where a tensor's elements begin; 0 where it has no memory."""
    start = storage_start(tensor)
    # A view may begin further on in the storage.
    offset: Any = storage_offset(tensor)
    return start + offset * element_size(tensor) if offset and start else start


def address_of(tensor: torch.Tensor) -> int:
    """Where a tensor's elements begin, 0 where it has no memory that could be asked for."""
    try:
        return _address(tensor)
    except (RuntimeError, TypeError):
        return 0


def storage_start_of(tensor: torch.Tensor) -> int:
    """Where a tensor's storage begins, 0 where it has none that could be asked for."""
    try:
        return storage_start(tensor)
    except (RuntimeError, TypeError):
        return 0


def reach_of(dimensions: Iterable[tuple[int, int]]) -> int:
    """From the first element to behind the last one, in elements, for the size and the stride of each dimension."""
    return 1 + sum((size - 1) * stride for size, stride in dimensions)


def array_of(tensor: torch.Tensor, dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    """A strided CPU tensor's elements where they lie, or None where it has no memory.

    The array is valid only while the tensor is; conjugate and negative bits are applied on a copy.
    """
    shape, strides = tuple(tensor.shape), stride_of(tensor)
    if 0 in shape:
        return np.empty(shape, dtype)
    address = _address(tensor)
    if not address:
        return None
    itemsize = dtype.itemsize
    if is_contiguous(tensor):
        array = np.ndarray(shape, dtype, view_of(address, numel(tensor) * itemsize))
    else:
        memory = view_of(address, reach_of(zip(shape, strides, strict=True)) * itemsize)
        array = np.ndarray(shape, dtype, memory, 0, tuple(stride * itemsize for stride in strides))
    if is_conj(tensor):
        array = np.conj(array)
    return np.negative(array) if is_neg(tensor) else array
