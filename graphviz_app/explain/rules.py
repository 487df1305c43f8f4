"""All derivative rules, by the name of the node."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from graphviz_app.explain import (
    rules_arithmetic,
    rules_attention,
    rules_convolution,
    rules_ctc,
    rules_curves,
    rules_decompositions,
    rules_distance,
    rules_engine,
    rules_functions,
    rules_index,
    rules_linalg,
    rules_lstm,
    rules_margins,
    rules_matrix,
    rules_moves,
    rules_network,
    rules_pairs,
    rules_pieces,
    rules_pooling,
    rules_reduction,
    rules_resize,
    rules_running,
    rules_sampling,
    rules_second,
    rules_second_layers,
    rules_second_losses,
    rules_sequence,
    rules_shape,
    rules_spectrum,
    rules_units,
    rules_writes,
)
from graphviz_app.explain.call import base_name, short_node_name

if TYPE_CHECKING:
    from graphviz_app.explain.rule import Rule

ALL_RULES = (
    *rules_arithmetic.RULES,
    *rules_functions.RULES,
    *rules_curves.RULES,
    *rules_units.RULES,
    *rules_pairs.RULES,
    *rules_matrix.RULES,
    *rules_linalg.RULES,
    *rules_decompositions.RULES,
    *rules_spectrum.RULES,
    *rules_reduction.RULES,
    *rules_running.RULES,
    *rules_shape.RULES,
    *rules_pieces.RULES,
    *rules_index.RULES,
    *rules_writes.RULES,
    *rules_moves.RULES,
    *rules_network.RULES,
    *rules_margins.RULES,
    *rules_attention.RULES,
    *rules_sequence.RULES,
    *rules_lstm.RULES,
    *rules_ctc.RULES,
    *rules_convolution.RULES,
    *rules_pooling.RULES,
    *rules_resize.RULES,
    *rules_sampling.RULES,
    *rules_distance.RULES,
    *rules_engine.RULES,
    *rules_second.RULES,
    *rules_second_losses.RULES,
    *rules_second_layers.RULES,
)


FUNCTIONS_OF_TORCH = frozenset({"CheckpointFunction", "BackwardHookFunction"})
"""What torch itself has written as a Function in Python."""


def rule_of(name: str) -> Rule | None:
    """The rule of a node, or None where there is none in the table.

    Args:
        name: `Node.name()`, such as "MulBackward0".
    """
    if name == "PowBackward2":
        return rules_arithmetic.POWER_OF_NUMBER
    short = short_node_name(name)
    if not short[-1:].isdigit() and base_name(name) != short:
        # Python's own Functions end in "Backward"; they may bear any name, and mean something else by it.
        return _by_name().get(base_name(name)) if base_name(name) in FUNCTIONS_OF_TORCH else None
    return _by_name().get(base_name(name))


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Rule]:
    return {name: rule for rule in ALL_RULES for name in rule.names}
