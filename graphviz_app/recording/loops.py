"""Where a source text has its loops and statements: what tells one round of a loop from the next."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from graphviz_app.recording.events import NONE
from graphviz_app.recording.syntax import characters, lines_of, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphviz_app.recording.events import Span

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

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
    """

    line: int
    first: int
    last: int
    targets: tuple[str, ...] = ()
    is_lone: bool = False


class SourceLoops:
    """The loops of one source text.

    Args:
        tree: Its syntax; None for a text that has none.
        text: The text, by which columns that count bytes are told in characters.
    """

    def __init__(self, tree: ast.AST | None, text: str = "") -> None:
        self._lines = lines_of(text)
        self._statements: dict[int, int] = {}
        self._loops: dict[int, tuple[Loop, ...]] = {}
        self._heads: dict[int, Loop] = {}
        # Where the rounds of a comprehension run, and what within it runs before the first of them.
        self._ranges: dict[Loop, tuple[_Range, _Range]] = {}
        # Functions that have no lines of their own.
        self._lambdas: list[_Range] = []
        if tree is not None:
            self._read(tree)

    def are_between(self, first: int, last: int) -> bool:
        """Whether a loop begins between two lines, both included."""
        return any(first <= loop.line <= last for loops in self._loops.values() for loop in loops)

    def around(self, span: Span) -> tuple[Loop, ...]:
        """The loops around a place within its function, outermost first."""
        loops = self._loops.get(span.line, ())
        if not loops or span.column == NONE:
            return loops
        place = (span.line, span.column), (span.end_line, span.end_column)
        for each in self._lambdas:
            if _is_within(place, each):
                loops = tuple(
                    [loop for loop in loops if loop in self._ranges and _is_within(self._ranges[loop][0], each)]
                )
        return tuple([loop for loop in loops if loop not in self._ranges or self._runs_in(loop, span)])

    def head(self, line: int) -> Loop | None:
        """The loop whose `for` or `while` stands in a line apart from its body: what comes next begins a round."""
        return self._heads.get(line)

    def statement(self, line: int) -> int:
        """The first line of the statement that a line belongs to.

        A call over several lines runs its arguments first, further down than itself: by lines alone that would look
        like a jump back.
        """
        return self._statements.get(line, line)

    def _runs_in(self, loop: Loop, span: Span) -> bool:
        around, before = self._ranges[loop]
        place = (span.line, span.column), (span.end_line, span.end_column)
        return place != around and _is_within(place, around) and not _is_within(place, before)

    def _read(self, tree: ast.AST) -> None:
        stack: list[tuple[ast.AST, tuple[Loop, ...]]] = [(tree, ())]
        while stack:
            node, loops = stack.pop()
            if isinstance(node, _FUNCTIONS):
                loops = ()
            if isinstance(node, ast.Lambda):
                self._lambdas.append(self._range(node))
            inner = loops
            if isinstance(node, _LOOPS):
                last = node.body[-1].end_lineno or node.lineno
                body = Loop(node.lineno, node.body[0].lineno, last, _own_targets(node), _is_lone(node))
                inner = (*loops, body)
                # Also its header: what `for x in xs` or `while f(x)` runs, it runs once more for each round.
                self._mark(node.lineno, node.body[0].lineno - 1, loops, statement=node.lineno)
                self._heads.update(dict.fromkeys(range(node.lineno, node.body[0].lineno), body))
            elif isinstance(node, _COMPREHENSIONS):
                inner = (*loops, self._comprehension(node))
                self._loops.update(dict.fromkeys(range(node.lineno, (node.end_lineno or node.lineno) + 1), inner))
            elif isinstance(node, ast.stmt) and not hasattr(node, "body"):
                self._mark(node.lineno, node.end_lineno or node.lineno, loops, statement=node.lineno)
            elif isinstance(node, ast.stmt):
                self._mark(node.lineno, node.lineno, loops, statement=node.lineno)
            outside = _outside(node)
            for child in reversed(list(ast.iter_child_nodes(node))):
                stack.append((child, loops if child in outside else inner))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Loop:
        names = [name for each in node.generators for name in _names(each.target)]
        loop = Loop(node.lineno, node.lineno, node.end_lineno or node.lineno, _ends(names))
        self._ranges[loop] = self._range(node), self._range(node.generators[0].iter)
        return loop

    def _range(self, node: ast.expr) -> _Range:
        start = node.lineno, characters(self._lines, node.lineno, node.col_offset)
        if node.end_lineno is None or node.end_col_offset is None:
            return start, start
        return start, (node.end_lineno, characters(self._lines, node.end_lineno, node.end_col_offset))

    def _mark(self, first: int, last: int, loops: tuple[Loop, ...], *, statement: int) -> None:
        for line in range(first, last + 1):
            self._statements[line] = statement
            self._loops[line] = loops


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
