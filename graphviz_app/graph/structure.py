"""Where an operation stands in the program's structure: functions, loops, modules, from outside to inside.

Nothing of this is annotated by anybody: it is read from the call stacks and module paths that were recorded, and from
where the source texts have their loops. Rounds of a loop were counted when it ran; in recordings that do not have
them, and in the little that nobody counted, they are told by what is done again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.graph.tree import TOP, Segment, Tree
from graphviz_app.recording import events as ev
from graphviz_app.recording.loops import source_loops
from graphviz_app.recording.syntax import lines_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from graphviz_app.recording import Recording
    from graphviz_app.recording.loops import Loop, SourceLoops

_LINE = "line "
_WAYS_KEPT = 20_000
_CALLED = re.compile(r"(?:self\.)?(\w+(?:\.\w+)*)\(")
"""A call, by its beginning, and the name of what is called."""


class _Signature(NamedTuple):
    """What tells that an operation of a loop is run once more, and so that another round has begun.

    Attributes:
        exact: The same call from the same place.
        module: The module it ran in, where that is a library's, whose lines are not known: its path, its type, and the
            place in the program that called it, which tells `D(real) + D(fake)` from a second round. Several of its
            calls may look the same, so only entering the module once more counts, or doing nothing but the same.
    """

    exact: int
    module: tuple[str, str, int] | None


class _Round:
    """Where a loop's current iteration has come to."""

    __slots__ = ("last", "number", "position", "seen")

    def __init__(self) -> None:
        self.number = 0
        self.position = 0
        self.seen: set[Hashable] = set()
        self.last: _Signature | None = None

    def take(self, turn: _Turn, told: int | None) -> int:
        """Take the next operation, and say in which round it ran, from 0.

        Args:
            turn: Where it stands in the loop.
            told: Which round it is by the recording, from 1; where that does not tell, a jump back, or doing the same
                thing again at the same place, is a new one.
        """
        position, signature = turn.position, turn.signature
        if told is not None:
            self.number, self.position, self.last = told - 1, position, None
            self.seen.clear()
            return self.number
        if position < self.position or (position == self.position and signature is not None and self._again(signature)):
            self.number += 1
            self.seen.clear()
        elif position > self.position:
            self.seen.clear()
        self.position = position
        self.last = signature
        if signature is not None:
            self.seen.add(signature.exact if signature.module is None else signature.module)
        return self.number

    def _again(self, signature: _Signature) -> bool:
        if signature.module is None:
            return signature.exact in self.seen
        if self.last is None or self.last.module is None:
            return signature.module in self.seen
        if signature.module == self.last.module:
            return signature.exact == self.last.exact
        return signature.module in self.seen and not _is_inside(self.last.module[0], signature.module[0])


def _is_inside(inner: str, outer: str) -> bool:
    return inner.startswith(f"{outer}.") if outer else inner != ""


class Iteration(NamedTuple):
    """A round of a loop: the line of its `for` or `while`, and which round, from 1."""

    line: int
    number: int


class StructureReader:
    """Reads operations in the order in which they ran.

    Args:
        recording: What happened.
        operations: Those whose modules are to be told apart: paths begin below whichever module was called first, and
            of a generator and a discriminator each may have its "layers.0".
    """

    def __init__(self, recording: Recording, operations: Iterable[ev.OperationRan] = ()) -> None:
        self._lines = [lines_of(source.text) for source in recording.sources]
        self._loops = [source_loops(source.text) for source in recording.sources]
        self._nothing: SourceLoops = source_loops("")
        self._rounds: dict[tuple[int, Loop], _Round] = {}
        self._ways: dict[Hashable, tuple[Segment | _Turn, ...]] = {}
        self.tree = Tree()
        self._told_apart = self._ambiguous(operations)

    def _ambiguous(self, operations: Iterable[ev.OperationRan]) -> frozenset[str]:
        """The names of outermost modules that have paths in common."""
        owners: dict[str, set[str]] = {}
        seen: set[Hashable] = set()
        for each in operations:
            key = (each.module, each.span, each.stack)
            if each.module and key not in seen:
                seen.add(key)
                owners.setdefault(module_names(each.module)[0], set()).add(self._called(each))
        return frozenset(name for names in owners.values() if len(names) > 1 for name in names)

    def outermost(self, operation: ev.OperationRan) -> str:
        """What the program calls the outermost module that ran an operation, where only that tells it from others."""
        name = self._called(operation) if self._told_apart and operation.module else ""
        return name if name in self._told_apart else ""

    def _called(self, operation: ev.OperationRan) -> str:
        """The name by which the outermost module was called that ran an operation; "" where it has none."""
        forwards = (depth for depth, frame in enumerate(operation.stack) if is_forward(frame.function))
        is_method = operation.method != ev.NONE
        caller = (operation.method if is_method else next(forwards, len(operation.stack))) - 1
        if caller < 0:
            return ""
        span = operation.stack[caller].span
        lines = self._lines[span.file] if 0 <= span.file < len(self._lines) else []
        if not 0 < span.line <= len(lines) or span.column == ev.NONE:
            return ""
        found = _CALLED.match(lines[span.line - 1], span.column)
        name = "" if found is None else found[1]
        # Of what calls a method, the method's own name comes last.
        return name.rpartition(".")[0] if is_method else name

    def read(self, event: ev.OperationRan | ev.BackwardStarted) -> int:
        """The innermost segment of `tree` that an operation, or a pass, stands in.

        Passes need not be read; where a loop does nothing else at its end, they tell that it goes on.
        """
        if isinstance(event, ev.BackwardStarted):
            event = ev.OperationRan(ev.NONE, event.call, event.span, event.stack)
        place, child, rounds = TOP, self.tree.child, self._rounds
        # Of a line with several loops around what it calls, the outermost first.
        told: dict[tuple[int, int], list[int]] = {}
        for each in event.rounds:
            told.setdefault((each.depth, each.line), []).append(each.number)
        for step in self._way_to(event):
            if isinstance(step, Segment):
                place = child(place, step)
                continue
            loop = rounds.get((place, step.loop))
            if loop is None:
                loop = rounds[place, step.loop] = _Round()
            numbers = told.get((step.depth, step.loop.line))
            number = loop.take(step, numbers.pop(0) if numbers else None)
            place = child(place, Segment("iteration", step.name, number))
        return place

    def _way_to(self, operation: ev.OperationRan) -> tuple[Segment | _Turn, ...]:
        """The way to an operation; a program that runs long goes few of them again and again."""
        key = (operation.name, operation.span, operation.stack, operation.module, operation.module_type)
        way = self._ways.get(key)
        if way is None:
            if len(self._ways) >= _WAYS_KEPT:
                self._ways.clear()
            way = self._ways[key] = _Way(self, operation).steps()
        return way

    def iterations(self, place: int) -> list[Iteration]:
        """The rounds of loops that a segment stands in, outermost first."""
        found: list[Iteration] = []
        while place != TOP:
            segment = self.tree.segments[place]
            if segment.kind == "iteration":
                found.append(Iteration(int(segment.name.removeprefix(_LINE)), segment.number + 1))
            place = self.tree.parents[place]
        return found[::-1]

    def loops_at(self, span: ev.Span) -> SourceLoops:
        """The loops of a span's file."""
        return self._loops[span.file] if 0 <= span.file < len(self._loops) else self._nothing


class _Turn(NamedTuple):
    """A loop on the way to an operation: where in its body the way goes on, and what tells one round from the next."""

    depth: int
    loop: Loop
    name: str
    position: int
    signature: _Signature | None


class _Way:
    """What one passes on the way to an operation, from outside to inside."""

    def __init__(self, reader: StructureReader, operation: ev.OperationRan) -> None:
        self._reader = reader
        self._operation = operation
        self._steps: list[Segment | _Turn] = []
        self._modules: list[str] = []
        self._library: tuple[str, str] | None = None

    def steps(self) -> tuple[Segment | _Turn, ...]:
        operation = self._operation
        stack = operation.stack
        forwards = [depth for depth, frame in enumerate(stack) if is_forward(frame.function)]
        modules = module_names(operation.module)
        # The outermost module has a forward, or another method, but no part in the path.
        passed = forwards if operation.method in (ev.NONE, *forwards) else [operation.method, *forwards]
        if len(modules) > max(len(passed) - 1, 0) or (operation.module_type and not passed):
            self._library = (operation.module, operation.module_type)
        looping = [bool(self._loops_around(frame)) for frame in stack]
        outermost = self._reader.outermost(operation)
        entered = 0
        for depth, frame in enumerate(stack):
            position = passed.index(depth) - 1 if depth in passed else len(modules)
            if position < 0 and outermost:
                self._steps.append(Segment("module", outermost))
            if depth in forwards:
                if 0 <= position < len(modules):
                    self._add_module(modules[position])
                    entered = position + 1
            elif depth > 0 and frame.function != "<module>" and not _between(depth, forwards):
                line = stack[depth - 1].span.line
                self._steps.append(Segment("call", f"{_own_name(frame.function)}() line {line}"))
            self._add_loops(frame, depth, alone=not any(looping[depth + 1 :]))
        if not stack and operation.span is not None:
            self._add_loops(ev.Frame(operation.span, ""), 0, alone=True)
        if outermost and not passed:
            self._steps.append(Segment("module", outermost))
        for module in modules[entered:]:
            self._add_module(module)
        return tuple(self._steps)

    def _add_module(self, name: str) -> None:
        self._modules.append(name)
        self._steps.append(Segment("module", name, subtitle=".".join(self._modules)))

    def _loops_around(self, frame: ev.Frame) -> tuple[Loop, ...]:
        return self._reader.loops_at(frame.span).around(frame.span, frame.function)

    def _add_loops(self, frame: ev.Frame, depth: int, *, alone: bool) -> None:
        span, source = frame.span, self._reader.loops_at(frame.span)
        loops = self._loops_around(frame)
        for inner, loop in enumerate(loops, start=1):
            is_innermost = inner == len(loops)
            position = source.statement(span.line) if is_innermost else loops[inner].line
            # Within a further loop the same thing may be done again and again in one round of this one.
            signature = self._signature(depth) if is_innermost and alone else None
            self._steps.append(_Turn(depth, loop, f"{_LINE}{loop.line}", position, signature))

    def _signature(self, depth: int) -> _Signature:
        operation = self._operation
        place = hash((operation.span, operation.stack[depth:]))
        exact = hash((operation.name, place, operation.module))
        return _Signature(exact, None if self._library is None else (*self._library, place))


def _between(depth: int, forwards: list[int]) -> bool:
    """Whether a call is a step from one module's computation into the next one's, which their paths tell already."""
    return bool(forwards) and forwards[0] <= depth <= forwards[-1]


def is_forward(function: str) -> bool:
    """Whether a function is a module's own computation, for which the module's path stands."""
    return _own_name(function) in ("forward", "__call__", "_call_impl", "_wrapped_call_impl")


def module_names(module: str) -> list[str]:
    """A module's path in parts; an index stays with its list: "blocks.3.attn" is "blocks.3", "attn"."""
    names: list[str] = []
    for part in module.split(".") if module else ():
        if part.isdigit() and names:
            names[-1] += f".{part}"
        else:
            names.append(part)
    return names


def _own_name(function: str) -> str:
    return function.rsplit(".", 1)[-1]
