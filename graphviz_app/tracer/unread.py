"""Which tensors' elements must not be looked at, and why."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.identity import ORDINARY, dispatches, is_transformed
from graphviz_app.tracer.originals import device_of

NO_MEMORY = "it has no memory of its own"
_OF_TORCH = frozenset({"cpu", "cuda", "mps", "xpu"})
_data = torch.Tensor.data.__get__


def why_untouchable(tensor: torch.Tensor) -> str:
    """Why nothing of a tensor's elements can be asked for, on whatever device it is, or ""."""
    if tensor.is_meta:
        return "it is on the meta device, which keeps no elements"
    if torch._C._functorch.is_functorch_wrapped_tensor(tensor):
        return "inside a function transform (vmap, grad, jvp)"
    if dispatches(tensor):
        return f"it is a {type(tensor).__name__}, a tensor subclass with a mind of its own"
    if tensor.is_nested:
        return "it is a nested tensor"
    return NO_MEMORY if tensor._is_zerotensor() or torch._is_functional_tensor(tensor) else ""


def without_class(tensor: torch.Tensor) -> torch.Tensor:
    """The same elements without the program's class, which may have properties of its own over torch's (`shape`).

    Unless the tensor may be more than what lies there: where its class deals with operations itself, in function
    transforms, and on devices that are not torch's own.
    """
    if type(tensor) in ORDINARY or device_of(tensor).type not in _OF_TORCH:
        return tensor
    return tensor if dispatches(tensor) or is_transformed(tensor) else _data(tensor)
