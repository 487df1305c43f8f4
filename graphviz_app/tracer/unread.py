"""Which tensors' elements must not be looked at, and why."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.identity import dispatches

NO_MEMORY = "it has no memory of its own"


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
