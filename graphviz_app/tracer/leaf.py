"""What is known of one leaf, and what may become of it."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from graphviz_app.tracer.memory import address_of
from graphviz_app.tracer.originals import grad_of, version_of

if TYPE_CHECKING:
    import torch

    from graphviz_app.recording.values import TensorRecord
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.places import Place

UNSEEN = "something that torch does not see"
"""What is told of a write that no operation made: on a numpy array that shares the memory, by `set_`, by other code."""


class Leaf(msgspec.Struct, eq=False, gc=False):
    """What is known of a leaf.

    As a `Tracked`, with which it makes a circle, it is none that the garbage collector counts.

    Attributes:
        number: The leaf's number.
        node: The number of its `AccumulateGrad`, NONE for a tensor that only retains its grad.
        tracked: The tensor.
        name: The program's name for it.
        tries: How often a name was looked for.
        is_named: Whether that is a name from the program, not one of ours.
        named_in: The id of the code of the function whose variable that name begins with, 0 where it is a module's.
        root: The id of what that variable was bound to.
        part: What the module called it that was just being made when it was met, "" where none was.
        made_before: The parameter of the same module that was met before it.
        grad: torch's own weak reference to the `.grad` that was last seen, None where there was none.
        grad_address: The address of that tensor's C++ object, which is its own while `grad` exists.
        grad_memory: Where its elements lay, 0 where they had no address.
        grad_start: Where the storage of those began.
        grad_version: Its version then.
        grad_value: Its value then, NONE where `.grad` was None.
        grad_record: That value itself, while it is small.
        value: The leaf's own value when last seen.
        version: Its version then.
        record: That value itself, while it is small.
        start: Where the storage of the leaf's own elements began when last seen.
    """

    tracked: Tracked
    number: int
    name: str
    node: int = ev.NONE
    is_named: bool = False
    named_in: int = 0
    root: int = 0
    part: str = ""
    made_before: Leaf | None = None
    tries: int = 0
    grad: Any = None
    grad_address: int = 0
    grad_memory: int = 0
    grad_start: int = 0
    grad_version: int = -1
    grad_value: int = ev.NONE
    grad_record: TensorRecord | None = None
    value: int = ev.NONE
    version: int = -1
    record: TensorRecord | None = None
    start: int = 0
    retains_grad: bool = False

    def has_grad(self, grad: torch.Tensor) -> bool:
        """Whether this tensor was its `.grad` when last seen."""
        return self.grad is not None and self.grad_address == grad._cdata


class Writing(NamedTuple):
    """A write that has just happened.

    Attributes:
        place: The place from which it was.
        text: What stands there.
        is_users: Whether the program itself wrote, not a library on its behalf.
        unseen: Whether no version of the leaf's own may tell of it: it went through another tensor, for example.
        is_recorded: Whether an operation wrote, and has recorded what.
    """

    place: Place | None
    text: str = ""
    is_users: bool = False
    unseen: bool = False
    is_recorded: bool = False

    @property
    def span(self) -> ev.Span | None:
        """Where it stands."""
        return None if self.place is None else self.place.span


class Change(NamedTuple):
    """What became of a leaf, or of its `.grad`, in one line of the program, which may go on.

    Attributes:
        event: The event that will tell it.
        writing: What wrote.
        was_zero: Whether a `.grad` was zero before.
    """

    event: ev.GradCleared | ev.GradWritten | ev.LeafUpdated
    writing: Writing
    was_zero: bool = False


def is_untouched(leaf: Leaf, tensor: torch.Tensor) -> bool:
    """Whether nothing about a leaf is another than when last seen, by the looks of it: for nearly all it is so."""
    if leaf.version != version_of(tensor) or leaf.tracked.address != address_of(tensor):
        return False
    if not (tensor.is_leaf or tensor.retains_grad):
        return False
    grad = grad_of(tensor)
    if grad is None or leaf.grad is None:
        return grad is None and leaf.grad_value == ev.NONE
    return leaf.grad_address == grad._cdata and leaf.grad_version == version_of(grad)


def is_zero(record: TensorRecord | None) -> bool:
    """Whether every bit of what was recorded is zero, as far as that tells."""
    if record is None:
        return False
    if record.data is not None:
        return not any(record.data)
    return record.statistics is not None and 0 < record.statistics.zeros == prod(record.shape)


def is_cleared(record: TensorRecord | None) -> bool:
    """Whether all is zero, -0.0 included: what is multiplied by zero may be that, and has a bit set."""
    if is_zero(record):
        return True
    found = elements(record) if record is not None and record.data is not None and 0x80 in record.data else None
    return found is not None and not found.any()
