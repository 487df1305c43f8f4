"""What became of a tensor: the operations that took it, what was computed from them, and where the graph was cut."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from graphviz_app.explain.plain_numbers import gives_numbers_itself, is_only_shown
from graphviz_app.recording import events as ev
from graphviz_app.recording.in_place import writes_on
from graphviz_app.recording.syntax import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from graphviz_app.timeline import Timeline

_SWITCH = re.compile(r"requires_grad_\((requires_grad\s*=)?\s*False|\.requires_grad\s*=\s*False")
MOST_OPERATIONS = 50_000
"""Operations that are looked through, counted back from now: a question must be answered at once."""


class Origins:
    """Follows one tensor forwards through the program.

    Args:
        timeline: Of the recording.
        tensor: The tensor's number.
        now: The last event that has happened.
    """

    def __init__(self, timeline: Timeline, tensor: int, now: int) -> None:
        self._timeline = timeline
        self._tensor = tensor
        self._now = now

    @cached_property
    def uses(self) -> list[tuple[ev.OperationRan, ev.TensorUse]]:
        """Every operation that took the tensor, and how it took it; in order."""
        return [
            (operation, use) for operation in self._operations for use in operation.inputs if use.tensor == self._tensor
        ]

    @cached_property
    def reads(self) -> list[ev.OperationRan]:
        """Every operation that computed with the tensor's values; not those that set them, as initialisation does."""
        return [operation for operation, use in self.uses if not writes_on(operation.name, use.argument)]

    @cached_property
    def maker(self) -> ev.OperationRan | None:
        """The operation that first gave the tensor, or None where it was not seen."""
        for operation in self._operations:
            if any(use.tensor == self._tensor for use in operation.outputs):
                return operation
        return None

    @cached_property
    def computed_as(self) -> ev.TensorUse | None:
        """How an operation last took or gave the tensor as a result that has a node; None where it is no such result.

        Writing on it in place gives it another node.
        """
        for operation in reversed(self._operations):
            for use in (*operation.outputs, *operation.inputs):
                if use.tensor == self._tensor:
                    return None if use.is_leaf or use.node == ev.NONE else use
        return None

    @cached_property
    def first_read_event(self) -> int:
        """The event of the first operation that computed with the tensor, or NONE."""
        if not self.reads:
            return ev.NONE
        return int(self._timeline.recording.index.operation_events[self.reads[0].operation])

    @property
    def once_required(self) -> bool:
        """Whether the tensor required a gradient when it was made, or at one of its uses."""
        made = () if self.maker is None else self.maker.outputs
        seen = [use for use in made if use.tensor == self._tensor] + [use for _, use in self.uses]
        return any(use.requires_grad for use in seen)

    @property
    def switch_span(self) -> ev.Span | None:
        """The one line of the program's text that sets `requires_grad` to False, of this tensor by name if any does.

        None where there are several: which ran, and of which tensors, nobody has written down.
        """
        found: list[tuple[ev.Span, str]] = []
        for file, source in enumerate(self._timeline.recording.sources):
            code = (line.partition("#")[0] for line in lines_of(source.text))
            found += [
                (ev.Span(file, number), line) for number, line in enumerate(code, start=1) if _SWITCH.search(line)
            ]
        bound = self._timeline.recording.index.tensor_names
        names = {each.name for each in bound if each.tensor == self._tensor}
        named = [each for each in found if any(re.search(rf"\b{re.escape(name)}\b", each[1]) for name in names)]
        for candidates in (named, found):
            if len(candidates) == 1:
                return candidates[0][0]
        return None

    def leads_to(self, roots: Iterable[int]) -> bool:
        """Whether the tensor's value led to that of one of `roots`, by operations of torch's."""
        return any(root in self._forwards[0] or root == self._tensor for root in roots)

    def taken_out(
        self, roots: Iterable[int], start: int, since: int = ev.NONE, *, shown: bool = False
    ) -> ev.OperationRan | None:
        """The operation that took a value out of torch (`item`) from which a plain number led to `roots`, or None.

        Which number that was nobody has seen. Of several that were taken out it is the one that was most shortly
        followed by an operation that may have been given it: a program that prints its numbers does not use them, and
        those that it writes out come from nowhere.

        Args:
            roots: Numbers of tensors.
            start: The event at which a pass began there.
            since: The event after which the tensor was used for it: what was printed of earlier uses is not looked at.
            shown: Whether numbers count too that were printed, noted or compared where they were taken out.
        """
        took = self._forwards[1] if since == ev.NONE else self._followed(since)[1]
        takers = [
            operation
            for operation in took
            if operation.cut == "item" and (shown or not is_only_shown(self._text(operation.span), operation.span))
        ]
        if not takers:
            return None
        entries = self._entries(roots, int(np.searchsorted(self._timeline.recording.index.operation_events, start)))
        found = [(taker, entry) for taker in takers if (entry := _following(taker, entries)) is not None]
        return min(found, key=_distance)[0] if found else None

    def _entries(self, roots: Iterable[int], before: int) -> list[ev.OperationRan]:
        """The operations before one that led to `roots` and may have been given a plain number, in order."""
        needed, given = set(roots), set[int]()
        found: list[ev.OperationRan] = []
        for operation in self._operations:
            given.update(given_by(operation))
        for operation in reversed(self._operations):
            if operation.operation < before and not needed.isdisjoint(given_by(operation)):
                sources = [use.tensor for use in operation.inputs]
                needed.update(sources)
                # A parameter is a leaf that nothing in torch gave.
                unseen = set(sources) - given - self._parameters
                if unseen or not gives_numbers_itself(self._text(operation.span), operation):
                    found.append(operation)
        return found[::-1]

    @cached_property
    def _parameters(self) -> set[int]:
        return {leaf.tensor for leaf in self._timeline.recording.leaves if leaf.is_parameter}

    def _text(self, span: ev.Span | None) -> str:
        """The text of the file in which something stands, "" where that is not known."""
        sources = self._timeline.recording.sources
        return sources[span.file].text if span is not None and 0 <= span.file < len(sources) else ""

    def never_in_graph(self, start: int) -> ev.OperationRan | None:
        """The first operation that took the tensor's value, if all before a pass cut it off there and then; else None.

        Args:
            start: The event at which the pass began.
        """
        before = int(np.searchsorted(self._timeline.recording.index.operation_events, start))
        took = [
            operation
            for operation, use in self.uses
            if operation.operation < before
            and operation.name.rpartition(".")[2] not in _SHAPE_ALONE
            and not writes_on(operation.name, use.argument)
        ]
        is_cut = all(operation.cut not in (None, "item", "no_input_requires_grad") for operation in took)
        return took[0] if took and is_cut else None

    def blocking(self, roots: Iterable[int], start: int) -> ev.OperationRan | None:
        """The operation that cut the ways from the tensor to `roots`, or None where none did.

        Of several it is the first, which is nearest to the tensor and the first to be mended.

        Args:
            roots: Numbers of tensors.
            start: The event at which a pass began there; what was done to them later does not count.
        """
        came_from = self._forwards[0]
        operations = int(np.searchsorted(self._timeline.recording.index.operation_events, start))
        stack = [(root, operations) for root in roots]
        seen: set[int] = set()
        cuts: list[ev.OperationRan] = []
        while stack:
            tensor, before = stack.pop()
            for operation, sources in came_from.get(tensor, ()):
                if operation.operation < before and operation.operation not in seen:
                    seen.add(operation.operation)
                    stack.extend((source, operation.operation) for source in sources)
                    if gave_without_history(operation, tensor):
                        cuts.append(operation)
        return min(cuts, key=lambda operation: operation.operation, default=None)

    @cached_property
    def _forwards(self) -> tuple[dict[int, list[tuple[ev.OperationRan, list[int]]]], list[ev.OperationRan]]:
        """By tensor: the operations that gave it a value which came from ours, and what led there; and all of them."""
        return self._followed(ev.NONE)

    def _followed(self, since: int) -> tuple[dict[int, list[tuple[ev.OperationRan, list[int]]]], list[ev.OperationRan]]:
        """The same for what was done with the tensor after an event."""
        first = int(np.searchsorted(self._timeline.recording.index.operation_events, since, side="right"))
        came_from: dict[int, list[tuple[ev.OperationRan, list[int]]]] = {}
        took: list[ev.OperationRan] = []
        reached = {self._tensor}
        for operation in self._operations:
            if operation.operation < first:
                continue
            sources = [use.tensor for use in operation.inputs if use.tensor in reached]
            if not sources or operation.name.rpartition(".")[2] in _SHAPE_ALONE:
                continue
            took.append(operation)
            for tensor in given_by(operation):
                reached.add(tensor)
                came_from.setdefault(tensor, []).append((operation, sources))
        return came_from, took

    @cached_property
    def _operations(self) -> list[ev.OperationRan]:
        return list(self._decoded())

    def _decoded(self) -> Iterator[ev.OperationRan]:
        numbers = self._timeline.events_of(ev.OperationRan)
        numbers = numbers[numbers <= self._now][-MOST_OPERATIONS:]
        for number in numbers.tolist():
            event = self._timeline.recording.event(number)
            if isinstance(event, ev.OperationRan):
                yield event


_SHAPE_ALONE = frozenset(
    f"{what}{how}"
    for what, how in [
        *[(what, "_like") for what in ("zeros", "ones", "empty", "full", "rand", "randn", "randint")],
        *[("new_", how) for how in ("zeros", "ones", "empty", "full")],
    ]
)
"""Operations that take of a tensor its shape, and not its values."""


def given_by(operation: ev.OperationRan) -> list[int]:
    """The tensors to which an operation gave values: those that it returned, and those that it wrote on."""
    given = [use.tensor for use in operation.outputs]
    written = [use.tensor for use in operation.inputs if writes_on(operation.name, use.argument)]
    return given + [tensor for tensor in written if tensor not in given]


def gave_without_history(operation: ev.OperationRan, tensor: int) -> bool:
    """Whether a tensor that an operation gave left the graph there."""
    if operation.cut is not None:
        return operation.cut != "no_input_requires_grad"
    # Of what it gave some may have no gradient, such as the places of what it sorted.
    takes = any(use.requires_grad for use in operation.inputs)
    return takes and any(use.tensor == tensor and not use.requires_grad for use in operation.outputs)


def _following(operation: ev.OperationRan, entries: list[ev.OperationRan]) -> ev.OperationRan | None:
    """The first of the entries that followed an operation, or None."""
    position = bisect_right(entries, operation.operation, key=lambda entry: entry.operation)
    return entries[position] if position < len(entries) else None


def _distance(pair: tuple[ev.OperationRan, ev.OperationRan]) -> tuple[int, bool]:
    """How far an operation is from one before it, in operations; and whether it stands in another line."""
    first, second = pair
    is_apart = first.span is None or second.span is None or first.span.line != second.span.line
    return second.operation - first.operation, is_apart
