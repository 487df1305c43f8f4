"""The graph behind a tensor as plain lists, by one walk; nothing is recorded and nothing is left behind."""

# torch tells what is wanted here only by names that begin with an underscore.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Iterable


class Walked(NamedTuple):
    """Nodes in the order in which they were met, and edges by their positions.

    Attributes:
        nodes: The nodes themselves; they keep the graph alive.
        edges: Source, target, slot of the source, slot of the target.
    """

    nodes: list[Any]
    edges: list[tuple[int, int, int, int]]


def walk(roots: Iterable[torch.Tensor]) -> Walked:
    """Walk from tensors along `next_functions`, with a stack: chains of any length are fine.

    Raises:
        ValueError: If a tensor requires no gradient.
    """
    nodes: list[Any] = []
    positions: dict[Any, int] = {}
    edges: list[tuple[int, int, int, int]] = []
    for tensor in roots:
        if not tensor.requires_grad:
            raise ValueError("This tensor requires no gradient: there is no graph behind it.")
        node = torch.autograd.graph.get_gradient_edge(tensor).node
        if node not in positions:
            positions[node] = len(nodes)
            nodes.append(node)
    # The list grows while it is walked.
    for source, node in enumerate(nodes):
        for slot, (target, target_slot) in enumerate(node.next_functions):
            if target is not None:
                position = positions.get(target)
                if position is None:
                    position = positions[target] = len(nodes)
                    nodes.append(target)
                edges.append((source, position, slot, target_slot))
    return Walked(nodes, edges)
