"""Ways through the program's variables to what they keep, found and followed without running any of its code."""

from __future__ import annotations

import re
import sys
from collections import deque
from contextlib import suppress
from itertools import islice
from types import MemberDescriptorType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.frames import MISSING, variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    _Steps = list[tuple[str, Any]]
    """What lies one step further on, each with the step: ".weight", "[0]"."""

_Module = torch.nn.Module
_Optimizer = torch.optim.Optimizer
_Tensor = torch.Tensor
_of_class = type.__getattribute__
_NOWHERE = (type, ModuleType, _Tensor)
_DEPTH = 4
_ITEMS, _ITEMS_OF_VARIABLES = 256, 4096
"""How many items of a container are looked at, and how many of one that is itself a variable."""
_VISITS, _FEW_VISITS = 20_000, 1_000
_VISITS_AT_FIRST, _VISITS_EARNED = 300_000, 100
"""How much is looked at in vain with no thought of how long that takes, and how much more with each tensor that is
asked for: a program may make hundreds of leaves in each iteration that it keeps nowhere."""
_FURTHER = 64
_SCOPES_KEPT, _PATHS_KEPT, _RECENT = 64, 40_000, 4


class Scope(NamedTuple):
    """Variables of one function that runs, or of a module.

    Attributes:
        key: What those of another function or module do not have.
        function: The id of the function's code, 0 for a module's.
        variables: Names and values.
    """

    key: tuple[int, bool]
    function: int
    variables: list[tuple[str, Any]]


class _Passed(msgspec.Struct, eq=False, gc=False):
    """What one kind of search has passed by in one scope.

    Attributes:
        paths: By the ids of tensors.
        recent: Where tensors were found last: what is made anew in each iteration is often kept at the same place.
        is_all: Whether it came to an end the last time.
    """

    paths: dict[int, str]
    recent: tuple[str, ...] = ()
    is_all: bool = False


class Ways:
    """Finds the ways to tensors, and remembers what it has passed by: of a thousand parameters, each is asked for.

    What is remembered holds nothing of the program's, and is gone over once more before it is told.
    """

    def __init__(self) -> None:
        self._passed: dict[tuple[tuple[int, bool], str], _Passed] = {}
        self._left = _VISITS_AT_FIRST

    def another(self) -> None:
        """Another tensor is asked for."""
        self._left = min(self._left + _VISITS_EARNED, _VISITS_AT_FIRST)

    def in_modules(self, tensor: torch.Tensor, scope: Scope, *, anew: bool) -> str | None:
        """The path of a parameter of a module that is itself a variable, or "".

        Args:
            tensor: The parameter.
            scope: Where the variable may be.
            anew: Whether to look for it; else what was passed by before tells, and None says that it does not.
        """
        if not anew:
            return self._known(tensor, scope, "modules")
        return self._look(tensor, scope, "modules", _of_modules(scope.variables))

    def through(self, tensor: torch.Tensor, scope: Scope, *, is_passing: bool, anew: bool) -> str | None:
        """The way to a tensor through containers and attributes, breadth first, or "".

        Args:
            tensor: The tensor.
            scope: Where it begins.
            is_passing: Whether it has a name of a kind already: then it is not looked for as long, nor in optimizers.
            anew: As for `in_modules`.
        """
        kind = "passing" if is_passing else "all"
        if not anew:
            return self._known(tensor, scope, kind)
        return self._look(tensor, scope, kind, _reachable(scope.variables, is_passing=is_passing))

    def _known(self, tensor: torch.Tensor, scope: Scope, kind: str) -> str | None:
        passed = self._passed.get((scope.key, kind))
        if passed is None:
            return None
        known = passed.paths.get(id(tensor), "")
        for path in (known, *passed.recent):
            if path and follow(path, scope.variables) is tensor:
                return path
        for position, path in enumerate(passed.recent if not known else ()):
            # What is appended to a list in each iteration comes behind what was before.
            following = _following(path)
            if following and follow(following, scope.variables) is tensor:
                passed.recent = (*passed.recent[:position], following, *passed.recent[position + 1 :])
                return following
        return "" if passed.is_all and not known else None

    def _look(self, tensor: torch.Tensor, scope: Scope, kind: str, ways: Iterable[tuple[str, _Steps]]) -> str:
        if self._left <= 0:
            return ""
        if len(self._passed) > _SCOPES_KEPT:
            self._passed.clear()
        passed = self._passed.setdefault((scope.key, kind), _Passed({}))
        if len(passed.paths) > _PATHS_KEPT:
            passed.paths.clear()
        found, visits, passed.is_all = _go(tensor, ways, passed.paths)
        if found:
            passed.recent = (found, *passed.recent[: _RECENT - 1])
        else:
            self._left -= visits
        return found


def _go(tensor: torch.Tensor, ways: Iterable[tuple[str, _Steps]], paths: dict[int, str]) -> tuple[str, int, bool]:
    """Go along ways until a tensor is met, and as far once more: what lies there is likely to be asked for.

    Returns:
        The way to it, "" where there is none; how much was looked at; and whether that was all.
    """
    passed: dict[int, str] = {}
    found, last, visits = "", sys.maxsize, 0
    for way, steps in ways:
        for step, part in steps:
            if issubclass(type(part), _Tensor) and id(part) not in passed:
                passed[id(part)] = way + step
        visits += len(steps)
        if not found and (found := passed.get(id(tensor), "")):
            last = 2 * visits + _FURTHER
        if visits >= last:
            break
    paths.update(passed)
    return found, visits, visits < last


def _of_modules(variables: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, _Steps]]:
    """The parameters of each variable that is a module."""
    for name, value in variables:
        if issubclass(type(value), _Module):
            yield name, _parameters(value)


def _reachable(variables: Iterable[tuple[str, Any]], *, is_passing: bool) -> Iterator[tuple[str, _Steps]]:
    """Everything that can be reached from variables, with the way to it, the shortest first."""
    seen: set[int] = set()
    left = _FEW_VISITS if is_passing else _VISITS
    unlikely: tuple[type, ...] = (*_NOWHERE, _Optimizer) if is_passing else _NOWHERE
    level = list(variables)
    lent: list[tuple[str, _Steps]] = []
    for depth in range(_DEPTH):
        deeper: list[tuple[str, Any]] = []
        first = _ITEMS if depth else _ITEMS_OF_VARIABLES
        for way, value in level:
            kind = type(value)
            if kind in _PLAIN or id(value) in seen or issubclass(kind, unlikely):
                continue
            seen.add(id(value))
            stand_ins: _Steps = []
            steps = _parameters(value, stand_ins) if issubclass(kind, _Module) else _steps(value, first)
            steps = steps[:left]
            yield way, steps
            if stand_ins:
                lent.append((way, stand_ins))
            left -= len(steps)
            if left <= 0:
                yield from lent
                return
            deeper += [(way + step, part) for step, part in steps if not issubclass(type(part), _Tensor)]
        level = deeper
    # Where a tensor lies for the time of a call (`torch.func.functional_call`), another has its place.
    yield from lent


def _steps(value: Any, first: int) -> _Steps:
    """What lies one step further on and is no number or the like: the first so many items and attributes."""
    kind = type(value)
    steps: _Steps = []
    if issubclass(kind, list):
        items = list.__getitem__(value, slice(first))
        steps += [(f"[{index}]", part) for index, part in enumerate(items) if type(part) not in _PLAIN]
    elif issubclass(kind, tuple):
        fields = _fields_of(kind)
        named = len(fields)
        items = tuple.__getitem__(value, slice(first))
        steps += [
            (f".{fields[index]}" if index < named else f"[{index}]", part)
            for index, part in enumerate(items)
            if type(part) not in _PLAIN
        ]
    elif issubclass(kind, dict):
        pairs = list(islice(dict.items(value), first))
        steps += [(f"[{key!r}]", part) for key, part in pairs if type(part) not in _PLAIN and _is_plain(key)]
    elif issubclass(kind, deque):
        items = list(islice(deque.__iter__(value), first))
        steps += [(f"[{index}]", part) for index, part in enumerate(items) if type(part) not in _PLAIN]
    else:
        steps += [(f".{key}", part) for key, part in _slots(value) if type(part) not in _PLAIN]
    attributes = list(islice(_attributes(value).items(), first))
    return steps + [(f".{key}", part) for key, part in attributes if type(part) not in _PLAIN]


def _fields_of(kind: type) -> tuple[str, ...]:
    """The names of a named tuple's items; () of any other tuple."""
    fields = vars(kind).get("_fields", ())
    return fields if type(fields) is tuple else ()


def _is_plain(key: Any) -> bool:
    return type(key) in _KEYS or (type(key) is tuple and all(type(each) in _KEYS for each in key))


_KEYS = frozenset({str, int, float, bool, bytes, type(None)})
"""Kinds of keys that can be written out without running any code of the program's."""
_PLAIN = frozenset({int, float, complex, str, bytes, bool, type(None), type(len), type(lambda: 0), torch.dtype})


def _attributes(value: Any) -> dict[str, Any]:
    """The instance's own attributes, without asking any property or `__getattr__`."""
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except Exception:  # noqa: BLE001 - some objects have none, some refuse in their own way
        return {}
    return attributes if type(attributes) is dict else {}


def _slots(value: Any) -> Iterator[tuple[str, Any]]:
    """The instance's attributes that its class has slots for."""
    for kind in _of_class(type(value), "__mro__"):
        members = _of_class(kind, "__dict__")
        if "__slots__" in members:
            for name, member in list(members.items()):
                if type(member) is MemberDescriptorType:
                    with suppress(AttributeError):
                        yield name, member.__get__(value)


_ROOT = re.compile(r"\w+")
_INDEX = re.compile(r"(.*\[)(\d+)(\].*)")
_STEP = re.compile(r"\.(\w+)|\[(-?\d+|'[^']*')\]")


def value_of(name: str, frame: FrameType) -> Any:
    """What the program has under a name such as "self.rows[0]" in a function; None where that cannot be read."""
    root = _ROOT.match(name)
    if root is None:
        return None
    value = variable(frame, root[0]) if frame.f_code.co_name != "<module>" else MISSING
    value = dict.get(frame.f_globals, root[0]) if value is MISSING else value
    return _along(name, root.end(), value)


def follow(path: str, variables: list[tuple[str, Any]]) -> Any:
    """What lies at the end of a way from variables; None where that cannot be read."""
    end, value = _start(path, variables)
    return _along(path, end, value)


def stands_in(path: str, tensor: torch.Tensor, variables: list[tuple[str, Any]]) -> bool:
    """Whether a path leads to a plain tensor in the place of a module's parameter."""
    before, _, name = path.rpartition(".")
    if not before or type(tensor) is not _Tensor:
        return False
    kept = _attributes(follow(before, variables)).get("_parameters")
    return issubclass(type(kept), dict) and dict.get(kept, name) is tensor


def owner_of(path: str, variables: list[tuple[str, Any]]) -> Any:
    """What has that as an attribute to which a way leads; None where its last step is another."""
    before, _, name = path.rpartition(".")
    return follow(before, variables) if before and name.isidentifier() else None


def root_of(path: str, variables: list[tuple[str, Any]]) -> Any:
    """What the variable is bound to with which a way begins; None where there is none."""
    return _start(path, variables)[1]


def _start(path: str, variables: list[tuple[str, Any]]) -> tuple[int, Any]:
    """How far the variable's name goes with which a way begins, and its value; None where there is none."""
    root = _ROOT.match(path)
    if root is None:
        return 0, None
    return root.end(), next((value for name, value in variables if name == root[0]), None)


def _following(path: str) -> str:
    """The way to the item behind that one: "rows[4].weight" after "rows[3].weight"; "" where it is by no number."""
    index = _INDEX.match(path)
    return f"{index[1]}{int(index[2]) + 1}{index[3]}" if index else ""


def _along(path: str, end: int, value: Any) -> Any:
    """What lies at the end of a way, which has come to a value so far."""
    while value is not None and end < len(path):
        step = _STEP.match(path, end)
        if step is None:
            return None
        value = _attribute(value, step[1]) if step[1] else _item(value, step[2])
        end = step.end()
    return value


def _attribute(value: Any, name: str) -> Any:
    attributes = _attributes(value)
    if name in attributes:
        return attributes[name]
    for kind in ("_parameters", "_buffers", "_modules"):
        kept = attributes.get(kind)
        if issubclass(type(kept), dict) and (part := dict.get(kept, name)) is not None:
            return part
    if issubclass(type(value), tuple):
        fields = _fields_of(type(value))
        return tuple.__getitem__(value, fields.index(name)) if name in fields else None
    return next((part for slot, part in _slots(value) if slot == name), None)


def _item(value: Any, key: str) -> Any:
    kind = type(value)
    if issubclass(kind, dict):
        return dict.get(value, key[1:-1] if key.startswith("'") else int(key))
    if key.startswith("'"):
        return None
    sequence: Any = next((each for each in (list, tuple, deque) if issubclass(kind, each)), None)
    if sequence is not None and -sequence.__len__(value) <= int(key) < sequence.__len__(value):
        return sequence.__getitem__(value, int(key))
    return None


def _items(found: Any) -> list[tuple[str, Any]]:
    """What a module keeps in a dictionary; scripted modules keep theirs in something else, which C++ must be asked."""
    return list(dict.items(found)) if issubclass(type(found), dict) else []


def _parameters(module: Any, stand_ins: _Steps | None = None) -> _Steps:
    """All parameters, buffers and plain tensors of a module and its children, as `named_parameters` names them.

    A plain tensor that lies in the place of a parameter goes to `stand_ins` where there is such a list.
    """
    found: _Steps = []
    aside = found if stand_ins is None else stand_ins
    stack, seen = [(".", module)], set[int]()
    while stack:
        prefix, each = stack.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        attributes = _attributes(each)
        for name, tensor in _items(attributes.get("_parameters")):
            if tensor is not None:
                (aside if type(tensor) is _Tensor else found).append((prefix + name, tensor))
        buffers = _items(attributes.get("_buffers"))
        found += [(prefix + name, tensor) for name, tensor in buffers if tensor is not None]
        for name, value in list(attributes.items()):
            kind = type(value)
            if issubclass(kind, _Tensor) or (kind in (list, tuple, dict) and value and not name.startswith("_")):
                found.append((prefix + name, value))
        children = [(f"{prefix}{name}.", child) for name, child in _items(attributes.get("_modules"))]
        stack.extend(reversed([(path, child) for path, child in children if child is not None]))
    return found


def parameter_of(module: Any, tensor: torch.Tensor) -> tuple[str, Any, str]:
    """What a module calls a parameter of its own, or of one right below it: the path to that, that, and its name there.

    None in its place where it is none of those.
    """
    kept = _attributes(module)
    below = [(f"{name}.", child) for name, child in _items(kept.get("_modules"))]
    for prefix, owner in (("", module), *below):
        for name, parameter in _items(_attributes(owner).get("_parameters")):
            if parameter is tensor:
                return prefix, owner, name
    return "", None, ""


def module_paths(root: Any) -> dict[int, str]:
    """The path of every module below a root, by its id; the root's own is ""."""
    paths: dict[int, str] = {}
    stack = [("", root)]
    while stack:
        path, module = stack.pop()
        if id(module) in paths:
            continue
        paths[id(module)] = path
        prefix = f"{path}." if path else ""
        children = _items(_attributes(module).get("_modules"))
        stack.extend(reversed([(prefix + name, child) for name, child in children if child is not None]))
    return paths
