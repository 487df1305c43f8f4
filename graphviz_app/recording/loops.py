"""Where a source text has its loops and statements: what tells one round of a loop from the next."""

from __future__ import annotations

import ast
from bisect import bisect_left, bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from graphviz_app.recording.events import NONE
from graphviz_app.recording.syntax import characters, lines_of, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphviz_app.recording.events import Span

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPREHENSIONS = {
    ast.ListComp: "<listcomp>",
    ast.SetComp: "<setcomp>",
    ast.DictComp: "<dictcomp>",
    ast.GeneratorExp: "<genexpr>",
}
"""Expressions with a loop of their own, and what Python calls the function that runs it, where it makes one."""
_LAMBDA = "<lambda>"

_Range = tuple[tuple[int, int], tuple[int, int]]
"""Line and column of a piece of text, from its start to its end."""


class Loop(msgspec.Struct, frozen=True, gc=False):
    """The lines of a loop's body, both included, and the line of its `for` or `while`.

    The garbage collector does not count it: places in a running program keep loops.

    Attributes:
        line: The line of its `for` or `while`.
        first: The first line of its body.
        last: The last line of its body.
        targets: The variables that it assigns to and its body does not: they have another value in each round.
        is_lone: Whether but one statement of the body calls anything.
        column: Of a comprehension, where it begins in its line, in bytes; 0 for a statement.
        end_column: Likewise where it ends in its last line.
        is_for: Whether it is a `for` statement.
        source: The variable that such a one goes through, "" where it is none.
    """

    line: int
    first: int
    last: int
    targets: tuple[str, ...] = ()
    is_lone: bool = False
    column: int = 0
    end_column: int = 0
    is_for: bool = False
    source: str = ""


class _Apart(NamedTuple):
    """An expression that runs, but for some of it, as a function of its own, or may do so.

    Attributes:
        range: Where it stands.
        before: What of it runs where it stands.
        function: What Python calls that function.
        loop: The loop that it is, None for a lambda.
    """

    range: _Range
    before: tuple[_Range, ...]
    function: str
    loop: Loop | None

    def has(self, place: _Range) -> bool:
        """Whether what stands at a place runs in it."""
        within = place != self.range and _is_within(place, self.range)
        return within and not any(_is_within(place, each) for each in self.before)


class SourceLoops:
    """The loops of one source text.

    Args:
        tree: Its syntax; None for a text that has none.
        text: The text, by which columns that count bytes are told in characters.
    """

    def __init__(self, tree: ast.AST | None, text: str = "") -> None:
        self._lines = lines_of(text)
        self._statements: dict[int, int] = {}
        # All by line. Of loops those that are statements alone.
        self._loops: dict[int, tuple[Loop, ...]] = {}
        self._heads: dict[int, Loop] = {}
        # Headers in whose last line the body begins.
        self._shared: dict[int, list[tuple[Loop, _Range]]] = {}
        # Outer ones first.
        self._apart: dict[int, list[_Apart]] = {}
        # The lines in which any begin, in order; None before they are asked for.
        self._begin_at: list[int] | None = None
        if tree is not None:
            self._read(tree)

    def are_between(self, first: int, last: int) -> bool:
        """Whether a loop begins between two lines, both included."""
        if self._begin_at is None:
            statements = {loop.line for loops in self._loops.values() for loop in loops}
            expressions = {each.loop.line for apart in self._apart.values() for each in apart if each.loop is not None}
            self._begin_at = sorted(statements | expressions)
        return bisect_left(self._begin_at, first) < bisect_right(self._begin_at, last)

    def around(self, span: Span, function: str = "") -> tuple[Loop, ...]:
        """The loops around a place within its function, outermost first.

        Args:
            span: The place.
            function: What Python calls that function. Comprehensions may run as functions of their own.
        """
        loops = self._loops.get(span.line, ())
        function = function.rpartition(".")[2]
        if span.column == NONE:
            if function != _LAMBDA and function not in _COMPREHENSIONS.values():
                return loops
            found = [each.loop for each in self._apart.get(span.line, ()) if each.function == function and each.loop]
            return tuple(found[-1:])
        if self._whole(span, function) is not None:
            return ()
        heads = self._heads_at(span)
        within = [loop for loop in loops if loop not in heads]
        for each in self._running(span):
            if each.loop is None or each.function == function:
                within.clear()
            if each.loop is not None:
                within.append(each.loop)
        return tuple(within)

    def head(self, span: Span, function: str = "") -> Loop | None:
        """The loop in whose `for` or `while` something stands, apart from its body: what comes next begins a round."""
        function = function.rpartition(".")[2]
        if any(each.loop is None or each.function == function for each in self._running(span)):
            return None
        whole = self._whole(span, function)
        return whole or self._heads.get(span.line) or next(iter(self._heads_at(span)), None)

    def statement(self, line: int) -> int:
        """The first line of the statement that a line belongs to.

        A call over several lines runs its arguments first, further down than itself: by lines alone that would look
        like a jump back.
        """
        return self._statements.get(line, line)

    def _whole(self, span: Span, function: str) -> Loop | None:
        """The comprehension that stands at a place: in its own function, that is where it asks for what comes next."""
        place = _place(span)
        apart = [each for each in self._apart.get(span.line, ()) if each.function == function and each.loop]
        if any(each.has(place) for each in apart):
            # It is rather another one that runs this one.
            return None
        return next((each.loop for each in apart if each.range == place), None)

    def _heads_at(self, span: Span) -> list[Loop]:
        """The loops in whose header a place stands, of those whose body begins in the same line."""
        place = _place(span)
        return [loop for loop, header in self._shared.get(span.line, ()) if _is_within(place, header)]

    def _running(self, span: Span) -> list[_Apart]:
        """What runs apart from the statement of a place, outermost first."""
        place = _place(span)
        return [each for each in self._apart.get(span.line, ()) if each.has(place)]

    def _read(self, tree: ast.AST) -> None:
        stack: list[tuple[ast.AST, tuple[Loop, ...]]] = [(tree, ())]
        while stack:
            node, loops = stack.pop()
            inner = loops
            if isinstance(node, ast.stmt):
                # What stands in it, and is read after it, marks its own lines anew.
                first = min([node.lineno, *[each.lineno for each in getattr(node, "decorator_list", ())]])
                self._mark(first, node.end_lineno or node.lineno, loops, statement=node.lineno)
            if isinstance(node, _LOOPS):
                inner = (*loops, self._loop(node))
            elif isinstance(node, _DEFINITIONS):
                inner = ()
            elif isinstance(node, (ast.Lambda, *_COMPREHENSIONS)):
                apart = self._expression(node)
                for line in range(apart.range[0][0], apart.range[1][0] + 1):
                    self._apart.setdefault(line, []).append(apart)
            outside = _outside(node)
            for child in reversed(list(ast.iter_child_nodes(node))):
                stack.append((child, loops if child in outside else inner))

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> Loop:
        body = node.body[0]
        last, is_for = node.body[-1].end_lineno or node.lineno, not isinstance(node, ast.While)
        source = "" if isinstance(node, ast.While) or not isinstance(node.iter, ast.Name) else node.iter.id
        loop = Loop(node.lineno, body.lineno, last, _own_targets(node), _is_lone(node), is_for=is_for, source=source)
        # What `for x in xs` or `while f(x)` runs, it runs once more for each round.
        self._heads.update(dict.fromkeys(range(node.lineno, body.lineno), loop))
        header = node.test if isinstance(node, ast.While) else node.iter
        if header.end_lineno == body.lineno:
            self._shared.setdefault(body.lineno, []).append((loop, (self._range(node)[0], self._range(body)[0])))
        return loop

    def _expression(self, node: ast.AST) -> _Apart:
        """What runs apart of a lambda or a comprehension."""
        match node:
            case ast.Lambda(args=args):
                defaults = [*args.defaults, *[each for each in args.kw_defaults if each is not None]]
                return _Apart(self._range(node), tuple(map(self._range, defaults)), _LAMBDA, None)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                names = [name for each in node.generators for name in _names(each.target)]
                last, end = node.end_lineno or node.lineno, node.end_col_offset or 0
                loop = Loop(node.lineno, node.lineno, last, _ends(names), False, node.col_offset, end)
                first = self._range(node.generators[0].iter)
                return _Apart(self._range(node), (first,), _COMPREHENSIONS[type(node)], loop)
            case _:
                raise TypeError(f"{type(node).__name__} does not run apart from what is around it.")

    def _range(self, node: ast.expr | ast.stmt) -> _Range:
        start = node.lineno, characters(self._lines, node.lineno, node.col_offset)
        if node.end_lineno is None or node.end_col_offset is None:
            return start, start
        return start, (node.end_lineno, characters(self._lines, node.end_lineno, node.end_col_offset))

    def _mark(self, first: int, last: int, loops: tuple[Loop, ...], *, statement: int) -> None:
        for line in range(first, last + 1):
            self._statements[line] = statement
            self._loops[line] = loops


def _place(span: Span) -> _Range:
    return (span.line, span.column), (span.end_line, span.end_column)


def _outside(node: ast.AST) -> list[ast.AST]:
    """What of a loop runs before its first round or after its last."""
    match node:
        case ast.For(iter=first, orelse=last) | ast.AsyncFor(iter=first, orelse=last):
            return [first, *last]
        case ast.While(orelse=last):
            return [*last]
        case _:
            return []


def _is_within(inner: _Range, outer: _Range) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _names(target: ast.expr) -> Iterator[str]:
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _ends(names: list[str]) -> tuple[str, ...]:
    """The first and the last: of `i, (x, y)` one will be another in each round."""
    return tuple(dict.fromkeys([*names[:1], *names[-1:]]))


def _own_targets(loop: ast.For | ast.AsyncFor | ast.While) -> tuple[str, ...]:
    if isinstance(loop, ast.While):
        return ()
    names = list(_names(loop.target))
    for node in _walk(loop.body):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            assigned = node.id
        else:
            assigned = getattr(node, "name", None)  # of functions, classes and exceptions
        if assigned in names:
            names.remove(assigned)
    return _ends(names)


def _is_lone(loop: ast.For | ast.AsyncFor | ast.While) -> bool:
    return sum(any(isinstance(node, ast.Call) for node in ast.walk(statement)) for statement in loop.body) == 1


def _walk(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in statements:
        yield from ast.walk(statement)


@lru_cache(maxsize=64)
def source_loops(text: str) -> SourceLoops:
    """The loops of a source text; none where it has an error."""
    return SourceLoops(tree_of(text), text)
