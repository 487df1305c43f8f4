"""Reading `.data`: a cut where something is computed from it, nothing where the program only writes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer.originals import version_of

if TYPE_CHECKING:
    from types import FrameType

    from graphviz_app.tracer.binding import ResultNames
    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.places import Place

NAME = "torch.Tensor.data"


class Where(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Where something ran: the place, the path and class of the module, the rounds of loops, and the method.

    The last as in `OperationRan`.
    """

    place: Place | None
    module: str
    module_type: str
    rounds: tuple[ev.Round, ...]
    method: int


class _Read(NamedTuple):
    """A read that is told as an operation if something is computed from what it gave.

    Attributes:
        source: The tensor whose `.data` it was.
        version: Its version then.
        is_leaf: Whether it was a leaf.
        where: Where in the program.
        is_users: Whether the program itself read it, not a library on its behalf.
    """

    source: Tracked
    version: int
    is_leaf: bool
    where: Where
    is_users: bool


class DataReads:
    """Knows what `.data` gave, until something is computed from it."""

    def __init__(self, core: Core, names: ResultNames) -> None:
        self._core = core
        self._names = names

    def read(self, tensor: torch.Tensor, data: torch.Tensor, where: Where, *, is_users: bool) -> None:
        """The program has read the `.data` of a tensor."""
        tensors = self._core.tensors
        given = tensors.track(data)
        given.is_data = True
        given.version = version_of(data)
        source = tensors.track(tensor)
        if source.version == version_of(tensor):
            given.value = source.value
        if not tensor.requires_grad:
            return
        if tensor.is_leaf and not source.object_id:
            source.live_in(tensor)
        given.data_of = _Read(source, version_of(tensor), tensor.is_leaf, where, is_users)

    def tell(self, tensor: torch.Tensor, given: Tracked, frame: FrameType) -> None:
        """Something is about to be computed from what `.data` gave."""
        core, read = self._core, given.data_of
        given.data_of = None
        source = read.source
        value, node, slot = source.value, source.node, source.slot
        if read.is_leaf:
            of = source.tensor()
            if of is None:
                return
            leaf = core.leaves.meet(of, frame)
            value, node, slot = leaf.value, leaf.node, 0
        number = core.operation_count
        core.operation_count = number + 1
        if core.options.forward_values and given.value == ev.NONE:
            given.value = core.values.record(tensor)
        where, place = read.where, read.where.place
        span, stack = (None, ()) if place is None else (place.span, place.frames)
        took = ev.TensorUse(source.number, value, node, slot, read.version, True, read.is_leaf, "0")
        gave = ev.TensorUse(given.number, given.value, ev.NONE, 0, given.version, False, True)
        grad_mode = torch.is_grad_enabled()
        core.log.add(
            ev.OperationRan(
                number, NAME, span, stack, where.module, where.module_type, (took,), (gave,), (), grad_mode, "detach",
                "", (), where.rounds, where.method,
            )
        )  # fmt: skip
        if read.is_users and place is not None and place.targets:
            self._names.computed(place, [given], where.rounds, frame, by_library=False)
