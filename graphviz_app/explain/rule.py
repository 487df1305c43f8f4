"""What a derivative rule says: the form that all rules have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from graphviz_app.explain.call import Call

    Array = npt.NDArray[Any]
    Gradient = Callable[[Call, int], Array]


class Rule(NamedTuple):
    """How one kind of node computes its gradients.

    Attributes:
        names: The names of its nodes without "Backward" and number ("Mul").
        formula: LaTeX; g is the gradient that comes in, x (or x₁, x₂) what went in forwards, y what came out.
        words: What the node does with a gradient, in one or two plain sentences.
        source: The rule's source: an entry of PyTorch's `derivatives.yaml`, or a name from a textbook.
        gradient: Computes `grad_inputs[slot]` independently, in numpy; None where it is not known here. Raises
            `Unknown` where the recording does not hold what it needs.
        local: For rules that work element by element: dy/dx for the slot; `numbers` are made from it.
        forward: Computes the output `slot` again, for results inside a composite operation and in a pass's own graph.
        needs: What the rule needs from the forward pass, in words: what is saved.
    """

    names: tuple[str, ...]
    formula: str
    words: str
    source: str
    gradient: Gradient | None = None
    local: Gradient | None = None
    forward: Gradient | None = None
    needs: str = ""
