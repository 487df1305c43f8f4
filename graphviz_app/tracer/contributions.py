"""What is on its way from node to node in one run of the engine, and whether what arrives is what was sent."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording.events import NONE
from graphviz_app.recording.values import elements
from graphviz_app.tracer.measures import heed_errors, ignore_errors
from graphviz_app.tracer.originals import version_of
from graphviz_app.tracer.values import are_same

if TYPE_CHECKING:
    from typing import TypeAlias, TypeGuard

    import numpy.typing as npt
    import torch

    from graphviz_app.recording.values import TensorRecord
    from graphviz_app.tracer.values import ValueRecorder

    Coming: TypeAlias = "Sent | list[Sent] | None"
    """What was sent to one end: one contribution by itself, a list of several, or nothing."""


_ROUNDING = 1e-4
"""Relative to the largest element."""


class Sent(msgspec.Struct, frozen=True, gc=False):
    """A contribution on its way: what was recorded of it, and how to know it again when it arrives.

    Attributes:
        value: Its value number.
        address: Of the tensor's C++ object; 0 for one that may be another tensor by then.
        version: Its version.
    """

    value: int
    address: int
    version: int


class Contributions:
    """What is on its way, by the end (`graph.end_of`) to which it goes.

    Args:
        values: Records what arrives.

    Attributes:
        by_end: One contribution by itself, or a list of several.
    """

    def __init__(self, values: ValueRecorder) -> None:
        self.by_end: dict[int, Sent | list[Sent]] = {}
        self._values = values

    def send(self, end: int, value: int, grad: torch.Tensor) -> None:
        """A gradient goes to an end, beside what goes there already."""
        # `sent_as`, written out because it is called for every edge.
        sent = Sent(value, 0 if grad.is_sparse else grad._cdata, version_of(grad))
        earlier = self.by_end.get(end)
        if earlier is None:
            self.by_end[end] = sent
        elif type(earlier) is list:
            earlier.append(sent)
        else:
            self.by_end[end] = [earlier, sent]

    def arrived(self, grad: torch.Tensor, came: Coming) -> tuple[int, int]:
        """The value of what came in, which is another tensor than what was sent, and before it was changed, if it was.

        Two times the same number where nothing was changed, or nobody can tell.
        """
        sent = came if type(came) is list else [] if came is None else [came]
        values = self._values
        record = values.read(grad)
        before = self.sum(sent) if sent else None
        if before is None or (record.data is None and record.statistics is None):
            value = values.keep(record)
            return value, value
        if are_same(before, record) or (len(sent) > 1 and _is_the_same_sum(before, record, is_sparse=grad.is_sparse)):
            value = sent[0].value if len(sent) == 1 else values.keep(record)
            return value, value
        value = values.keep(record)
        return value, sent[0].value if len(sent) == 1 else values.keep(before)

    def sum(self, sent: list[Sent]) -> TensorRecord | None:
        """The sum of contributions in the order in which they came, where all were recorded whole."""
        records = [self._values.recent(each.value) for each in sent]
        first = records[0]
        if first is None or len(records) == 1:
            return first
        total = _added(records)
        return None if total is None else replace(first, data=total.tobytes())

    def value_of_sum(self, sent: list[Sent]) -> int:
        """The value of that sum; NONE where it is not known."""
        if len(sent) == 1:
            return sent[0].value
        total = self.sum(sent)
        return NONE if total is None else self._values.keep(total)


def _added(records: list[TensorRecord | None]) -> npt.NDArray[Any] | None:
    """The sum of records in their order, to the bit what the engine makes of them; None where one is not whole."""
    total: Any = None
    token = ignore_errors()
    try:
        for record in records:
            part: Any = None if record is None or record.dtype == "complex32" else elements(record)
            if part is None or (total is not None and total.shape != part.shape):
                return None
            if part.dtype.kind == "c" and total is not None:
                # torch adds so many times the other, also where that is once: of complex numbers with an infinite or
                # a negative zero part, that product is another number.
                part = part * part.dtype.type(1)
            total = part if total is None else total + part
    finally:
        heed_errors(token)
    return total


def _is_the_same_sum(one: TensorRecord, other: TensorRecord, *, is_sparse: bool) -> bool:
    """Whether two sums of the same, computed apart, are as alike as can be."""
    first, second = elements(one), elements(other)
    if first is None or second is None or first.shape != second.shape or first.dtype != second.dtype:
        return False
    return _differ_in_nans(first, second) or (is_sparse and first.size > 0 and _is_rounded(first, second))


def _is_rounded(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> bool:
    """Whether two sums are the same but for rounding: of sparse tensors, places that occur twice are added up later."""
    token = ignore_errors()
    try:
        return not (abs(first - second) > _ROUNDING * abs(second).max()).any()
    finally:
        heed_errors(token)


def _differ_in_nans(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> bool:
    """Whether two arrays differ in the signs of NaNs alone, which no arithmetic promises."""
    first, second = _parts(first), _parts(second)
    # NaN alone is not equal to itself, whatever the dtype.
    are_numbers = first == first
    are_alike = bool((are_numbers == (second == second)).all())
    return are_alike and first[are_numbers].tobytes() == second[are_numbers].tobytes()


def _parts(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The elements in a row, of complex numbers both parts."""
    return array.reshape(-1).view(array.real.dtype) if array.dtype.kind == "c" else array.reshape(-1)


def sent_as(value: int, grad: torch.Tensor) -> Sent:
    """A gradient that was recorded as this value, on its way."""
    # A sparse tensor is never taken for the one that was sent: the engine may have added to it meanwhile.
    return Sent(value, 0 if grad.is_sparse else grad._cdata, version_of(grad))


def is_what_was_sent(sent: Coming, grad: torch.Tensor) -> TypeGuard[Sent]:
    """Whether a gradient that arrives is the one contribution that was sent there.

    The engine holds a contribution until it is consumed: its address cannot be another tensor's.
    """
    return type(sent) is Sent and sent.address == grad._cdata and sent.version == version_of(grad)


def value_of(sent: Coming) -> int:
    """The value of what comes in where that was looked at, NONE where nothing does."""
    return sent.value if type(sent) is Sent else NONE
