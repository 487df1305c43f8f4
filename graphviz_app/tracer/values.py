"""Tensors become records: all elements while they are few, figures and a sample where they are many."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import torch
from msgspec.structs import replace

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import TensorRecord
from graphviz_app.tracer.away import Away, UnheardByProfilers, why_unread
from graphviz_app.tracer.identity import ORDINARY
from graphviz_app.tracer.measures import figures, once, sample
from graphviz_app.tracer.memory import READABLE, Readable, address_of, array_of, storage_start, string_at
from graphviz_app.tracer.originals import (
    device_of,
    dtype_of,
    is_inference,
    is_neg,
    numel,
    requires_grad_of,
    size_of,
    storage_offset,
    stride_of,
)
from graphviz_app.tracer.strided import Strided
from graphviz_app.tracer.unread import NO_MEMORY, why_untouchable, without_class

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.recording.values import Sample, Statistics
    from graphviz_app.tracer.log import EventLog
    from graphviz_app.tracer.options import TracerOptions
    from graphviz_app.tracer.strided import Extent

_strided = torch.strided
_OVER_BUDGET = (
    "The values recorded so far fill the recording's budget: from here on values are recorded as shapes and figures."
)
_data = torch.Tensor.data.__get__
_Alive = torch._C._WeakTensorRef
_RECENT = 4096
_KNOWN, _KNOWN_HERE = 4096, 64
_NOTHING: dict[Any, Any] = {}
_PLANS = 10_000
_PROBE = 64
_DENSE_LIMIT = 1 << 22


class _Known(msgspec.Struct, eq=False, gc=False):
    """The record of a large tensor, whose figures are valid while it lives and its version stays."""

    alive: Any
    version: int
    probe: bytes
    record: TensorRecord
    way: Strided


class _Plan(NamedTuple):
    """How tensors of one dtype and shape are read.

    Attributes:
        readable: What numpy makes of the dtype; None where such tensors are read with more care.
        is_large: Whether figures and a sample are kept instead of the elements.
        shape: Sizes.
        strides: Those of a tensor that lies in its own order.
        size: Bytes of all elements.
    """

    readable: Readable | None
    is_large: bool
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    size: int


_WITH_CARE = _Plan(None, False, (), (), 0)


def _plan(dtype: torch.dtype, shape: Any, budget: int) -> _Plan:
    readable = READABLE.get(dtype)
    if readable is None or readable.is_complex or not all(type(size) is int for size in shape):
        # Complex tensors may be conjugated views; symbolic sizes belong to tensors that have no elements.
        return _WITH_CARE
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    count = prod(shape)
    return _Plan(readable, count > budget, tuple(shape), tuple(reversed(strides)), count * readable.itemsize)


class ValueRecorder:
    """Records the values of tensors into a log.

    Call it with torch's function and dispatch modes disabled; it changes nothing about the tensors it reads.

    Attributes:
        away: Copies of tensors on other devices.
    """

    def __init__(self, log: EventLog, options: TracerOptions) -> None:
        self._log = log
        self._budget = options.element_budget
        self._left = options.recording_bytes
        # By address, then by what lies there: views of one tensor begin at the same place.
        self._known: dict[int, dict[tuple[Extent, str], _Known]] = {}
        self._ways: dict[tuple[str, Any, tuple[int, ...]], Strided] = {}
        self._plans: dict[tuple[torch.dtype, Any], _Plan] = {}
        self.away = Away()
        self._recent: dict[int, TensorRecord] = {}
        self._older: dict[int, TensorRecord] = {}

    def record(self, tensor: torch.Tensor) -> int:
        """Record a tensor as it is now, and return the value's number."""
        return self.keep(self.read(tensor))

    def keep(self, record: TensorRecord) -> int:
        """Number a record that was read before."""
        data = record.data
        if data is None:
            data = record.sample.data if record.sample is not None else b""
        weight = 96 + len(data)
        self._left -= weight
        number = self._log.value(record, weight)
        if not number % _RECENT:
            self._older, self._recent = self._recent, {}
        self._recent[number] = record
        return number

    def recent(self, number: int) -> TensorRecord | None:
        """A value that was recorded not long ago."""
        return self._recent.get(number) or self._older.get(number)

    def is_small(self, tensor: torch.Tensor) -> bool:
        """Whether all elements of a tensor are recorded."""
        count: Any = numel(tensor)
        # A symbolic number must not be compared: the program would be held to the answer.
        return type(count) is int and count <= self._budget

    def is_still(self, tensor: torch.Tensor, record: TensorRecord) -> bool:
        """Whether a small tensor holds what was recorded of it."""
        return record.data is None or self.read(tensor).data == record.data

    def holds(self, tensor: torch.Tensor, number: int) -> bool:
        """Whether a tensor of the same version is what was recorded of it, also where `.data` was written on."""
        record = self.recent(number)
        return record is None or are_same(record, self.read(tensor))

    def are_equal(self, before: int, after: int) -> bool:
        """Whether two values are the same, as far as the recording tells."""
        if before == after or ev.NONE in (before, after):
            return before == after
        one, two = self.recent(before), self.recent(after)
        return one is not None and two is not None and are_same(one, two)

    def has_figures(self, tensor: torch.Tensor, number: int) -> bool:
        """Whether a large tensor has the figures of a value, whatever its version says."""
        self._known.pop(address_of(tensor), None)
        old = self.recent(number)
        return old is not None and are_same(self.read(tensor), old)

    def forget_figures(self) -> None:
        """Hold nothing of any tensor."""
        self._known.clear()

    def read(self, tensor: torch.Tensor) -> TensorRecord:
        """A tensor as it is now.

        Nearly every tensor is of one of a few shapes, and what follows from a shape is found out once.
        """
        if type(tensor) not in ORDINARY:
            return self._read_slowly(tensor)
        try:
            key = (tensor.dtype, tensor.shape)
            readable, is_large, shape, ordered, size = self._plans.get(key) or self._plan(key)
            start = storage_start(tensor)
        except (RuntimeError, TypeError):
            # A nested tensor has no one shape, symbolic sizes cannot be looked up, sparse tensors have no one storage.
            return self._read_slowly(tensor)
        if readable is None or not start or not tensor.is_cpu or self._left <= 0 or is_neg(tensor):
            return self._read_slowly(tensor)
        name, dtype, itemsize, _ = readable
        address = start + storage_offset(tensor) * itemsize
        strides = stride_of(tensor)
        if is_large:
            return self._read_large(tensor, readable, address, strides)
        if strides == ordered:
            # Not a tuple for each record: what survives brings on the program's garbage collections.
            kept, data = ordered, string_at(address, size)
        elif (array := array_of(tensor, dtype)) is not None:
            kept, data = strides, array.tobytes()
        else:
            return self._read_slowly(tensor)
        return TensorRecord(shape, name, "cpu", kept, "strided", tensor.requires_grad, data)

    def _plan(self, key: tuple[torch.dtype, Any]) -> _Plan:
        if len(self._plans) > _PLANS:
            self._plans.clear()
        plan = self._plans[key] = _plan(*key, self._budget)
        return plan

    def _read_large(
        self, tensor: torch.Tensor, readable: Readable, address: int, strides: tuple[int, ...]
    ) -> TensorRecord:
        """Figures and a sample; views of the same elements have the same figures, whatever their shapes."""
        shape = tensor.shape
        way = self._ways.get((readable.name, shape, strides)) or self._meet(readable, shape, strides)
        requires_grad = tensor.requires_grad
        if is_inference(tensor):
            return _large(way, requires_grad, figures(way.elements(address), way.repeats), way.sample(address))
        version = tensor._version
        here, key = self._known.get(address, _NOTHING), (way.extent, readable.name)
        known, probe = here.get(key), string_at(address, min(_PROBE, way.reach))
        if known is not None and (known.version != version or known.probe != probe or known.alive.expired()):
            known = None
        if known is not None and known.way is way:
            record = known.record
            return record if record.requires_grad == requires_grad else replace(record, requires_grad=requires_grad)
        figured = figures(way.elements(address), way.repeats) if known is None else known.record.statistics
        record = _large(way, requires_grad, figured, way.sample(address))
        if len(self._known) > _KNOWN or len(here) > _KNOWN_HERE:
            self._known.clear()
        self._known.setdefault(address, {})[key] = _Known(_Alive(tensor), version, probe, record, way)
        return record

    def _meet(self, readable: Readable, shape: Any, strides: tuple[int, ...]) -> Strided:
        if len(self._ways) > _PLANS:
            self._ways.clear()
        way = self._ways[readable.name, shape, strides] = Strided.of(readable, tuple(shape), strides)
        return way

    def _read_slowly(self, tensor: torch.Tensor) -> TensorRecord:
        try:
            return self._describe(tensor)
        except Exception as error:  # noqa: BLE001 - any tensor of any library may come here; looking must not raise
            return _unreadable(
                tensor, f"it cannot be read ({type(error).__name__})", requires_grad=requires_grad_of(tensor)
            )

    def _describe(self, tensor: torch.Tensor) -> TensorRecord:
        requires_grad, asked = requires_grad_of(tensor), tensor
        tensor = without_class(tensor)
        note = why_untouchable(tensor)
        if note:
            return _unreadable(tensor, note, requires_grad=requires_grad)
        readable, name = tensor, str(tensor.dtype).removeprefix("torch.")
        if tensor.layout is not _strided or tensor.is_quantized or not tensor.is_cpu:
            if (tensor.layout is not _strided or tensor.is_quantized) and numel(tensor) > _DENSE_LIMIT:
                return _unreadable(tensor, "it is too large to be copied", requires_grad=requires_grad)
            if not tensor.is_cpu and (note := why_unread(tensor)):
                return _unreadable(tensor, note, requires_grad=requires_grad)
            readable = self._as_plain(tensor, asked)
            name = str(readable.dtype).removeprefix("torch.")
        if readable.dtype not in READABLE:
            return _unreadable(tensor, f"numpy knows no {name}", requires_grad=requires_grad)
        array = array_of(readable, READABLE[readable.dtype][1])
        if array is None:
            return _unreadable(tensor, NO_MEMORY, requires_grad=requires_grad)
        return self._of_array(tensor, array, name, requires_grad=requires_grad)

    def _as_plain(self, tensor: torch.Tensor, asked: torch.Tensor) -> torch.Tensor:
        """A strided CPU copy of a sparse, quantised or far-away tensor, which may have been fetched as `asked`."""
        with torch._C._AutoDispatchBelowAutograd(), UnheardByProfilers():
            if tensor.is_quantized:
                return tensor.dequantize().cpu()
            if tensor.layout is not _strided:
                # Not the tensor itself: `to_dense` counts the version of a compressed one up.
                tensor = _data(tensor).to_dense()
            if not tensor.is_cpu:
                tensor = self.away.copy_of(tensor, asked)
            return tensor.resolve_conj().resolve_neg()

    def _of_array(
        self, tensor: torch.Tensor, array: npt.NDArray[Any], name: str, *, requires_grad: bool
    ) -> TensorRecord:
        strided = tensor.layout is _strided
        head = (tuple(tensor.shape), name, str(tensor.device), stride_of(tensor) if strided else None)
        head += (str(tensor.layout).removeprefix("torch."), requires_grad)
        if array.size <= self._budget and self._left > 0:
            return TensorRecord(*head, array.tobytes())
        if self._left <= 0:
            self._log.notice(_OVER_BUDGET)
        if array.dtype.names is not None:
            return TensorRecord(*head, note="complex32 values are recorded only while they are few")
        picture = sample(array, 1024 if self._left > 0 else 16)
        return TensorRecord(*head, None, figures(*once(array)), picture)


def are_same(one: TensorRecord, two: TensorRecord) -> bool:
    """Whether two records are of the same elements: by all of them, or by figures and samples of many."""
    if one.data is not None or two.data is not None:
        return one.data == two.data and one.shape == two.shape
    # Figures may hold NaN, which is not equal to itself.
    return one.sample == two.sample and repr(one.statistics) == repr(two.statistics)


def _large(way: Strided, requires_grad: bool, figured: Statistics | None, picture: Sample) -> TensorRecord:
    return TensorRecord(way.shape, way.name, "cpu", way.strides, "strided", requires_grad, None, figured, picture)


def _unreadable(tensor: torch.Tensor, note: str, *, requires_grad: bool) -> TensorRecord:
    try:
        size = size_of(tensor)
        # A symbolic size, once it is asked for a number, stays that number for the program.
        shape = tuple(size) if all(type(each) is int for each in size) else ()
        dtype, device = str(dtype_of(tensor)).removeprefix("torch."), str(device_of(tensor))
        return TensorRecord(shape, dtype, device, requires_grad=requires_grad, note=note)
    except Exception:  # noqa: BLE001 - as above; even a shape may refuse
        return TensorRecord((), "float32", note=note)
