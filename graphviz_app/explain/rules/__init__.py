"""All derivative rules, by the name of the node."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from graphviz_app.explain.call import base_name, short_node_name
from graphviz_app.explain.rules import (
    arithmetic,
    attention,
    convolution,
    ctc,
    curves,
    decompositions,
    distance,
    engine,
    functions,
    index,
    linalg,
    lstm,
    margins,
    matrix,
    moves,
    network,
    pairs,
    pieces,
    pooling,
    reduction,
    resize,
    running,
    sampling,
    second,
    second_layers,
    second_losses,
    sequence,
    shape,
    spectrum,
    units,
    writes,
)

if TYPE_CHECKING:
    from graphviz_app.explain.rule import Rule

ALL_RULES = (
    *arithmetic.RULES,
    *functions.RULES,
    *curves.RULES,
    *units.RULES,
    *pairs.RULES,
    *matrix.RULES,
    *linalg.RULES,
    *decompositions.RULES,
    *spectrum.RULES,
    *reduction.RULES,
    *running.RULES,
    *shape.RULES,
    *pieces.RULES,
    *index.RULES,
    *writes.RULES,
    *moves.RULES,
    *network.RULES,
    *margins.RULES,
    *attention.RULES,
    *sequence.RULES,
    *lstm.RULES,
    *ctc.RULES,
    *convolution.RULES,
    *pooling.RULES,
    *resize.RULES,
    *sampling.RULES,
    *distance.RULES,
    *engine.RULES,
    *second.RULES,
    *second_losses.RULES,
    *second_layers.RULES,
)


FUNCTIONS_OF_TORCH = frozenset({"CheckpointFunction", "BackwardHookFunction"})
"""What torch itself has written as a Function in Python."""


def rule_of(name: str) -> Rule | None:
    """The rule of a node, or None where there is none in the table.

    Args:
        name: `Node.name()`, such as "MulBackward0".
    """
    if name == "PowBackward2":
        return arithmetic.POWER_OF_NUMBER
    short = short_node_name(name)
    if not short[-1:].isdigit() and base_name(name) != short:
        # Python's own Functions end in "Backward"; they may bear any name, and mean something else by it.
        return _by_name().get(base_name(name)) if base_name(name) in FUNCTIONS_OF_TORCH else None
    return _by_name().get(base_name(name))


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Rule]:
    return {name: rule for rule in ALL_RULES for name in rule.names}
