"""Finding boxes: by name, operation, variable, module, line, shape, or by what the gradients are.

A query is words that must all fit. A word is a piece of a name, or one of

- `line 13` (or `line:13`), `shape (3,)` or just `(64, 128)`;
- `nan`, `inf`, `zero`, `none`: the gradient that came in has such an element, is all zeros, or is None;
- `norm > 10` (also `>=`, `<`, `<=`, `=`): the norm of the gradient that came in.
"""

from __future__ import annotations

import operator
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from graphviz_app.recording import events as ev
from graphviz_app.scene.cards import forward_value
from graphviz_app.scene.value_facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from graphviz_app.scene.picture import Picture
    from graphviz_app.scene.value_facts import ValueFact
    from graphviz_app.timeline import StepState

    Named = tuple[Hashable, Mapping[str, Any]]

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
}
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_NORM = re.compile(rf"\bnorm\s*(>=|<=|==|=|>|<)\s*({_NUMBER})", re.IGNORECASE)
_LINE = re.compile(r"\bline[\s:]*(\d+)\b", re.IGNORECASE)
_SHAPE = re.compile(r"(?:\bshape[\s:]*)?\(\s*((?:\d+\s*,?\s*)*)\)", re.IGNORECASE)
_ODDITIES = ("nan", "inf", "zero", "none")


class Query(NamedTuple):
    """A search in parts, all of which must fit.

    Attributes:
        words: Pieces of names, in small letters.
        lines: Source lines.
        shapes: Shapes of the forward value or the gradient.
        oddities: "nan", "inf", "zero", "none".
        norms: Comparisons of the gradient's norm.
    """

    words: tuple[str, ...]
    lines: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    oddities: tuple[str, ...]
    norms: tuple[tuple[str, float], ...]


class Match(NamedTuple):
    """Something that fits: its key in the chapter's graph, and the box that shows it (a closed group's, maybe)."""

    key: Hashable
    box: int


def parse(text: str) -> Query:
    """Take a search apart; whatever is no special word is a piece of a name."""
    norms = tuple((match[1], float(match[2])) for match in _NORM.finditer(text))
    rest = _NORM.sub(" ", text)
    lines = tuple(int(match[1]) for match in _LINE.finditer(rest))
    rest = _LINE.sub(" ", rest)
    shapes = tuple(tuple(int(size) for size in re.findall(r"\d+", match[1])) for match in _SHAPE.finditer(rest))
    words = _SHAPE.sub(" ", rest).lower().split()
    odd = tuple(word for word in words if word in _ODDITIES)
    return Query(tuple(word for word in words if word not in odd), lines, shapes, odd, norms)


def search(picture: Picture, text: str, step: int | None = None) -> tuple[Match, ...]:
    """Everything in a picture that fits a search: what bears just that name, then the rest, in reading order.

    Gradients are those of `step`, or of the end.
    """
    query = parse(text)
    if not any(query):
        return ()
    nodes = picture.graph.graph.nodes(data=True)
    named: list[Named] = [
        (key, attributes)
        for key, attributes in nodes
        if (not query.lines or attributes["line"] in query.lines)
        and (not query.words or _names_fit(query.words, attributes, picture))
    ]
    if query.shapes or query.oddities or query.norms:
        state = picture.timeline.state(picture.chapter.last_step if step is None else step)
        named = _that_received(query, named, picture, state)
    centres, name = picture.layout.centres, text.strip()
    found = [(attributes["variable"] != name, Match(key, picture.graph.box_of[key])) for key, attributes in named]
    found.sort(key=lambda one: (one[0], *centres[one[1].box][::-1].tolist(), str(one[1].key)))
    return tuple(match for _, match in found)


def _that_received(query: Query, named: list[Named], picture: Picture, state: StepState) -> list[Named]:
    """Those that fit what a search says of shapes and of gradients."""
    facts = facts_of(state.recording)
    calls = state.calls(key for key, _ in named if isinstance(key, int))
    received: dict[Hashable, list[ValueFact]] = {
        node: [facts.of(number) for number in call.grad_outputs] for node, call in calls.items()
    }
    return [
        (key, attributes)
        for key, attributes in named
        if _fits(query, received.get(key, []), partial(_own_shape, key, attributes, picture, state))
    ]


def _fits(query: Query, received: list[ValueFact], own_shape: Callable[[], tuple[int, ...] | None]) -> bool:
    if not all(any(oddity in fact.oddities for fact in received) for oddity in query.oddities):
        return False
    norms = [fact.norm for fact in received if fact.norm is not None]
    if not all(any(_COMPARISONS[sign](norm, limit) for norm in norms) for sign, limit in query.norms):
        return False
    shapes = {fact.shape for fact in received if fact.dtype}
    return all(shape in shapes or shape == own_shape() for shape in query.shapes)


def _names_fit(words: tuple[str, ...], attributes: Mapping[str, Any], picture: Picture) -> bool:
    operation = picture.graph.graph.graph["operations"].get(attributes.get("operation", ev.NONE))
    names = [attributes["name"], attributes["variable"], attributes.get("module", "")]
    names += [attributes.get("module_type", ""), attributes.get("cause", "")]
    if operation is not None:
        names += [operation.name, *(frame.function for frame in operation.stack)]
    text = "\n".join(names).lower()
    return all(word in text for word in words)


def _own_shape(
    key: Hashable, attributes: Mapping[str, Any], picture: Picture, state: StepState
) -> tuple[int, ...] | None:
    """The shape of a leaf, or of what an operation gave; None where it was not recorded."""
    if attributes["kind"] == "leaf":
        number = state.leaf_value(attributes["leaf"])
    elif attributes["kind"] == "node":
        number = forward_value(picture.graph, key)
    else:
        number = attributes.get("value", ev.NONE)
    fact = facts_of(state.recording).of(number)
    return fact.shape if fact.dtype else None
