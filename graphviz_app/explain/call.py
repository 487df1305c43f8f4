"""One call of a node as derivative rules see it: what came in, and what its operation had computed with."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from graphviz_app.explain.aliases import is_direct
from graphviz_app.explain.numeric import difference
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from graphviz_app.explain.replayed import Replayed
    from graphviz_app.recording import Recording
    from graphviz_app.timeline import Timeline

    Array = npt.NDArray[Any]

LARGEST = 1 << 14
"""Elements of a tensor up to which rules are computed: an explanation must be there at once."""


_OTHER_SHAPES = frozenset(
    {"T", "Transpose", "Permute", "View", "UnsafeView", "ReshapeAlias", "Unsqueeze", "Squeeze", "Expand"}
)
"""Nodes of operations whose result is the same memory, seen in another shape."""


class Unknown(Exception):
    """The recording does not hold what a rule needs."""


def short_node_name(name: str) -> str:
    """A node's name without torch's namespaces: "AccumulateGrad" for "torch::autograd::AccumulateGrad"."""
    return name.rsplit("::", 1)[-1]


def base_name(name: str) -> str:
    """The name of a node's rule: "Mul" for "MulBackward0", "AccumulateGrad" for "torch::autograd::AccumulateGrad"."""
    return re.sub(r"Backward\d*(_copy)?$", "", short_node_name(name))


class Call:
    """A node, and what the recording knows of its forward and of one of its backward calls.

    Args:
        timeline: Of the recording.
        node: The node's number.
        called: The call to look at, or None where there is none yet.
        replayed: What an explanation has computed again so far, where this call is looked at for the sake of another.

    Attributes:
        is_guessed: Whether something was asked for that the recording does not hold, so that it was computed again, or
            found by its values: what does not agree with it is not wrong for that.
        assumed: What an argument may have been that nothing tells of.
        kept: What a rule has computed for all slots at once.
    """

    def __init__(
        self, timeline: Timeline, node: int, called: ev.NodeCalled | None = None, replayed: Replayed | None = None
    ) -> None:
        self.timeline = timeline
        self.node = node
        self.called = called
        self.is_guessed = False
        self.assumed: Array | None = None
        self.kept: dict[str, tuple[Array, ...]] = {}
        self._given_replayed = replayed
        self.name = self.recording.index.nodes.name(node)
        self.operation = self.recording.operation(int(self.recording.index.nodes.operation[node]))

    @property
    def recording(self) -> Recording:
        """Where everything is from."""
        return self.timeline.recording

    # -- backward ---------------------------------------------------------------------------------

    def grad(self, slot: int = 0) -> Array:
        """What came in for the output `slot`; zeros in its place are up to the rule.

        Raises:
            Unknown: If nothing came, or it was too large to be recorded whole.
        """
        if self.called is None or slot >= len(self.called.grad_outputs):
            raise Unknown
        return self.array(self.called.grad_outputs[slot])

    def grad_is_given(self, slot: int) -> bool:
        """Whether a gradient came in for the output `slot`."""
        return (
            self.called is not None
            and slot < len(self.called.grad_outputs)
            and self.called.grad_outputs[slot] != ev.NONE
        )

    def recorded(self, slot: int) -> Array | None:
        """What was sent on edge `slot`, or None where the recording does not tell."""
        try:
            return None if self.called is None else self.array(sent_values(self.called)[slot])
        except (Unknown, IndexError):
            return None

    def nearest(self, slot: int, found: Iterable[Array]) -> Array:
        """Of several gradients that may be what a rule says, the one that the recorded gradient shows.

        What a call did is sometimes found by its values, and equal elements tell nothing of where they were.

        Raises:
            Unknown: If there is none.
        """
        several = list(found)
        if not several:
            raise Unknown
        if len(several) > 1 and (recorded := self.recorded(slot)) is not None:
            apart = [difference(each, recorded) if each.shape == recorded.shape else np.inf for each in several]
            return several[int(np.argmin(apart))]
        return several[0]

    def output_shape(self, slot: int = 0) -> tuple[int, ...]:
        """The shape of the output, which its gradient has too.

        Raises:
            Unknown: If nothing came in.
        """
        given = () if self.called is None else self.called.grad_outputs
        record = self.recording.value(given[slot]) if slot < len(given) else None
        if record is None:
            raise Unknown
        return record.shape

    @property
    def grad_count(self) -> int:
        """How many outputs the node has."""
        return 0 if self.called is None else len(self.called.grad_outputs)

    # -- forward ----------------------------------------------------------------------------------

    def argument(self, index: int) -> Array:
        """The value of the tensor that edge `index` leads to.

        Raises:
            Unknown: If the recording does not tell.
        """
        use = self.use(index)
        if use is not None:
            return self.array(use.value)
        return self._computed(index)

    def has_edge(self, index: int) -> bool:
        """Whether the argument is a tensor that needs a gradient."""
        return index in self._edges

    def assume(self, value: Array | None) -> None:
        """Take a value for what nothing tells of: for an argument, and within what an argument was computed from."""
        from graphviz_app.explain.replayed import Replayed

        self.assumed = value
        self.kept.clear()
        self._given_replayed = Replayed(self.timeline, self._made(), value)
        self.__dict__.pop("replayed", None)

    def siblings(self, index: int = 0) -> list[int]:
        """The nodes of the same operation and name that lead to the same end, in the order in which they were made."""
        nodes, end = self.recording.index.nodes, self._edges.get(index)
        made = () if self.operation is None or end is None else self.operation.nodes
        alike = [node for node in made if nodes.name_number[node] == nodes.name_number[self.node]]
        return [node for node in alike if edges_from(self.timeline, node).get(index) == end]

    def arguments(self) -> int:
        """How many tensors the node was given, with those that need no gradient, as far as that can be told."""
        given = len(self.operation.inputs) if self.operation is not None and self.is_only_node and self.is_direct else 0
        return max(given, 1 + max(self._edges, default=-1))

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape of the tensor that edge `index` leads to.

        Raises:
            Unknown: If the recording does not tell.
        """
        use = self.use(index)
        record = None if use is None else self.recording.value(use.value)
        if record is not None:
            return record.shape
        # What goes out has the shape of what came in once.
        if self.called is not None and index < len(self.called.grad_inputs):
            record = self.recording.value(self.called.grad_inputs[index])
            if record is not None:
                return record.shape
        return self._computed(index).shape

    def number(self, index: int, name: str = "other") -> Array:
        """A tensor argument, or the plain number that the program passed in its place.

        Raises:
            Unknown: If the recording does not tell.
        """
        try:
            return self.argument(index)
        except Unknown:
            return np.asarray(self.parameter(name))

    def output(self, slot: int = 0) -> Array:
        """The value that the forward computed.

        Raises:
            Unknown: If the recording does not tell.
        """
        for use in () if self.operation is None else self.operation.outputs:
            if use.node == self.node and use.slot == slot:
                return self.array(use.value)
        # An operation's last node made its output, also where an in-place operation has moved it on since.
        if self.is_last_node and self.operation is not None and len(self.operation.outputs) > slot:
            return self.array(self.operation.outputs[slot].value)
        self.is_guessed = True
        return self.replayed.forward(self, slot)

    def has_tensor(self, index: int) -> bool:
        """Whether the argument is a tensor, known or not, rather than a plain number."""
        inputs = 0 if self.operation is None else len(self.operation.inputs)
        return index in self._edges or (self.is_only_node and index < inputs)

    @property
    def is_only_node(self) -> bool:
        """Whether the operation made no other node."""
        return self.operation is not None and self.operation.nodes == (self.node,)

    @cached_property
    def is_direct(self) -> bool:
        """Whether the program's call was of this very function, so that its arguments are the node's own."""
        return self.operation is not None and is_direct(self.operation.name, base_name(self.name))

    @property
    def is_last_node(self) -> bool:
        """Whether the operation made no node after this one."""
        return self.operation is not None and bool(self.operation.nodes) and self.operation.nodes[-1] == self.node

    def use(self, index: int) -> ev.TensorUse | None:
        """The tensor that edge `index` leads to, as the operation took it; None where the recording does not tell."""
        if self.operation is None:
            return None
        edge = self._edges.get(index)
        if edge is not None:
            return self._use_of(*edge)
        if self.is_only_node:
            # Inside a composite the constants are the composite's own: dropout's mask is no argument of its.
            if not self.is_direct:
                return None
            return self.operation.inputs[index] if index < len(self.operation.inputs) else None
        if not self.is_direct:
            return None
        # A composite's constant: the one input that none of its nodes leads to.
        free = [use for use in self.operation.inputs if not self._is_claimed(use)]
        return free[0] if len(free) == 1 else None

    def takes(self, use: ev.TensorUse) -> bool:
        """Whether the node was given a tensor of the program's, as it was or in another shape."""
        edges = list(self._edges.values())
        while edges:
            edge = edges.pop()
            if self._use_of(*edge) is use:
                return True
            if base_name(self.recording.index.nodes.name(edge[0])) in _OTHER_SHAPES and self._is_inside(edge[0]):
                edges += edges_from(self.timeline, edge[0]).values()
        return False

    def named(self, *names: str) -> ev.TensorUse | None:
        """A tensor argument by its name or position in the program's call."""
        for use in self.operation.inputs if self.operation is not None and self.is_direct else ():
            if use.argument in names:
                return use
        return None

    def named_array(self, *names: str) -> Array:
        """The value of a tensor argument by its name or position.

        Raises:
            Unknown: If there is none.
        """
        use = self.named(*names)
        if use is None:
            raise Unknown
        return self.array(use.value)

    def array(self, value: int) -> Array:
        """A recorded value in double precision, or as the integers or truth values that it holds.

        Raises:
            Unknown: If it was not recorded whole, or is too large to compute with.
        """
        record = self.recording.value(value)
        values = None if record is None or record.numel > LARGEST else elements(record)
        if values is None:
            raise Unknown
        if values.dtype.kind in "biu":
            return values
        return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)

    # -- the program's other arguments ------------------------------------------------------------

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The call's other arguments as the program's text has them, by name or position."""
        text = self.operation.parameters if self.operation is not None and self.is_direct else ""
        # The last one of a text that was cut is not whole.
        return parse_parameters(text.rpartition(",")[0] if text.endswith("…") else text)

    @property
    def parameters_were_cut(self) -> bool:
        """Whether the call had more plain arguments than were recorded."""
        return self.operation is not None and self.operation.parameters.endswith("…")

    def parameter(self, *names: str) -> Any:
        """A plain argument by one of its names or positions.

        Raises:
            Unknown: If the call did not give it, or it is no plain value.
        """
        for name in names:
            if name in self.parameters:
                return plain_value(self.parameters[name])
        raise Unknown

    def parameter_or(self, default: Any, *names: str) -> Any:
        """A plain argument, or the default that torch has for it.

        Raises:
            Unknown: If the node was made inside another operation, which may have passed anything, or the program gave
                more than was recorded.
        """
        if default is not None and not (self.is_direct and self._is_told(names)):
            raise Unknown
        return self.parameter_inside_or(default, *names)

    def _is_told(self, names: tuple[str, ...]) -> bool:
        """Whether one of several arguments was given, or certainly none of them."""
        return not self.parameters_were_cut or any(name in self.parameters for name in names)

    def parameter_inside_or(self, default: Any, *names: str) -> Any:
        """A plain argument, or the default that torch has for it, also where it was made inside another operation."""
        try:
            return self.parameter(*names)
        except Unknown:
            return default

    # -- who is who -------------------------------------------------------------------------------

    @cached_property
    def replayed(self) -> Replayed:
        """What is computed again for the sake of this call."""
        from graphviz_app.explain.replayed import Replayed

        return self._given_replayed or Replayed(self.timeline, self._made())

    def _made(self) -> int:
        """The number of the event in which the node was made, or of the pass's start that made it."""
        if self.operation is not None:
            return int(self.recording.index.operation_events[self.operation.operation])
        summary = self.recording.pass_summary(int(self.recording.index.nodes.made_in_pass[self.node]))
        return ev.NONE if summary is None else summary.start

    @cached_property
    def _edges(self) -> dict[int, tuple[int, int]]:
        return edges_from(self.timeline, self.node)

    def _use_of(self, target: int, slot: int) -> ev.TensorUse | None:
        leaf = int(self.recording.index.nodes.leaf[target])
        summary = None if leaf == ev.NONE else self.timeline.leaf_summary(leaf)
        for use in self._given:
            if (use.node, use.slot) == (target, slot) or (summary is not None and use.tensor == summary.tensor):
                return use
        if self.recording.index.nodes.operation[target] != ev.NONE or leaf != ev.NONE:
            return None
        # Of a gradient with a graph of its own it is not known yet, when it is used, which node made it.
        nameless = [use for use in self._given if use.requires_grad and use.node == ev.NONE and not use.is_leaf]
        return nameless[0] if len(nameless) == 1 else None

    @property
    def _given(self) -> tuple[ev.TensorUse, ...]:
        return () if self.operation is None else self.operation.inputs

    def _is_inside(self, node: int) -> bool:
        return self.operation is not None and node in self.operation.nodes

    def _is_claimed(self, use: ev.TensorUse) -> bool:
        nodes = () if self.operation is None else self.operation.nodes
        return any(self._use_of(*edge) is use for node in nodes for edge in edges_from(self.timeline, node).values())

    def _computed(self, index: int) -> Array:
        """The value of an intermediate result, where its node's forward is known."""
        edge = self._edges.get(index)
        self.is_guessed = True
        try:
            if edge is None or not (self.operation is None or self._is_inside(edge[0])):
                raise Unknown
            return self.replayed.result(*edge)
        except Unknown:
            if self.assumed is None:
                raise
            return self.assumed


def sent_values(called: ev.NodeCalled) -> tuple[int, ...]:
    """What a node sent out before a hook of the user's changed it."""
    sent = list(called.grad_inputs)
    for hook in reversed(called.hooks):
        if hook.direction == "grad_inputs" and hook.slot < len(sent):
            sent[hook.slot] = hook.before
    return tuple(sent)


def edges_from(timeline: Timeline, node: int) -> dict[int, tuple[int, int]]:
    """Where each slot of a node's `grad_inputs` leads: (node, slot)."""
    edges = timeline.recording.index.edges
    return {
        int(edges.source_slot[edge]): (int(edges.target[edge]), int(edges.target_slot[edge]))
        for edge in timeline.edges_out_of.of(node).tolist()
    }


def parse_parameters(text: str) -> dict[str, str]:
    """Split "2, dim=(0, 1), keepdim=True" at its outer commas; what has no name is called by its position."""
    parts: list[str] = []
    depth, current = 0, ""
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += character
    parts.append(current)
    found: dict[str, str] = {}
    for position, part in enumerate(part.strip() for part in parts if part.strip()):
        name, equals, value = part.partition("=")
        found[name.strip() if equals else f"#{position}"] = value.strip() if equals else part
    return found


def plain_value(text: str) -> Any:
    """A number, a word, a truth value, None, or a tuple of them, from its text; nothing is evaluated.

    Raises:
        Unknown: If it is anything else.
    """
    text = text.strip()
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if text[:1] in "([" and text[-1:] in ")]":
        return tuple(plain_value(part) for part in text[1:-1].split(",") if part.strip())
    for kind in (int, float, complex):
        try:
            return kind(text)
        except ValueError:
            continue
    raise Unknown
