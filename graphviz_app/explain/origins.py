"""What became of a tensor: the operations that took it, what was computed from them, and where the graph was cut."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from graphviz_app.recording import events as ev

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
    def maker(self) -> ev.OperationRan | None:
        """The operation that first gave the tensor, or None where it was not seen."""
        for operation in self._operations:
            if any(use.tensor == self._tensor for use in operation.outputs):
                return operation
        return None

    @cached_property
    def first_use_event(self) -> int:
        """The event of the first operation that took the tensor, or NONE."""
        if not self.uses:
            return ev.NONE
        return int(self._timeline.recording.index.operation_events[self.uses[0][0].operation])

    @property
    def once_required(self) -> bool:
        """Whether the tensor required a gradient when it was made, or at one of its uses."""
        made = () if self.maker is None else self.maker.outputs
        seen = [use for use in made if use.tensor == self._tensor] + [use for _, use in self.uses]
        return any(use.requires_grad for use in seen)

    @property
    def switch_span(self) -> ev.Span | None:
        """The one line of the program's text, before the last use, that sets `requires_grad` to False; else None."""
        sources = self._timeline.recording.sources
        if not sources or not self.uses:
            return None
        last = self.uses[-1][0].span
        lines = sources[0].text.splitlines()[: last.line if last is not None and last.file == 0 else None]
        found = [number for number, line in enumerate(lines, start=1) if _SWITCH.search(line)]
        name = self._timeline.tensor_name(self._tensor)
        named = [number for number in found if name and re.search(rf"\b{re.escape(name)}\b", lines[number - 1])]
        for candidates in (named, found):
            if len(candidates) == 1:
                return ev.Span(0, candidates[0])
        return None

    def blocking(self, roots: Iterable[int]) -> ev.OperationRan | None:
        """The operation that cut the way from the tensor to one of `roots`, or None where none did.

        Where no root was computed from the tensor's value, a cut that took the value out of torch is the answer.
        """
        came_from: dict[int, tuple[ev.OperationRan, int]] = {}
        # By tensor: the operation that cut off in place what lay there (`detach_`).
        cut_in_place: dict[int, ev.OperationRan] = {}
        reached = {self._tensor}
        left_torch: ev.OperationRan | None = None
        for operation in self._operations:
            source = next((use.tensor for use in operation.inputs if use.tensor in reached), None)
            if source is None:
                continue
            if operation.cut in ("item", "new_tensor") or (operation.cut == "detach" and not operation.outputs):
                left_torch = left_torch or operation
            for use in operation.outputs:
                if use.tensor not in reached:
                    reached.add(use.tensor)
                    came_from[use.tensor] = (operation, source)
                elif _cuts(operation) and not use.requires_grad:
                    cut_in_place.setdefault(use.tensor, operation)
        for root in roots:
            if root in reached:
                cut = self._cut_on_the_way(root, came_from, cut_in_place)
                if cut is not None:
                    return cut
        return left_torch

    def _cut_on_the_way(
        self,
        root: int,
        came_from: dict[int, tuple[ev.OperationRan, int]],
        cut_in_place: dict[int, ev.OperationRan],
    ) -> ev.OperationRan | None:
        cut: ev.OperationRan | None = None
        while root in came_from:
            operation, root = came_from[root]
            # Of several cuts, the one nearest to the tensor is the first to be mended.
            if _cuts(operation):
                cut = operation
            in_place = cut_in_place.get(root)
            if in_place is not None and in_place.operation < operation.operation:
                cut = in_place
        return cut

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


def _cuts(operation: ev.OperationRan) -> bool:
    """Whether what an operation gave left the graph there."""
    return operation.cut is not None and operation.cut != "no_input_requires_grad"
