"""What a program does with plain numbers, as far as its text tells: it shows them, or writes them out."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING

from graphviz_app.recording.syntax import characters, lines_of, tree_of

if TYPE_CHECKING:
    from graphviz_app.recording import events as ev

_SHOWING = frozenset(
    {
        *("print", "pprint", "display", "echo", "write", "append"),
        *("log", "debug", "info", "warning", "error", "exception", "critical"),
        *("add_scalar", "add_scalars", "log_metric", "log_metrics", "log_dict", "set_postfix", "set_description"),
    }
)
"""What functions are called that show what they are given, or write it down."""
_ASKING = (ast.If, ast.While, ast.Assert)


def is_only_shown(text: str, span: ev.Span | None) -> bool:
    """Whether a number that stands at a span is printed, or asked about, and not computed with."""
    if span is None:
        return False
    around = _around(text, span)
    statement = around[0] if around else None
    if isinstance(statement, _ASKING) or any(map(_shows_or_asks, around, around[1:])):
        return True
    if not isinstance(statement, ast.Expr):
        return False
    calls = [node for node in around if isinstance(node, ast.Call)]
    # The innermost call is what took the number out.
    return len(calls) < 2 or _last_name(calls[0]) in _SHOWING


def _shows_or_asks(node: ast.AST, within: ast.AST) -> bool:
    return isinstance(node, ast.FormattedValue) or (isinstance(node, ast.IfExp) and within is node.test)


def gives_numbers_itself(text: str, operation: ev.OperationRan) -> bool:
    """Whether an operation was given no number but what is written out where it is called."""
    numbers = [word for word in map(_value_of, operation.parameters.split(", ")) if _is_number(word)]
    if operation.parameters.endswith("…"):
        return False
    if not numbers and operation.inputs:
        return True
    span = operation.span
    within = None if span is None else _at(text, span)
    if within is None:
        return False
    names = [node for node in ast.walk(within) if isinstance(node, ast.Name)]
    function = _root(within.func) if isinstance(within, ast.Call) else None
    if all(name is function for name in names):
        return True
    constants = [node.value for node in ast.walk(within) if isinstance(node, ast.Constant)]
    return bool(numbers) and {repr(value) for value in constants}.issuperset(number.lstrip("-") for number in numbers)


def _value_of(word: str) -> str:
    return word.rpartition("=")[2]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _last_name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


@lru_cache(maxsize=4096)
def _around(text: str, span: ev.Span) -> tuple[ast.AST, ...]:
    """The innermost statement around a span, and what is around it in that, outermost first."""
    tree = _tree(text)
    found: list[ast.AST] = []
    level: list[ast.AST] = [] if tree is None else [tree]
    lines = _lines(text)
    while level:
        inner = next((node for node in level if _has(node, span, lines)), None)
        if inner is None:
            break
        if isinstance(inner, ast.stmt):
            found = []
        found.append(inner)
        level = list(ast.iter_child_nodes(inner))
    return tuple(found)


def _at(text: str, span: ev.Span) -> ast.AST | None:
    """What stands at a span exactly, or None."""
    lines = _lines(text)
    exact = [node for node in _around(text, span) if _place(node, lines) == _span(span)]
    return exact[-1] if exact else None


def _has(node: ast.AST, span: ev.Span, lines: list[str]) -> bool:
    if isinstance(node, ast.Module):
        return True
    place = _place(node, lines)
    if place is None:
        # Such as the arguments of a function, which have no place of their own.
        return any(_has(child, span, lines) for child in ast.iter_child_nodes(node))
    wanted = _span(span)
    return place[0] <= wanted[0] and wanted[1] <= place[1]


_Ends = tuple[tuple[int, int], tuple[int, int]]


def _span(span: ev.Span) -> _Ends:
    return (span.line, span.column), (span.end_line, span.end_column)


def _place(node: ast.AST, lines: list[str]) -> _Ends | None:
    if not isinstance(node, (ast.stmt, ast.expr)) or node.end_lineno is None or node.end_col_offset is None:
        return None
    start = node.lineno, characters(lines, node.lineno, node.col_offset)
    return start, (node.end_lineno, characters(lines, node.end_lineno, node.end_col_offset))


@lru_cache(maxsize=8)
def _tree(text: str) -> ast.Module | None:
    return tree_of(text)


@lru_cache(maxsize=8)
def _lines(text: str) -> list[str]:
    return lines_of(text)
