"""Why a value went on but the graph did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.kinds import Kind
from graphviz_app.tracer.originals import is_complex, is_floating_point

if TYPE_CHECKING:
    from graphviz_app.recording.events import Cut

_DETACHES = frozenset(
    {"torch.Tensor.detach", "torch.Tensor.detach_", "torch.detach", "torch.detach_", "torch.Tensor.data"}
)
_COPIES = frozenset({"torch.tensor", "torch.as_tensor", "torch.Tensor.new_tensor", "torch.asarray"})
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
    if not arguments:
        return None
    if kind is Kind.LEAVE:
        return "item"
    if name in _DETACHES:
        return "detach"
    if name in _COPIES:
        return "new_tensor"
    if not results or any(result.requires_grad for result in results):
        return None
    if not any(tensor.requires_grad for _, tensor in arguments):
        return "no_input_requires_grad"
    if _inference():
        return "inference_mode"
    if not grad_mode:
        return "no_grad"
    if not any(is_floating_point(result) or is_complex(result) for result in results):
        return "dtype"
    return None
