"""Results that no event holds, computed again along the graph: inside a function, and of a pass's own graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.call import LARGEST, Call, Unknown
from graphviz_app.explain.rules import rule_of
from graphviz_app.recording import events as ev

if TYPE_CHECKING:
    import numpy.typing as npt

    from graphviz_app.timeline import Timeline

    Array = npt.NDArray[Any]

MOST_NODES = 256
"""Nodes whose forward is computed for one explanation: it must be there at once."""
MOST_IN_ALL = 2048
"""Nodes whose forward is computed for one gradient, where several values are tried one after the other."""
DEEPEST = 48
"""How many of them one after the other; each takes several of Python's own calls."""


class Replayed:
    """What nodes gave in the forward pass, for one explanation.

    Args:
        timeline: Of the recording.
        before: The number of the event that all of it was before.
        assumed: What stands for values that nothing tells of.

    Attributes:
        is_exhausted: Whether something was given up because it would have taken too long.
    """

    def __init__(self, timeline: Timeline, before: int, assumed: Array | None = None) -> None:
        self._timeline = timeline
        self._before = before
        self._assumed = assumed
        self._found: dict[tuple[int, int], Array | None] = {}
        self._depth = 0
        self.is_exhausted = False

    @property
    def count(self) -> int:
        """How many results were looked for."""
        return len(self._found)

    def result(self, node: int, slot: int) -> Array:
        """What a node gave in the forward pass.

        Raises:
            Unknown: If the recording does not tell, nor a rule, or it would take too long.
        """
        end = node, slot
        if end not in self._found:
            # What asks for its own result while it is computed is not told.
            self._found[end] = None
            self._found[end] = self._look(node, slot)
        found = self._found[end]
        if found is None:
            raise Unknown
        return found

    def forward(self, call: Call, slot: int) -> Array:
        """A node's result, as its rule says.

        Raises:
            Unknown: As `result` does.
        """
        rule = rule_of(call.name)
        if rule is None or rule.forward is None:
            raise Unknown
        if self._depth >= DEEPEST or len(self._found) > MOST_NODES:
            self.is_exhausted = True
            raise Unknown
        # A gradient has its shape: nothing is computed that was too large to be recorded.
        shape = call.output_shape(slot)
        if np.prod(shape) > LARGEST:
            raise Unknown
        self._depth += 1
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(rule.forward(call, slot))
        except (ValueError, IndexError, TypeError, ArithmeticError):
            raise Unknown from None
        finally:
            self._depth -= 1
        if found.shape != shape:
            raise Unknown
        return found

    def _look(self, node: int, slot: int) -> Array | None:
        leaf = int(self._timeline.recording.index.nodes.leaf[node])
        try:
            if leaf != ev.NONE:
                return Call(self._timeline, node).array(self._value_of_leaf(leaf))
            call = Call(self._timeline, node, self._last_call(node), self)
            call.assumed = self._assumed
            return call.output(slot)
        except Unknown:
            return None

    def _value_of_leaf(self, leaf: int) -> int:
        """What a leaf held when the pass began."""
        timeline = self._timeline
        update = timeline.update_events.last(leaf, self._before)
        event = None if update == ev.NONE else timeline.recording.event(update)
        if isinstance(event, ev.LeafUpdated):
            return event.after
        summary = timeline.leaf_summary(leaf)
        return ev.NONE if summary is None else summary.value

    def _last_call(self, node: int) -> ev.NodeCalled | None:
        events = self._timeline.calls.of(node)
        event = self._timeline.recording.event(int(events[-1])) if len(events) else None
        return event if isinstance(event, ev.NodeCalled) else None
