"""Why a value went on but the graph did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.kinds import Kind
from graphviz_app.tracer.originals import is_complex, is_floating_point

if TYPE_CHECKING:
    from graphviz_app.recording.events import Cut

_DETACHES = frozenset({"torch.Tensor.detach", "torch.detach", "torch.Tensor.data"})
_DETACHES_IN_PLACE = frozenset({"torch.Tensor.detach_", "torch.detach_"})
DETACHES = _DETACHES | _DETACHES_IN_PLACE
"""What gives a tensor without its history, in the same memory."""
_COPIES = frozenset({"torch.tensor", "torch.as_tensor", "torch.Tensor.new_tensor", "torch.asarray"})
_KINDS = ("zeros", "ones", "empty", "full", "rand", "randn", "randint")
_ALIKE = frozenset(
    {*[f"torch.{kind}_like" for kind in _KINDS]}
    | {f"torch.Tensor.new_{kind}" for kind in ("zeros", "ones", "empty", "full", "empty_strided")}
)
"""What takes of a tensor only its shape and the like: no value goes on."""
_AS_ANOTHER = frozenset(f"torch.Tensor.{name}" for name in ("view_as", "expand_as", "reshape_as", "type_as", "to"))
"""What takes a tensor, and only the shape, dtype or device of another."""
_BUT_ITS_DTYPE = frozenset({"torch.Tensor.new_tensor"})
"""What takes of the first tensor only its dtype and device, and the values of another."""
_inference = torch.is_inference_mode_enabled


def find_cut(
    kind: Kind,
    name: str,
    arguments: list[tuple[str, torch.Tensor]],
    results: list[torch.Tensor],
    *,
    grad_mode: bool,
) -> Cut | None:
    """Why an operation that made no node made none; None where there was nothing to cut, or it only passed on."""
    if name in _AS_ANOTHER or name in _BUT_ITS_DTYPE:
        arguments = arguments[:1] if name in _AS_ANOTHER else arguments[1:]
    if not arguments or name in _ALIKE:
        return None
    if kind is Kind.LEAVE:
        return "item"
    requires_grad = any(tensor.requires_grad for _, tensor in arguments)
    copies = _by_name(name, arguments, results, requires_grad=requires_grad)
    if copies is not None:
        return copies
    if not results or any(result.requires_grad for result in results):
        return None
    if not requires_grad:
        return "no_input_requires_grad"
    if _inference():
        return "inference_mode"
    if not grad_mode:
        return "no_grad"
    if not any(is_floating_point(result) or is_complex(result) for result in results):
        return "dtype"
    return None


def _by_name(
    name: str, arguments: list[tuple[str, torch.Tensor]], results: list[torch.Tensor], *, requires_grad: bool
) -> Cut | None:
    """Whether it is one of the operations whose purpose it is to cut."""
    if name in _DETACHES_IN_PLACE:
        # Nobody can see any more whether it required a gradient.
        return "detach"
    if requires_grad and name in _DETACHES:
        return "detach"
    if requires_grad and name in _COPIES and not any(given is each for _, given in arguments for each in results):
        return "new_tensor"
    return None
