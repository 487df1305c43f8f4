"""Which boxes match a query: words, a line, a shape, NaN and the like, or a bound on a figure.

A query is one or more terms, all of which must match: `mul`, `fc1.weight`, `line 12`, `[3, 4]`, `nan`, `inf`, `none`,
`zero`, `norm > 10`, `max <= 0.5`. Figures and NaN speak of the gradients that a node has sent or received by now.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import statistics
from graphviz_app.ui.canvas.frame import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from graphviz_app.recording.values import Statistics, TensorRecord
    from graphviz_app.scene.picture import Picture
    from graphviz_app.timeline import StepState

_TERM = re.compile(
    r"line\s*:?\s*(?P<line>\d+)|"
    r"(?:shape\s*:?\s*)?[\[(](?P<shape>[\d,\s]*)[\])]|"
    r"(?P<figure>norm|min|max|mean)\s*(?P<sign><=|>=|<|>|=)\s*(?P<bound>[-+]?[\d.]+(?:e[-+]?\d+)?)|"
    r"(?P<state>nan|inf|none|zero)\b|"
    r"(?P<word>\S+)",
    re.IGNORECASE,
)
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}
_FIGURES = {"norm": "norm", "min": "minimum", "max": "maximum", "mean": "mean"}


class Facts(NamedTuple):
    """What is known of one node of the graph, as far as a query can ask.

    Attributes:
        words: Its names, lower case, with line ends between them.
        line: Its line in the program, or NONE.
        shapes: Shapes of its outputs and of its gradients.
        gradients: The gradients that it received and sent by now; None for an undefined one.
    """

    words: str
    line: int
    shapes: frozenset[tuple[int, ...]]
    gradients: tuple[TensorRecord | None, ...]


def matching_boxes(picture: Picture | None, state: StepState | None, query: str) -> tuple[Item, ...]:
    """The boxes that show something that matches, in the order of the picture; a closed group matches by its inside."""
    if picture is None or state is None:
        return ()
    tests = parse(query)
    if not tests:
        return ()
    known = _Known(picture, state)
    found: list[Item] = []
    for index, box in enumerate(picture.graph.boxes):
        group = " ".join(str(part) for part in box.path).lower()
        facts = [known.of(key) for key in box.keys]
        if box.leaf != ev.NONE and not facts:
            facts = [known.of_leaf(box.leaf)]
        whole = [fact._replace(words=f"{fact.words}\n{group}") for fact in facts]
        if any(all(test(fact) for test in tests) for fact in whole):
            found.append(Item("box", index))
    return tuple(found)


def parse(query: str) -> list[Callable[[Facts], bool]]:
    """The terms of a query as tests."""
    return [_test(found) for found in _TERM.finditer(query)]


def _test(term: re.Match[str]) -> Callable[[Facts], bool]:
    if term["line"] is not None:
        line = int(term["line"])
        return lambda facts: facts.line == line
    if term["shape"] is not None:
        shape = tuple(int(size) for size in re.findall(r"\d+", term["shape"]))
        return lambda facts: shape in facts.shapes
    if term["figure"] is not None:
        return _figure_test(term["figure"].lower(), term["sign"], term["bound"])
    if term["state"] is not None:
        return _state_test(term["state"].lower())
    word = term["word"].lower()
    return lambda facts: word in facts.words


def _figure_test(figure: str, sign: str, bound: str) -> Callable[[Facts], bool]:
    compare, name = _SIGNS[sign], _FIGURES[figure]
    try:
        limit = float(bound)
    except ValueError:
        return lambda _facts: False

    def test(facts: Facts) -> bool:
        values = (getattr(figures, name) for figures in _all_statistics(facts))
        return any(value is not None and compare(value, limit) for value in values)

    return test


def _state_test(state: str) -> Callable[[Facts], bool]:
    if state == "none":
        return lambda facts: None in facts.gradients
    if state == "nan":
        return lambda facts: "nan" in facts.words or any(found.nans for found in _all_statistics(facts))
    if state == "inf":
        return lambda facts: any(
            found.positive_infinities + found.negative_infinities for found in _all_statistics(facts)
        )
    return lambda facts: any(
        found.norm == 0 and not found.nans and not found.positive_infinities for found in _all_statistics(facts)
    )


def _all_statistics(facts: Facts) -> Iterator[Statistics]:
    for record in facts.gradients:
        found = None if record is None else statistics(record)
        if found is not None:
            yield found


class _Known:
    """Reads the facts of nodes from a recording."""

    def __init__(self, picture: Picture, state: StepState) -> None:
        self._state = state
        self._recording = picture.timeline.recording
        self._names: dict[int, list[str]] = {}
        for bound in self._recording.index.tensor_names:
            self._names.setdefault(bound.tensor, []).append(bound.name)
        self._leaves = {leaf.leaf: leaf for leaf in self._recording.leaves}

    def of(self, key: Hashable) -> Facts:
        """The facts of a node of the chapter's graph."""
        if isinstance(key, int):
            return self._of_node(key)
        kind, _, rest = str(key).partition(":")
        if kind == "operation" and rest.isdigit():
            return self._of_operation(int(rest), [])
        if kind == "leaf" and rest.isdigit():
            return self.of_leaf(int(rest))
        if kind == "tensor" and rest.isdigit():
            return Facts("\n".join(["tensor", *self._names.get(int(rest), [])]).lower(), ev.NONE, frozenset(), ())
        return Facts(kind, ev.NONE, frozenset(), ())

    def of_leaf(self, leaf: int) -> Facts:
        """The facts of a leaf."""
        found = self._leaves.get(leaf)
        if found is None:
            return Facts("leaf", ev.NONE, frozenset(), ())
        grad = self._recording.value(self._state.leaf_grad(leaf))
        value = self._recording.value(found.value)
        shapes = frozenset(record.shape for record in (value, grad) if record is not None)
        words = "\n".join([found.name, "leaf", "accumulategrad", *self._names.get(found.tensor, [])])
        return Facts(words.lower(), ev.NONE, shapes, () if grad is None else (grad,))

    def _of_node(self, node: int) -> Facts:
        nodes = self._recording.index.nodes
        leaf = int(nodes.leaf[node])
        if leaf != ev.NONE:
            return self.of_leaf(leaf)
        words = [nodes.name(node), *self._names.get(int(nodes.tensor[node]), [])]
        call = self._state.call(node)
        numbers = () if call is None else (*call.grad_outputs, *call.grad_inputs)
        gradients = tuple(self._recording.value(number) for number in numbers)
        facts = self._of_operation(int(nodes.operation[node]), words)
        shapes = facts.shapes | {record.shape for record in gradients if record is not None}
        return facts._replace(shapes=frozenset(shapes), gradients=gradients)

    def _of_operation(self, number: int, words: list[str]) -> Facts:
        operation = self._recording.operation(number)
        if operation is None:
            return Facts("\n".join(words).lower(), ev.NONE, frozenset(), ())
        words = [*words, operation.name, operation.module, operation.module_type, operation.cut or ""]
        for output in operation.outputs:
            words += self._names.get(output.tensor, [])
        records = (self._recording.value(output.value) for output in operation.outputs)
        shapes = frozenset(record.shape for record in records if record is not None)
        line = ev.NONE if operation.span is None else operation.span.line
        return Facts("\n".join(words).lower(), line, shapes, ())
