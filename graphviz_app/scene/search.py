"""Finding boxes: by name, operation, variable, module, line, shape, or by what the gradients are.

A query is words that must all fit. A word is a piece of a name, or one of

- `line 13` (or `line:13`), `shape (3,)` or just `(64, 128)`;
- `nan`, `inf`, `zero`, `none`: the gradient that came in has such an element, is all zeros, or is None;
- `norm > 10` (also `>=`, `<`, `<=`, `=`): the norm of the gradient that came in.
"""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import statistics
from graphviz_app.scene.cards import forward_value
from graphviz_app.scene.oddity import oddities

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from graphviz_app.recording.values import TensorRecord
    from graphviz_app.scene.picture import Picture
    from graphviz_app.timeline import StepState

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
    """Everything in a picture that fits a search, in reading order; gradients are those of `step`, or of the end."""
    query = parse(text)
    if not any(query):
        return ()
    state = picture.timeline.state(picture.chapter.last_step if step is None else step)
    found = [
        Match(key, picture.graph.box_of[key])
        for key, attributes in picture.graph.graph.nodes(data=True)
        if _fits(query, key, attributes, picture, state)
    ]
    centres = picture.layout.centres
    return tuple(sorted(found, key=lambda match: (*centres[match.box][::-1].tolist(), str(match.key))))


def _fits(query: Query, key: Hashable, attributes: Mapping[str, Any], picture: Picture, state: StepState) -> bool:
    if query.lines and attributes["line"] not in query.lines:
        return False
    if query.words and not _names_fit(query.words, attributes, picture):
        return False
    if not (query.shapes or query.oddities or query.norms):
        return True
    received = _received(key, state)
    if query.shapes and not _shape_fits(query.shapes, key, received, attributes, picture, state):
        return False
    return all(_is_odd(oddity, received) for oddity in query.oddities) and all(
        _norm_fits(comparison, limit, received) for comparison, limit in query.norms
    )


def _names_fit(words: tuple[str, ...], attributes: Mapping[str, Any], picture: Picture) -> bool:
    operation = picture.graph.graph.graph["operations"].get(attributes.get("operation", ev.NONE))
    names = [attributes["name"], attributes["variable"], attributes.get("module", "")]
    names += [attributes.get("module_type", ""), attributes.get("cause", "")]
    if operation is not None:
        names += [operation.name, *(frame.function for frame in operation.stack)]
    text = "\n".join(names).lower()
    return all(word in text for word in words)


def _received(key: Hashable, state: StepState) -> list[TensorRecord | None] | None:
    """What came into a node, or None where it was not called."""
    outputs = state.grad_outputs(key) if isinstance(key, int) else None
    return None if outputs is None else [state.recording.value(value) for value in outputs]


def _shape_fits(
    shapes: tuple[tuple[int, ...], ...],
    key: Hashable,
    received: list[TensorRecord | None] | None,
    attributes: Mapping[str, Any],
    picture: Picture,
    state: StepState,
) -> bool:
    records = list(received or [])
    if attributes["kind"] == "leaf":
        records.append(state.recording.value(state.leaf_value(attributes["leaf"])))
    elif attributes["kind"] == "node":
        records.append(state.recording.value(forward_value(picture.graph, key)))
    else:
        records.append(state.recording.value(attributes.get("value", ev.NONE)))
    known = {record.shape for record in records if record is not None}
    return all(shape in known for shape in shapes)


def _is_odd(oddity: str, received: list[TensorRecord | None] | None) -> bool:
    return any(oddity in oddities(record) for record in received or ())


def _norm_fits(comparison: str, limit: float, received: list[TensorRecord | None] | None) -> bool:
    for record in received or []:
        figures = None if record is None else statistics(record)
        if figures is not None and _COMPARISONS[comparison](figures.norm, limit):
            return True
    return False
