"""Methods of torch's that only look at a tensor, as they were at the start: the program may put others in their places.

Called as functions, they also pass by what a subclass has put over them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable

data_ptr = torch.Tensor.data_ptr
element_size = torch.Tensor.element_size
is_complex = torch.Tensor.is_complex
is_conj = torch.Tensor.is_conj
is_contiguous = torch.Tensor.is_contiguous
is_floating_point = torch.Tensor.is_floating_point
is_inference = torch.Tensor.is_inference
is_neg = torch.Tensor.is_neg
is_view = torch.Tensor._is_view  # noqa: SLF001 - torch has no other name for it
numel = torch.Tensor.numel
size_of = torch.Tensor.size
storage_offset = torch.Tensor.storage_offset
stride_of = torch.Tensor.stride
dtype_of: Callable[[torch.Tensor], torch.dtype] = torch.Tensor.dtype.__get__
device_of: Callable[[torch.Tensor], torch.device] = torch.Tensor.device.__get__
requires_grad_of: Callable[[torch.Tensor], bool] = torch.Tensor.requires_grad.__get__
is_nested_of: Callable[[torch.Tensor], bool] = torch.Tensor.is_nested.__get__
grad_of: Callable[[torch.Tensor], torch.Tensor | None] = torch.Tensor.grad.__get__  # pyright: ignore[reportOptionalMemberAccess]
"""A tensor's `.grad`, also where a class of the program's has a property of that name."""


def base_of(tensor: torch.Tensor) -> torch.Tensor | None:
    """What a tensor is a view of; None where it is none."""
    return tensor._base if is_view(tensor) else None  # noqa: SLF001 - as above


def version_of(tensor: torch.Tensor) -> int:
    """The version counter; 0 for inference tensors, which keep none."""
    try:
        return tensor._version  # noqa: SLF001 - as above
    except RuntimeError:
        return 0
