"""How strided tensors lie in memory: found out once for each dtype, shape and strides; a program has few of them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording.values import Sample
from graphviz_app.tracer.measures import sampling
from graphviz_app.tracer.memory import reach_of, view_of
from graphviz_app.tracer.originals import element_size, is_nested_of, numel, size_of, storage_offset, stride_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch

    from graphviz_app.tracer.memory import Readable

Extent = tuple[tuple[int, int], ...]
"""Which elements of a storage a tensor has: sizes and strides, the smallest stride first, whatever its shape is."""


def overlap(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors of one storage have memory in common, or may have."""
    (first, end), (other_first, other_end) = within_storage(one), within_storage(other)
    return first < other_end and other_first < end


def is_within(part: torch.Tensor, whole: torch.Tensor) -> bool:
    """Whether the elements of one tensor lie between those of another one of the same storage."""
    if is_nested_of(part) or is_nested_of(whole):
        # Such tensors do not tell their sizes.
        return False
    (first, end), (whole_first, whole_end) = within_storage(part), within_storage(whole)
    return whole_first <= first and end <= whole_end


def within_storage(tensor: torch.Tensor) -> tuple[int, int]:
    """From which byte of its storage to which a tensor's elements lie."""
    size = element_size(tensor)
    first = int(storage_offset(tensor)) * size
    if not numel(tensor):
        return first, first
    return first, first + reach_of(zip(size_of(tensor), stride_of(tensor), strict=True)) * size


@lru_cache(maxsize=4096)
def extent(shape: tuple[int, ...], strides: tuple[int, ...]) -> Extent:
    """The extent of a tensor with elements: dimensions that lie within one another without a gap are one."""
    found: list[tuple[int, int]] = []
    for stride, size in sorted((stride, size) for size, stride in zip(shape, strides, strict=True) if size != 1):
        if found and stride and found[-1][1] and stride == found[-1][0] * found[-1][1]:
            found[-1] = (found[-1][0] * size, found[-1][1])
        elif found and not stride:
            # Repeated elements, in whatever dimensions.
            found[-1] = (found[-1][0] * size, 0)
        else:
            found.append((size, stride))
    return tuple(found)


class Strided(msgspec.Struct, frozen=True, eq=False, gc=False):
    """How strided tensors with elements lie that have one dtype, one shape and the same strides.

    Attributes:
        name: PyTorch's name of the dtype, without the prefix.
        dtype: numpy's own.
        shape: Sizes.
        strides: In elements.
        extent: Which elements of the storage they are.
        reach: Bytes from the first element to behind the last one.
        repeats: How many times it has each of its elements, which `expand` makes of one.
        inner_shape: The sizes of all elements, each once, in the order in which they lie.
        inner_strides: The strides of the same, in bytes.
        sample_shape: The sizes of a downsample.
        sample_step: Every how many indices it takes an element.
        sample_strides: Its strides, in bytes.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    extent: Extent
    reach: int
    repeats: int
    inner_shape: tuple[int, ...]
    inner_strides: tuple[int, ...]
    sample_shape: tuple[int, ...]
    sample_step: tuple[int, ...]
    sample_strides: tuple[int, ...]

    @classmethod
    def of(cls, readable: Readable, shape: tuple[int, ...], strides: tuple[int, ...]) -> Strided:
        """How tensors of a dtype, a shape without zeros and strides (in elements) lie."""
        itemsize = readable.itemsize
        found = extent(shape, strides)
        repeats, lying = (found[0][0], found[1:]) if found and not found[0][1] else (1, found)
        steps = sampling(shape)
        return cls(
            readable.name,
            readable.dtype,
            shape,
            strides,
            found,
            reach_of(found) * itemsize,
            repeats,
            tuple([size for size, _ in reversed(lying)]),
            tuple([stride * itemsize for _, stride in reversed(lying)]),
            tuple([-(-size // step) for size, step in zip(shape, steps, strict=True)]),
            steps,
            tuple([stride * step * itemsize for stride, step in zip(strides, steps, strict=True)]),
        )

    def elements(self, address: int) -> npt.NDArray[Any]:
        """All elements, each once, in the order in which they lie, valid while the tensor is.

        Views of the same elements, transposed or of another shape, have the same extent: what is asked of all elements
        alike (their largest, how many are zero) has the same answer for them.

        Args:
            address: Where the first one lies.
        """
        return np.ndarray(self.inner_shape, self.dtype, view_of(address, self.reach), 0, self.inner_strides)

    def sample(self, address: int) -> Sample:
        """A downsample of the elements, the first of which lies at an address."""
        picked = np.ndarray(self.sample_shape, self.dtype, view_of(address, self.reach), 0, self.sample_strides)
        return Sample(self.sample_shape, self.sample_step, picked.tobytes())
