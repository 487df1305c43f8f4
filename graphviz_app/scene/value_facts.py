"""What is asked about thousands of values at once: shape, dtype, norm, and what is odd; found out once for each."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements, statistics
from graphviz_app.scene.oddity import NOT_FINITE, oddities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from graphviz_app.recording import Recording
    from graphviz_app.recording.values import TensorRecord

_KEPT = 100_000
_READ_AT_ONCE = 32
_PAUSE = 0.002
"""Seconds; as long as reading so many takes: a thread that reads on and on makes the window's frames late."""


class ValueFact(NamedTuple):
    """What is known about a value.

    Attributes:
        shape: Its sizes; () for None.
        dtype: As recorded; "" for None.
        norm: The Euclidean norm over the finite elements; None for None, and where the elements were not recorded.
        oddities: See `oddity.oddities`.
    """

    shape: tuple[int, ...]
    dtype: str
    norm: float | None
    oddities: frozenset[str]

    @property
    def is_odd(self) -> bool:
        """Whether it holds NaN or Inf."""
        return not self.oddities.isdisjoint(NOT_FINITE)


NOTHING = ValueFact((), "", None, oddities(None))
"""What is known about a gradient that is None."""


class ValueFacts:
    """The facts of a recording's values; may be asked from any thread.

    Args:
        recording: Whose values.
        known: The facts that are known already, by number; more are added.
    """

    def __init__(self, recording: Recording, known: dict[int, ValueFact] | None = None) -> None:
        self._recording = recording
        self._known = {} if known is None else known

    def of(self, number: int) -> ValueFact:
        """What is known about one value."""
        if number == ev.NONE:
            return NOTHING
        fact = self._known.get(number)
        if fact is None:
            record = self._recording.value(number)
            if len(self._known) >= _KEPT:
                self._known.clear()
            fact = self._known[number] = NOTHING if record is None else _fact(record)
        return fact

    def of_all(self, numbers: Iterable[int]) -> list[ValueFact]:
        """Those of many values, read in the order in which they were recorded: neighbours are decoded together."""
        wanted = list(numbers)
        found = {number: self.of(number) for number in sorted(set(wanted))}
        return [found[number] for number in wanted]

    def look_ahead(self, numbers: Iterable[int], is_over: Callable[[], bool]) -> None:
        """Read the facts of values that will be asked for, a few between two `is_over`, leaving time for others."""
        wanted = sorted(set(numbers))[:_KEPT]
        for start in range(0, len(wanted), _READ_AT_ONCE):
            if is_over():
                return
            self.of_all(wanted[start : start + _READ_AT_ONCE])
            time.sleep(_PAUSE)


# Without `ValueFacts`, which hold their recording: it would live for ever.
_KNOWN: WeakKeyDictionary[Recording, dict[int, ValueFact]] = WeakKeyDictionary()


def facts_of(recording: Recording) -> ValueFacts:
    """The facts of a recording's values, the same ones for everybody who asks."""
    return ValueFacts(recording, _KNOWN.setdefault(recording, {}))


def _fact(record: TensorRecord) -> ValueFact:
    return ValueFact(record.shape, record.dtype, _norm(record), oddities(record))


def _norm(record: TensorRecord) -> float | None:
    """The norm as `statistics` has it, where possible without the other figures."""
    if record.statistics is None and record.data is not None:
        values = elements(record)
        if values is not None and values.dtype.kind == "f":
            flat = values.reshape(-1).astype(np.float64)
            squares = float(np.vdot(flat, flat))
            # Beyond that, or with NaN among the elements, more care is needed.
            if 1e-200 < squares < 1e200:
                return squares**0.5
    figures = statistics(record)
    return None if figures is None else figures.norm
