"""Colouring boxes by what a person looks for: size of the gradients, time, module, dtype, or what is odd about them.

A colouring speaks of the whole chapter, not of the step: what one wants to see at a glance is where, not when.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import statistics
from graphviz_app.scene.card import SUBTITLE
from graphviz_app.scene.measure import text_width
from graphviz_app.scene.numbers import number
from graphviz_app.scene.oddity import oddities
from graphviz_app.scene.shapes import Rectangle, Text
from graphviz_app.scene.theme import mix

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    import numpy.typing as npt

    from graphviz_app.recording.values import TensorRecord
    from graphviz_app.scene.picture import Picture
    from graphviz_app.scene.shapes import Shape
    from graphviz_app.scene.theme import Theme
    from graphviz_app.timeline import StepState

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
    state = picture.timeline.state(picture.chapter.last_step)
    match name:
        case "norm":
            return _ramp(_largest(picture, lambda key: _norm(key, state)), logarithmic=True)
        case "time":
            return _ramp(_largest(picture, lambda key: _call_event(key, state)), logarithmic=False)
        case "module":
            return _kinds(_first(picture, lambda key: _module(picture, key)))
        case "dtype":
            return _kinds(_first(picture, lambda key: _dtype(key, state)))
        case "odd":
            return _kinds(_first(picture, lambda key: _oddity(key, state)))
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


def _largest(picture: Picture, value: Callable[[int], float | None]) -> list[float | None]:
    result: list[float | None] = []
    for box in picture.graph.boxes:
        values = [found for key in box.keys if isinstance(key, int) and (found := value(key)) is not None]
        result.append(max(values, default=None))
    return result


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


def _received(key: int, state: StepState) -> list[TensorRecord | None]:
    return [state.recording.value(value) for value in state.grad_outputs(key) or ()]


def _norm(key: int, state: StepState) -> float | None:
    figures = [statistics(record) for record in _received(key, state) if record is not None]
    norms = [found.norm for found in figures if found is not None]
    return max(norms, default=None)


def _call_event(key: int, state: StepState) -> float | None:
    number_of_call = state.timeline.calls.last(key, state.event_number, since=state.chapter.first_event)
    return None if number_of_call == ev.NONE else float(number_of_call)


def _module(picture: Picture, key: Hashable) -> str:
    return picture.graph.graph.nodes[key].get("module", "").split(".")[0]


def _dtype(key: Hashable, state: StepState) -> str:
    records = _received(key, state) if isinstance(key, int) else []
    return next((record.dtype for record in records if record is not None), "")


def _oddity(key: Hashable, state: StepState) -> str:
    """The oddest thing about what a node received and sent."""
    if not isinstance(key, int) or state.grad_outputs(key) is None:
        return ""
    edges = state.timeline.edges_out_of.of(key).tolist()
    records = _received(key, state) + [state.recording.value(state.contribution(edge)) for edge in edges]
    found = frozenset[str]().union(*(oddities(record) for record in records))
    words = (("nan", "NaN"), ("inf", "Inf"), ("none", "None"), ("zero", "all zero"))
    return next((word for oddity, word in words if oddity in found), "")
