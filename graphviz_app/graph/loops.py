"""Where a source text has its loops and statements: what tells one iteration of a loop from the next."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache
from typing import NamedTuple

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Loop(NamedTuple):
    """The lines of a loop's body, both included, and the line of its `for` or `while`."""

    line: int
    first: int
    last: int


class SourceLoops:
    """The loops of one source text, found by its syntax; none where it has an error."""

    def __init__(self, text: str) -> None:
        self._statements: dict[int, int] = {}
        self._loops: dict[int, tuple[Loop, ...]] = {}
        try:
            with warnings.catch_warnings():
                # What Python has to say about the user's escapes was said when it ran.
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return
        self._read(tree)

    def around(self, line: int) -> tuple[Loop, ...]:
        """The loops around a line within its function, outermost first."""
        return self._loops.get(line, ())

    def statement(self, line: int) -> int:
        """The first line of the statement that a line belongs to.

        A call over several lines runs its arguments first, further down than itself: by lines alone that would look
        like a jump back.
        """
        return self._statements.get(line, line)

    def _read(self, tree: ast.AST) -> None:
        stack: list[tuple[ast.AST, tuple[Loop, ...]]] = [(tree, ())]
        while stack:
            node, loops = stack.pop()
            if isinstance(node, _FUNCTIONS):
                loops = ()
            inner = loops
            if isinstance(node, _LOOPS):
                body = Loop(node.lineno, node.body[0].lineno, node.body[-1].end_lineno or node.lineno)
                inner = (*loops, body)
                # Also its header: what `for x in xs` or `while f(x)` runs, it runs once more for each round.
                self._mark(node.lineno, node.body[0].lineno - 1, loops, statement=node.lineno)
            elif isinstance(node, _COMPREHENSIONS):
                last = node.end_lineno or node.lineno
                inner = (*loops, Loop(node.lineno, node.lineno, last))
                self._loops.update(dict.fromkeys(range(node.lineno, last + 1), inner))
            elif isinstance(node, ast.stmt) and not hasattr(node, "body"):
                self._mark(node.lineno, node.end_lineno or node.lineno, loops, statement=node.lineno)
            elif isinstance(node, ast.stmt):
                self._mark(node.lineno, node.lineno, loops, statement=node.lineno)
            stack.extend((child, inner) for child in reversed(list(ast.iter_child_nodes(node))))

    def _mark(self, first: int, last: int, loops: tuple[Loop, ...], *, statement: int) -> None:
        for line in range(first, last + 1):
            self._statements[line] = statement
            self._loops[line] = loops


@lru_cache(maxsize=64)
def source_loops(text: str) -> SourceLoops:
    """The loops of a source text."""
    return SourceLoops(text)
