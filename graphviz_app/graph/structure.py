"""Where an operation stands in the program's structure: functions, loops, modules, from outside to inside.

Nothing of this is annotated by anybody: it is read from the call stacks and module paths that were recorded, and from
where the source texts have their loops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from graphviz_app.graph.loops import source_loops

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from graphviz_app.graph.loops import Loop, SourceLoops
    from graphviz_app.recording import Recording
    from graphviz_app.recording import events as ev

SegmentKind = Literal["call", "iteration", "module", "operation", "pass", "rounds", "part"]


class Segment(NamedTuple):
    """One step inwards.

    Attributes:
        kind: A user's function that was called; one round of a loop; a module; an operation of several nodes; the
            nodes that a pass with `create_graph` made; some rounds of a long loop; a part of a long row.
        name: What tells it from its siblings; a loop's for an iteration.
        number: Which round of a loop, from 0.
        subtitle: More about it, or "".
    """

    kind: SegmentKind
    name: str
    number: int = 0
    subtitle: str = ""


class _Signature(NamedTuple):
    """What tells that an operation of a loop is run once more, and so that another round has begun.

    Attributes:
        exact: The same call from the same place.
        module: The module it ran in, where that is a library's, whose lines are not known: several of its calls may
            look the same, so only entering the module once more counts, or doing nothing but the same.
    """

    exact: int
    module: tuple[str, str] | None


class _Round:
    """Where a loop's current iteration has come to."""

    __slots__ = ("last", "number", "position", "seen")

    def __init__(self) -> None:
        self.number = 0
        self.position = 0
        self.seen: set[Hashable] = set()
        self.last: _Signature | None = None

    def advance(self, position: int, signature: _Signature | None) -> int:
        """Take the next operation; a jump back, or doing the same thing again at the same place, is a new round."""
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


class StructureReader:
    """Reads operations in the order in which they ran."""

    def __init__(self, recording: Recording) -> None:
        self._loops = [source_loops(source.text) for source in recording.sources]
        self._nothing: SourceLoops = source_loops("")
        self._rounds: dict[tuple[int, Loop], _Round] = {}
        self._prefixes: dict[tuple[int, Segment], int] = {}

    def read(self, operation: ev.OperationRan) -> tuple[Segment, ...]:
        """The way from the outermost structure to an operation."""
        walk = _Walk(self, operation)
        return walk.segments()

    def loops_at(self, span: ev.Span) -> SourceLoops:
        """The loops of a span's file."""
        return self._loops[span.file] if 0 <= span.file < len(self._loops) else self._nothing

    def round_of(self, prefix: int, loop: Loop) -> _Round:
        """The counter of a loop that runs within `prefix`."""
        return self._rounds.setdefault((prefix, loop), _Round())

    def prefix(self, before: int, segment: Segment) -> int:
        """A number for `segment` within what `before` numbers: cheaper to compare than long paths."""
        return self._prefixes.setdefault((before, segment), len(self._prefixes) + 1)


class _Walk:
    """The way to one operation."""

    def __init__(self, reader: StructureReader, operation: ev.OperationRan) -> None:
        self._reader = reader
        self._operation = operation
        self._found: list[Segment] = []
        self._prefix = 0
        self._library: tuple[str, str] | None = None

    def segments(self) -> tuple[Segment, ...]:
        operation = self._operation
        stack = operation.stack
        forwards = [depth for depth, frame in enumerate(stack) if is_forward(frame.function)]
        modules = module_names(operation.module)
        if len(modules) > max(len(forwards) - 1, 0) or (operation.module_type and not forwards):
            self._library = (operation.module, operation.module_type)
        looping = [bool(self._loops_around(frame.span)) for frame in stack]
        entered = 0
        for depth, frame in enumerate(stack):
            if depth in forwards:
                # The outermost module has a forward, but no part in the path.
                position = forwards.index(depth) - 1
                if 0 <= position < len(modules):
                    self._add(Segment("module", modules[position]))
                    entered = position + 1
            elif depth > 0 and frame.function != "<module>" and not _between(depth, forwards):
                line = stack[depth - 1].span.line
                self._add(Segment("call", f"{_own_name(frame.function)}() line {line}"))
            self._add_loops(frame.span, depth, alone=not any(looping[depth + 1 :]))
        if not stack and operation.span is not None:
            self._add_loops(operation.span, 0, alone=True)
        for module in modules[entered:]:
            self._add(Segment("module", module))
        return tuple(self._found)

    def _add(self, segment: Segment) -> None:
        self._found.append(segment)
        self._prefix = self._reader.prefix(self._prefix, segment)

    def _loops_around(self, span: ev.Span) -> tuple[Loop, ...]:
        return self._reader.loops_at(span).around(span.line)

    def _add_loops(self, span: ev.Span, depth: int, *, alone: bool) -> None:
        source = self._reader.loops_at(span)
        loops = source.around(span.line)
        for inner, loop in enumerate(loops, start=1):
            is_innermost = inner == len(loops)
            position = source.statement(span.line) if is_innermost else loops[inner].line
            # Within a further loop the same thing may be done again and again in one round of this one.
            signature = self._signature(depth) if is_innermost and alone else None
            number = self._reader.round_of(self._prefix, loop).advance(position, signature)
            self._add(Segment("iteration", f"line {loop.line}", number))

    def _signature(self, depth: int) -> _Signature:
        operation = self._operation
        exact = hash((operation.name, operation.span, operation.stack[depth:], operation.module))
        return _Signature(exact, self._library)


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


def common_prefix(paths: Iterable[tuple[Segment, ...]]) -> tuple[Segment, ...]:
    """The longest way that all of `paths` begin with; () for none."""
    shared: tuple[Segment, ...] | None = None
    for path in paths:
        if shared is None:
            shared = path
            continue
        length = 0
        for one, other in zip(shared, path, strict=False):
            if one != other:
                break
            length += 1
        shared = shared[:length]
    return shared or ()


def _own_name(function: str) -> str:
    return function.rsplit(".", 1)[-1]
