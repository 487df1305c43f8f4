"""Colouring boxes by what a person looks for: size of the gradients, time, module, dtype, or what is odd about them.

A colouring speaks of the whole chapter, not of the step: what one wants to see at a glance is where, not when.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.graph.attributes import values_of
from graphviz_app.recording import events as ev
from graphviz_app.scene.card import SUBTITLE
from graphviz_app.scene.measure import text_width
from graphviz_app.scene.numbers import number
from graphviz_app.scene.shapes import Rectangle, Text
from graphviz_app.scene.theme import mix
from graphviz_app.scene.value_facts import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    import numpy.typing as npt

    from graphviz_app.scene.picture import Picture
    from graphviz_app.scene.shapes import Shape
    from graphviz_app.scene.theme import Theme
    from graphviz_app.scene.value_facts import ValueFact

COLOURINGS = {
    "norm": "Gradient norm",
    "time": "Order of execution",
    "module": "Module",
    "dtype": "dtype",
    "odd": "NaN, Inf, zero, None",
}
"""The colourings there are, and what a menu calls them."""
_RAMP = 8
_MOST_KINDS = 8
_SWATCH = 14.0
_STRENGTH = 0.38
"""How much of a colour a tint has: pale enough for the card's text on it."""
_KINDS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f7f7f")
"""Okabe and Ito's palette ("Color Universal Design", 2008), which every kind of colour blindness tells apart."""


class Colouring(NamedTuple):
    """Which colour each box has.

    Attributes:
        buckets: uint8 per box: 0 for none of its own, else 1 + the position in `legend`.
        legend: For each colour what it means, and where it stands: a number from 0 to 1 on the ramp, or minus its
            number among colours for kinds, counted from 1.
    """

    buckets: npt.NDArray[np.uint8]
    legend: tuple[tuple[str, float], ...]


class LegendEntry(NamedTuple):
    """A colour and what it means."""

    colour: str
    text: str


def colouring(picture: Picture, name: str) -> Colouring:
    """The colouring of that name (of `COLOURINGS`); an unknown name colours nothing."""
    match name:
        case "norm":
            return _ramp(_largest(picture, _norms(picture)), logarithmic=True)
        case "time":
            return _ramp(_largest(picture, _times(picture)), logarithmic=False)
        case "module":
            modules = _modules(picture)
            return _kinds(_first(picture, lambda key: modules[key]))
        case "dtype":
            dtypes = _dtypes(picture)
            return _kinds(_first(picture, lambda key: dtypes.get(key, "")))
        case "odd":
            found = _oddest(picture)
            return _kinds(_first(picture, lambda key: found.get(key, "")))
        case _:
            return Colouring(np.zeros(len(picture.graph.boxes), np.uint8), ())


def tint(theme: Theme, place: float) -> str:
    """The fill of a box for a place in the legend."""
    if place < 0:
        return mix(theme.card, _KINDS[(-int(place) - 1) % len(_KINDS)], _STRENGTH)
    return mix(mix(theme.card, theme.negative, 0.3), mix(theme.card, theme.positive, 0.5), place)


def legend(found: Colouring, theme: Theme) -> tuple[LegendEntry, ...]:
    """The colours of a colouring in a theme, and what each means."""
    return tuple(LegendEntry(tint(theme, place), text) for text, place in found.legend)


def legend_shapes(entries: tuple[LegendEntry, ...], middle: tuple[float, float], theme: Theme) -> Iterator[Shape]:
    """A legend as one row around a point: a ramp says what its ends mean, of kinds each is named."""
    texts = [entry.text for entry in entries]
    if len(texts) == _RAMP:
        texts[1:-1] = [""] * (_RAMP - 2)
    widths = [_SWATCH + (text_width(f" {text}  ", SUBTITLE) if text else 0.0) for text in texts]
    left, top = middle[0] - sum(widths) / 2, middle[1]
    for entry, text, width in zip(entries, texts, widths, strict=True):
        yield Rectangle(left, top, _SWATCH, _SWATCH, 3.0, entry.colour, theme.card_border)
        if text:
            yield Text(left + _SWATCH + 6, top + _SWATCH - 2, text, SUBTITLE, theme.muted)
        left += width


def _largest(picture: Picture, values: dict[Hashable, float]) -> list[float | None]:
    """The largest number of each box, of those that its keys have."""
    return [max((values[key] for key in box.keys if key in values), default=None) for box in picture.graph.boxes]


def _first(picture: Picture, value: Callable[[Hashable], str]) -> list[str]:
    """The most telling kind of each box: the first that is not empty."""
    return [next((found for key in box.keys if (found := value(key))), "") for box in picture.graph.boxes]


def _ramp(values: list[float | None], *, logarithmic: bool) -> Colouring:
    numbers = np.array([math.nan if value is None else value for value in values], np.float64)
    usable = np.isfinite(numbers) & ((numbers > 0) | (not logarithmic))
    buckets = np.zeros(len(values), np.uint8)
    if not usable.any():
        return Colouring(buckets, ())
    scaled = np.log10(numbers[usable]) if logarithmic else numbers[usable]
    low, width = float(scaled.min()), float(np.ptp(scaled)) or 1.0
    buckets[usable] = 1 + np.minimum((scaled - low) / width * _RAMP, _RAMP - 1).astype(np.uint8)
    texts = ["first", *[""] * (_RAMP - 2), "last"]
    if logarithmic:
        texts = [f"from {number(10 ** (low + width * place / _RAMP))}" for place in range(_RAMP)]
    return Colouring(buckets, tuple((text, place / (_RAMP - 1)) for place, text in enumerate(texts)))


def _kinds(kinds: list[str]) -> Colouring:
    names = list(dict.fromkeys(kind for kind in kinds if kind))
    if len(names) > _MOST_KINDS:
        names = [*names[: _MOST_KINDS - 1], "others"]
    positions = {name: position for position, name in enumerate(names, start=1)}
    last = len(names)
    buckets = np.array([positions.get(kind, last) if kind else 0 for kind in kinds], np.uint8)
    return Colouring(buckets, tuple((name, -float(position)) for name, position in positions.items()))


def chapter_calls(picture: Picture) -> dict[int, ev.NodeCalled]:
    """The last call of every node in the chapter."""
    state = picture.timeline.state(picture.chapter.last_step)
    return state.calls(key for key in picture.graph.graph if isinstance(key, int))


def _received(picture: Picture) -> dict[int, list[ValueFact]]:
    """What came into every node at its last call."""
    calls = chapter_calls(picture)
    return dict(zip(calls, _facts(picture, [call.grad_outputs for call in calls.values()]), strict=True))


def _facts(picture: Picture, rows: Sequence[Sequence[int]]) -> list[list[ValueFact]]:
    facts = iter(facts_of(picture.timeline.recording).of_all(number for row in rows for number in row))
    return [[next(facts) for _ in row] for row in rows]


def _norms(picture: Picture) -> dict[Hashable, float]:
    found: dict[Hashable, float] = {}
    for node, facts in _received(picture).items():
        norms = [fact.norm for fact in facts if fact.norm is not None]
        if norms:
            found[node] = max(norms)
    return found


def _times(picture: Picture) -> dict[Hashable, float]:
    nodes = np.array([key for key in picture.graph.graph if isinstance(key, int)], np.int64)
    chapter = picture.chapter
    state = picture.timeline.state(chapter.last_step)
    times = picture.timeline.calls.last_of_each(nodes, state.event_number, since=chapter.first_event)
    return {node: float(time) for node, time in zip(nodes.tolist(), times.tolist(), strict=True) if time != ev.NONE}


def _modules(picture: Picture) -> dict[Hashable, str]:
    """The outermost module that each node belongs to."""
    graph, leaves = picture.graph.graph, picture.timeline.recording.leaves
    found = {key: module.split(".")[0] for key, module in values_of(graph, "module", "")}
    for key, leaf in values_of(graph, "leaf", ev.NONE):
        if leaf != ev.NONE and leaves[leaf].is_parameter:
            found[key] = _owner(leaves[leaf].name, {found[user] for user in graph.predecessors(key)} - {""})
    return found


def _owner(name: str, users: set[str]) -> str:
    """Whose parameter it is, of those modules that use it: the one in its name, else the only one."""
    named = users.intersection(name.split(".")) or users
    return next(iter(named)) if len(named) == 1 else ""


def _dtypes(picture: Picture) -> dict[Hashable, str]:
    return {node: next((fact.dtype for fact in facts if fact.dtype), "") for node, facts in _received(picture).items()}


def _oddest(picture: Picture) -> dict[Hashable, str]:
    """The oddest thing about what each node received and sent."""
    calls = chapter_calls(picture)
    edges, slots = picture.timeline.edges_out_of, picture.timeline.recording.index.edges.source_slot
    rows: list[list[int]] = []
    for node, call in calls.items():
        sent = [call.grad_inputs[slot] if slot < len(call.grad_inputs) else ev.NONE for slot in slots[edges.of(node)]]
        rows.append([*call.grad_outputs, *sent])
    words = (("nan", "NaN"), ("inf", "Inf"), ("none", "None"), ("zero", "all zero"))
    found: dict[Hashable, str] = {}
    for node, facts in zip(calls, _facts(picture, rows), strict=True):
        odd = frozenset[str]().union(*(fact.oddities for fact in facts))
        found[node] = next((word for oddity, word in words if oddity in odd), "")
    return found
