"""How much the tracer records."""

from __future__ import annotations

from dataclasses import dataclass

from graphviz_app.recording.values import ELEMENT_BUDGET


@dataclass(frozen=True)
class TracerOptions:
    """How much is recorded.

    Attributes:
        element_budget: Tensors of up to this many elements are recorded whole.
        recording_bytes: When the recorded values together are larger, later ones become summaries.
        operations: Whether the forward operations are recorded, or the backward passes alone.
        forward_values: Whether the values of operations' inputs and outputs are recorded.
    """

    element_budget: int = ELEMENT_BUDGET
    recording_bytes: int = 1 << 28
    operations: bool = True
    forward_values: bool = True
