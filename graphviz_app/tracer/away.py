"""Tensors on other devices: copied to the CPU all at once, so that a node waits for its device once at most."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.memory import reach_of
from graphviz_app.tracer.originals import element_size, is_conj, is_contiguous, is_neg, numel, storage_offset, stride_of
from graphviz_app.tracer.unread import why_untouchable, without_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_registered: set[str] = torch.library._impls  # pyright: ignore[reportAttributeAccessIssue]
_strided = torch.strided
_profiles: Callable[[], bool] = getattr(torch._C._autograd, "_profiler_enabled", lambda: False)
_let_profiler_hear: Callable[[bool], None] = getattr(torch._C._autograd, "_enable_record_function", lambda _: None)
# What torch was built without CUDA has neither.
_captures: Callable[[], bool] | None = getattr(torch._C, "_cuda_isCurrentStreamCapturing", None)
_current_stream: Callable[[int], tuple[int, int, int]] = getattr(torch._C, "_cuda_getCurrentStream", None)  # type: ignore[assignment]
_MOST = 1 << 30
"""Bytes of a tensor that is copied at all."""
_PINNED = 1 << 26
"""Bytes that are copied while the program's thread goes on: torch pins such memory, and keeps it."""
_SPARSE = 2
"""How many times as many elements may be copied as a tensor has, to spare its device a copy without gaps."""


def why_unread(tensor: torch.Tensor) -> str:
    """Why a tensor on another device must be left alone, or ""."""
    if "aten/_copy_from/PrivateUse1" in _registered and tensor.device.type == torch._C._get_privateuse1_backend_name():
        return "it is on a device that is written in Python, where a copy would run the program's code"
    if tensor.is_cuda and _captures is not None and _captures():
        return "it belongs to a CUDA graph that is being captured, which a copy would end"
    if tensor.layout is _strided and _bytes_to_copy(tensor) > _MOST:
        return "it is too large to be copied from its device"
    return ""


class UnheardByProfilers:
    """Operations of ours are not in what torch's profiler tells the program."""

    __slots__ = ("_is_heard",)

    def __enter__(self) -> None:
        self._is_heard = _profiles()
        if self._is_heard:
            _let_profiler_hear(False)

    def __exit__(self, *error: object) -> None:
        if self._is_heard:
            _let_profiler_hear(True)


def _reach(tensor: torch.Tensor) -> int:
    """Elements from the first to behind the last, of a tensor that is copied as it lies; 0 of others."""
    # A copy without gaps would be made on the device first, in memory that the program may lack: an expanded gradient
    # is one element there, and as large as what was summed up when it is written out.
    if not tensor.is_cuda or is_contiguous(tensor) or is_conj(tensor) or is_neg(tensor):
        return 0
    reach = reach_of(zip(tensor.shape, stride_of(tensor), strict=True))
    return reach if reach <= _SPARSE * numel(tensor) else 0


def _bytes_to_copy(tensor: torch.Tensor) -> int:
    return element_size(tensor) * (_reach(tensor) or numel(tensor))


def _start_copy(tensor: torch.Tensor) -> torch.Tensor:
    reach = _reach(tensor)
    goes_on = _bytes_to_copy(tensor) <= _PINNED
    with torch._C._AutoDispatchBelowAutograd():
        if not reach:
            return tensor.to("cpu", non_blocking=goes_on)
        lying = tensor.as_strided((reach,), (1,), storage_offset(tensor))
        return lying.to("cpu", non_blocking=goes_on).as_strided(tensor.shape, stride_of(tensor), 0)


def _wait_for_cuda(device: torch.device) -> None:
    # By torch's own C++ classes: the Python ones call builtins that the program may have put others in the place of.
    # Not on the stream itself: under `torch.cuda.set_sync_debug_mode` that is told to the program, or refused.
    stream, index, kind = _current_stream(device.index)
    event = torch._C._CudaEventBase(enable_timing=False, blocking=False, interprocess=False)
    event.record(torch._C._CudaStreamBase(priority=0, stream_id=stream, device_index=index, device_type=kind))
    event.synchronize()


def _wait(device: torch.device) -> None:
    module: Any = getattr(torch, device.type)
    if device.type == "cuda":
        _wait_for_cuda(device)
    elif hasattr(module, "current_stream"):
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
        with UnheardByProfilers():
            for asked in tensors:
                tensor = without_class(asked)
                if tensor.is_cpu or tensor.layout is not _strided or tensor.is_quantized:
                    continue
                if asked._cdata not in self._copies and not (why_untouchable(tensor) or why_unread(tensor)):
                    self._copies[asked._cdata] = self._start_copy(tensor)
                    devices.add(tensor.device)
        for device in devices:
            self._wait(device)

    def forget(self) -> None:
        """From here on the tensors may be written on."""
        self._copies.clear()

    def copy_of(self, tensor: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
        """A CPU copy of a tensor on another device; of the operations that make it, a profiler may hear.

        Args:
            tensor: What is copied where that was not done beforehand.
            asked: The same, of whatever class, as it may have been fetched.
        """
        self.is_used = True
        copied = self._copies.pop(asked._cdata, None)
        if copied is None:
            copied = self._start_copy(tensor)
            self._wait(tensor.device)
        return copied
