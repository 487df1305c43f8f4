"""What a file of the user's says at a span: the text, and the names that its value is given to."""

from __future__ import annotations

import ast
import builtins
import sys
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.recording.loops import SourceLoops
from graphviz_app.recording.syntax import characters, lines_of, tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    from graphviz_app.recording.loops import Loop

_LONGEST_TEXT = 72
_PYTHONS = frozenset({"reduce", "prod", *dir(builtins)} - {"abs", "getattr", "pow", "reversed", "round"})
"""Functions of Python's own that call torch on their way."""
_ARE_INLINED = sys.version_info >= (3, 12)
"""Whether list comprehensions are no functions of their own."""
WHOLE = -1
"""In place of the position in a tuple that is returned: it is returned itself."""


class Statements:
    """The statements of one file.

    Args:
        text: The file's text; one that is no Python has no statements, and no harm is done.
    """

    def __init__(self, text: str) -> None:
        self._lines = lines_of(text)
        self._assigned: dict[tuple[int, int, int, int], tuple[str, ...]] = {}
        self._is_parsed = False
        self._stored: dict[tuple[int, int, int, int], str] = {}
        self._returned: dict[tuple[int, int, int, int], int] = {}
        self._called: dict[tuple[int, int, int, int], str] = {}
        self._unsure: set[tuple[int, int, int, int]] = set()
        self._parts: dict[tuple[int, int, int, int], str] = {}
        self._each: set[tuple[int, int, int, int]] = set()
        self._headers: dict[tuple[int, int, int, int], tuple[int, int, int, int]] = {}
        self._text = text
        self._starts: dict[int, int] = {}
        self._columns: dict[int, list[int]] = {}
        self._loops = SourceLoops(None)

    def span(self, file: int, position: tuple[int, int, int, int]) -> ev.Span:
        """A span of an instruction's position, whose columns count UTF-8 bytes."""
        line, end_line, column, end_column = position
        columns = characters(self._lines, line, column), characters(self._lines, end_line, end_column)
        if not self._is_parsed:
            self._parse()
        key = (line, columns[0], end_line, columns[1])
        # What comes next in a loop is asked for in its first line: Python may say that it is the whole loop that asks.
        return ev.Span(file, *self._headers.get(key, key))

    def at(self, span: ev.Span) -> tuple[str, tuple[str, ...], int]:
        """The text at a span, the names its value is given to, and the line at which its statement begins.

        Of several names one may have a star, as in the program; what has no plain name is "".
        """
        assigned = self._assigned
        targets = assigned.get((span.line, span.column, span.end_line, span.end_column), ())
        if not targets and span.column == ev.NONE:
            targets = assigned.get((span.line, ev.NONE, ev.NONE, ev.NONE), ())
        # Of an attribute that is set, Python tells where it stands, not what it is set to.
        text = self._stored.get((span.line, span.column, span.end_line, span.end_column)) or self._excerpt(span)
        return text, targets, self._starts.get(span.line, span.line)

    def column(self, span: ev.Span) -> int:
        """The column at which the statement of a span begins, of several that begin in its line; else 0."""
        columns = self._columns.get(span.line, ())
        at = bisect_right(columns, span.column) if columns else 0
        return columns[at - 1] if at else 0

    def returned(self, span: ev.Span) -> int | None:
        """Which part of what a function returns stands at a span, `WHOLE` for all of it; None where it is none."""
        return self._returned.get((span.line, span.column, span.end_line, span.end_column))

    def called(self, span: ev.Span) -> str:
        """The last name of what is called at a span ("run" in `self.model.run(x)`), "" where nothing is."""
        return self._called.get((span.line, span.column, span.end_line, span.end_column), "")

    def is_sure(self, span: ev.Span) -> bool:
        """Whether what torch computes at a span is what the program gives a name there."""
        return (span.line, span.column, span.end_line, span.end_column) not in self._unsure

    def part(self, span: ev.Span) -> str:
        """Which part of what is called at a span is given a name there: ".values", "[0]".

        "?" where nobody knows, "" where all of it is, or nothing.
        """
        return self._parts.get((span.line, span.column, span.end_line, span.end_column), "")

    def is_each(self, span: ev.Span) -> bool:
        """Whether a loop goes through what torch gives there: then each part of it has the name, one by one."""
        return (span.line, span.column, span.end_line, span.end_column) in self._each

    def has_loops(self, first: int, last: int) -> bool:
        """Whether there are any loops between two lines."""
        return self._loops.are_between(first, last)

    def loops(self, span: ev.Span, function: str) -> tuple[tuple[Loop, ...], Loop | None]:
        """The loops around a span of a function, outermost first, and the one, innermost, in whose header it stands."""
        head = self._loops.head(span, function)
        around = self._loops.around(span, function)
        return (around if head is None else (*around, head)), head

    def _parse(self) -> None:
        self._is_parsed = True
        tree = tree_of(self._text)
        if tree is None:
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.stmt):
                for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                    self._starts[line] = max(self._starts.get(line, 0), node.lineno)
                self._columns.setdefault(node.lineno, []).append(characters(self._lines, node.lineno, node.col_offset))
            self._note(node)
        self._columns = {line: sorted(columns) for line, columns in self._columns.items() if len(columns) > 1}
        self._loops = SourceLoops(tree, self._text)

    def _note(self, node: ast.AST) -> None:
        """What becomes of the values of the expressions of one node."""
        for target, value in _stores(node):
            self._stored[self._key(target)] = self._store(target, value)
        self._note_calls(node)
        for value, names, is_sure, part in _assignments(node):
            self._assigned.update(dict.fromkeys(self._keys(value), names))
            if part:
                self._parts.update(dict.fromkeys(self._keys(value), part))
            if not is_sure:
                self._unsure.update(self._keys(value))
            if not isinstance(node, ast.For):
                self._assigned.setdefault((value.lineno, ev.NONE, ev.NONE, ev.NONE), names)
        if isinstance(node, (ast.For, ast.AsyncFor)):
            self._note_loop(node)

    def _note_calls(self, node: ast.AST) -> None:
        """What a node calls, and what it returns."""
        for value, part in _returns(node):
            self._returned.update(dict.fromkeys(self._keys(value), part))
        for value in _gone_through(node):
            # The program's variables tell which of them has which name.
            self._returned.update(dict.fromkeys(self._keys(value), WHOLE))
            self._unsure.update(self._keys(value))
        if (mapped := _mapped(node)) is not None:
            # It calls the function, for one name after the other.
            self._called.update(dict.fromkeys(self._keys(mapped[0]), mapped[1]))
            self._unsure.update(self._keys(mapped[0]))
        # While a coroutine runs, whoever awaits it is where the `await` stands.
        call = node.value if isinstance(node, ast.Await) else node
        if isinstance(call, ast.Call) and isinstance(node, ast.expr) and (name := _called(call)):
            for key in self._keys(node):
                self._called.setdefault(key, name)

    def _note_loop(self, node: ast.For | ast.AsyncFor) -> None:
        """What a loop goes through, and the names of what it takes of that."""
        whole, value, target = self._key(node), node.iter, node.target
        header = self._headers[whole] = (*whole[:2], *self._key(value)[2:])
        names = tuple(_names(target)) if isinstance(target, (ast.Tuple, ast.List)) else (_name(target),)
        # It may go through several things at once: `enumerate(xs)`, `zip(xs, ys)`.
        parts = value.args if isinstance(value, ast.Call) and not _is_result(value) else []
        for key in (header, *(key for part in (value, *parts) for key in self._keys(part))):
            # Of all that is computed for the next round, the program's variables tell what has the names.
            self._assigned[key] = names
            self._unsure.add(key)
            self._each.add(key)

    def _keys(self, node: ast.expr | ast.stmt) -> Iterator[tuple[int, int, int, int]]:
        """Where Python may say that an expression stands."""
        key = self._key(node)
        yield key
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            method = node.func
            line, column = method.end_lineno or method.lineno, method.end_col_offset or 0
            if line != method.lineno:
                # Of a chain of calls over several lines, each stands where its method's name does.
                yield (line, characters(self._lines, line, column - len(method.attr.encode())), *key[2:])

    def _key(self, node: ast.expr | ast.stmt) -> tuple[int, int, int, int]:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset
        return (
            node.lineno,
            characters(self._lines, node.lineno, node.col_offset),
            end_line,
            ev.NONE if end_column is None else characters(self._lines, end_line, end_column),
        )

    def _store(self, target: ast.expr, value: ast.expr | ast.stmt | None) -> str:
        """How an attribute is set ("w.grad = None"), or deleted."""
        if isinstance(value, ast.stmt):
            return self._excerpt(ev.Span(0, *self._key(value)))
        name = self._excerpt(ev.Span(0, *self._key(target)))
        if value is None:
            return f"del {name}"
        return _shortened(f"{name} = {self._excerpt(ev.Span(0, *self._key(value)))}")

    def _excerpt(self, span: ev.Span) -> str:
        if not 0 < span.line <= len(self._lines):
            return ""
        if span.column == ev.NONE or span.end_line == ev.NONE:
            text = self._lines[span.line - 1]
        elif span.end_line == span.line:
            text = self._lines[span.line - 1][span.column : span.end_column]
        else:
            text = self._lines[span.line - 1][span.column :] + " …"
        return _shortened(text.strip())


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def _stores(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | ast.stmt | None]]:
    """Attributes that this node sets, each with what it is set to; None where it is deleted.

    Where it is unpacked from something, that is the whole statement.
    """
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _set(target, value, node)
        case ast.AnnAssign(target=ast.Attribute() as target, value=ast.expr() as value):
            yield target, value
        case ast.Delete(targets=targets):
            yield from ((target, None) for target in targets if isinstance(target, ast.Attribute))
        case _:
            return


def _set(target: ast.expr, value: ast.expr | None, node: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr | ast.stmt]]:
    """Attributes in a target of a statement, with what they are set to."""
    match target:
        case ast.Attribute():
            yield target, value or node
        case ast.Starred(value=part):
            yield from _set(part, None, node)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            values: list[ast.expr] | list[None] = [None] * len(parts)
            if value is not None and _is_plain_row(value) and _is_plain_row(target) and len(value.elts) == len(parts):
                values = value.elts
            for part, part_value in zip(parts, values, strict=True):
                yield from _set(part, part_value, node)
        case _:
            return


class _Assigned(NamedTuple):
    """An expression, or a statement, whose value the program gives names to.

    Attributes:
        value: The expression.
        names: The names.
        is_sure: Whether what torch computes there is what has the names. `max(a, b)` compares, `sum(xs)` adds and adds,
            `x in xs` looks for equals, and of `y, = x` it is only a part.
        part: Which part of it has the name, "?" where that is not written out; "" where all of it has.
    """

    value: ast.expr | ast.stmt
    names: tuple[str, ...]
    is_sure: bool = True
    part: str = ""


def _assignments(node: ast.AST) -> Iterator[_Assigned]:
    """Expressions whose values this node gives names to, and the names."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from _pair(targets[-1], value)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            yield from _pair(target, value)
        case ast.AugAssign(target=target):
            # The operation of `w -= g` is the whole statement.
            yield _Assigned(node, (_name(target),))
        case ast.For(target=target):
            yield from _unpacked(target)
        case _:
            return


def _returns(node: ast.AST) -> Iterator[tuple[ast.expr, int]]:
    """Expressions that this node returns from a function, and which part of what is returned they are."""
    match node:
        case ast.Return(value=ast.Tuple() as value) if _is_plain_row(value):
            yield from ((part, position) for position, part in enumerate(value.elts))
        case ast.Return(value=ast.expr() as value) | ast.Lambda(body=value):
            yield from ((each, WHOLE) for each in _choices(value))
        case _:
            return


def _gone_through(node: ast.AST) -> Iterator[ast.expr]:
    """What a comprehension computes for each of several names: `q, k, v = [layer(x) for layer in layers]`.

    It is what the comprehension's own function returns, one by one, where it is a function.
    """
    match node:
        case ast.Assign(targets=[*_, ast.Tuple() | ast.List()], value=value):
            pass
        case _:
            return
    match value:
        case ast.Call(func=ast.Name(id="list" | "tuple"), args=[only]):
            value = only
        case _:
            pass
    if isinstance(value, ast.GeneratorExp) or (isinstance(value, ast.ListComp) and not _ARE_INLINED):
        yield from _choices(value.elt)


def _mapped(node: ast.AST) -> tuple[ast.expr, str] | None:
    """What calls the function of `query, key = map(function, xs)`, which is to be unpacked, and that one's last name.

    That is whoever asks for the next of what it gives.
    """
    match node:
        case ast.Assign(targets=[*_, (ast.Tuple() | ast.List()) as target], value=ast.Call() as value):
            pass
        case _:
            return None
    asking: ast.expr = target
    match value:
        case ast.Call(func=ast.Name(id="list" | "tuple"), args=[ast.Call() as only]):
            asking, value = value, only
        case _:
            pass
    match value:
        case ast.Call(func=ast.Name(id="map"), args=[function, _, *_]):
            return asking, _last_name(function)
        case _:
            return None


def _called(node: ast.Call) -> str:
    return _last_name(node.func)


def _last_name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Lambda():
            return "<lambda>"
        case _:
            # What was kept in a container, or another call's result.
            return "[]"


def _choices(value: ast.expr) -> Iterator[ast.expr]:
    """An expression, and where it chooses one of several, each of them."""
    yield value
    if isinstance(value, ast.IfExp):
        yield from _choices(value.body)
        yield from _choices(value.orelse)


def _pair(target: ast.expr, value: ast.expr) -> Iterator[_Assigned]:
    for choice in _choices(value):
        yield from _pair_one(target, choice)


def _pair_one(target: ast.expr, value: ast.expr) -> Iterator[_Assigned]:
    if not isinstance(target, (ast.Tuple, ast.List)):
        yield from _named(_name(target), value)
    elif _is_plain_row(value) and _is_plain_row(target) and len(value.elts) == len(target.elts):
        for part, part_value in zip(target.elts, value.elts, strict=True):
            yield from _pair(part, part_value)
    else:
        names = tuple(_names(target))
        yield _Assigned(value, names, _is_plain(target, names) and len(names) > 1 and _is_result(value))
        yield from _unpacked(target)


def _named(name: str, value: ast.expr) -> Iterator[_Assigned]:
    """An expression with its name, and what it displays (`[x + 1, x + 2]`) with the names that it can be had by."""
    yield _Assigned(value, (name,), _is_result(value))
    if name and _is_plain_row(value):
        for index, part in enumerate(value.elts):
            # Of data that is written out there may be very much.
            if not isinstance(part, ast.Constant):
                yield from _named(f"{name}[{index}]", part)
    elif name and isinstance(value, ast.Dict):
        for key, part in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant):
                yield from _named(f"{name}[{key.value!r}]", part)
    whole = value
    while isinstance(whole, (ast.Attribute, ast.Subscript)):
        whole = whole.value
    if name and isinstance(value, (ast.Attribute, ast.Subscript)) and isinstance(whole, ast.Call):
        # `x.max(0).values`, `x.split(2)[0]`: of what is called there, a part may be what has the name.
        yield _Assigned(whole, (name,), is_sure=False, part=_part(value) if value.value is whole else "?")


def _part(value: ast.Attribute | ast.Subscript) -> str:
    """The last step of an expression: ".values", "[0]", "['out']"; "?" where it is not written out."""
    match value:
        case ast.Attribute(attr=name):
            return f".{name}"
        case ast.Subscript(slice=ast.Constant(value=key)):
            return f"[{key!r}]"
        case ast.Subscript(slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(index)))):
            return f"[-{index}]"
        case _:
            return "?"


def _is_result(value: ast.expr) -> bool:
    """Whether an expression's value is what torch gives there, rather than made of it by Python."""
    match value:
        case ast.Call(func=ast.Name(id=name)):
            return name not in _PYTHONS
        case ast.Call(func=ast.Attribute(attr=name)):
            return name not in ("index", "count", "reduce", "prod")
        case ast.Compare(left=left, ops=[only], comparators=[right]):
            displays = (ast.List, ast.Tuple, ast.Dict, ast.Set)
            looks = isinstance(only, (ast.In, ast.NotIn))
            return not (looks or isinstance(left, displays) or isinstance(right, displays))
        case ast.Compare():
            return False
        case _:
            return True


def _is_plain(target: ast.Tuple | ast.List, names: tuple[str, ...]) -> bool:
    """Whether what is unpacked has no star, or none but its own."""
    return len(names) == len(target.elts) or not any(name.startswith("*") for name in names)


def _is_plain_row(node: ast.expr) -> TypeGuard[ast.Tuple | ast.List]:
    return isinstance(node, (ast.Tuple, ast.List)) and not any(isinstance(part, ast.Starred) for part in node.elts)


def _unpacked(target: ast.expr) -> Iterator[_Assigned]:
    """Tensors that are themselves unpacked (`a, b = x * 2`), which is where the names stand."""
    if isinstance(target, (ast.Tuple, ast.List)):
        names = tuple(_names(target))
        yield _Assigned(target, names, _is_plain(target, names))
        for part in target.elts:
            yield from _unpacked(part)


def _names(target: ast.Tuple | ast.List) -> Iterator[str]:
    """The names of all parts, those of nested ones too: a result's tensors are looked through in that order."""
    for part in target.elts:
        if isinstance(part, (ast.Tuple, ast.List)):
            yield from _names(part)
        else:
            yield f"*{_name(part)}" if isinstance(part, ast.Starred) else _name(part)


def _name(target: ast.expr) -> str:
    """A name or an attribute path; "" for what has no plain name."""
    match target:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            owner = _name(value)
            return f"{owner}.{attribute}" if owner else ""
        case ast.Starred(value=value):
            return _name(value)
        case ast.Subscript(value=value, slice=ast.Constant(value=key)):
            owner = _name(value)
            return f"{owner}[{key!r}]" if owner else ""
        case _:
            return ""
