"""Tensors on other devices: copied to the CPU all at once, so that a node waits for its device once at most."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_registered: set[str] = torch.library._impls  # pyright: ignore[reportAttributeAccessIssue]
_strided = torch.strided


def why_unread(tensor: torch.Tensor) -> str:
    """Why a tensor on another device must be left alone, or ""."""
    if "aten/_copy_from/PrivateUse1" in _registered and tensor.device.type == torch._C._get_privateuse1_backend_name():
        return "it is on a device that is written in Python, where a copy would run the program's code"
    if tensor.is_cuda and torch.cuda.is_current_stream_capturing():
        return "it belongs to a CUDA graph that is being captured, which a copy would end"
    return ""


def _start_copy(tensor: torch.Tensor) -> torch.Tensor:
    with torch._C._AutoDispatchBelowAutograd():
        return tensor.to("cpu", non_blocking=True)


def _wait(device: torch.device) -> None:
    module: Any = getattr(torch, device.type)
    if hasattr(module, "current_stream"):
        module.current_stream(device).synchronize()
    else:
        module.synchronize()


class Away:
    """Copies of tensors on other devices.

    Attributes:
        is_used: Whether there was any; programs on the CPU pay nothing for this.
    """

    def __init__(
        self,
        start_copy: Callable[[torch.Tensor], torch.Tensor] = _start_copy,
        wait: Callable[[torch.device], None] = _wait,
    ) -> None:
        self.is_used = False
        self._start_copy = start_copy
        self._wait = wait
        self._copies: dict[int, torch.Tensor] = {}

    def fetch(self, tensors: Iterable[torch.Tensor]) -> None:
        """Copy all of these that are not on the CPU, and wait once; `copy_of` has the copies until `forget`."""
        devices: set[torch.device] = set()
        for tensor in tensors:
            if tensor.is_cpu or tensor.layout is not _strided or tensor.is_quantized or tensor.is_nested:
                continue
            if tensor._cdata not in self._copies and not why_unread(tensor):
                self._copies[tensor._cdata] = self._start_copy(tensor)
                devices.add(tensor.device)
        for device in devices:
            self._wait(device)

    def forget(self) -> None:
        """From here on the tensors may be written on."""
        self._copies.clear()

    def copy_of(self, tensor: torch.Tensor) -> torch.Tensor:
        """A CPU copy of a tensor on another device."""
        self.is_used = True
        copied = self._copies.pop(tensor._cdata, None)
        if copied is None:
            copied = self._start_copy(tensor)
            self._wait(tensor.device)
        return copied
