"""What the program calls a tensor: a variable, a parameter of a module, an item of a container, an attribute."""

from __future__ import annotations

import dis
import re
import sys
from collections import deque
from contextlib import suppress
from itertools import islice
from types import CodeType, MemberDescriptorType, ModuleType
from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__, original_builtins  # noqa: F401
from graphviz_app.tracer.frames import MISSING, local_variables, variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

    from graphviz_app.tracer.places import Places

_Module = torch.nn.Module
_Optimizer = torch.optim.Optimizer
_Parameter = torch.nn.Parameter
_Tensor = torch.Tensor
_of_class = type.__getattribute__
_NOWHERE = (type, ModuleType, _Tensor)
_DEPTH = 4
_ITEMS = 256
_FIRST = slice(_ITEMS)
_GLOBALS = 1000
_CODES_KEPT = 1000
_VISITS, _FEW_VISITS = 20_000, 1_000


class Names:
    """Looks through the program's variables, without running any of its code.

    Attributes:
        globals: The program's own global variables, None while nothing is known of them.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self.globals: dict[str, Any] | None = None

    def of(self, tensor: torch.Tensor, frame: FrameType | None = None) -> str:
        """The shortest name by which the program can reach a tensor from where it is, or ""."""
        scopes = [*self._scopes(frame)]
        # What a loop calls it is its name only for a moment, or whichever was the last: rather where it is kept.
        kept = [[each for each in variables if each[0] not in targets] for variables, targets in scopes]
        passing = [[each for each in variables if each[0] in targets] for variables, targets in scopes]
        if found := _among(tensor, kept):
            return found
        momentary = _among(tensor, passing)
        return _searched(tensor, kept, is_passing=bool(momentary)) or momentary or _searched(tensor, passing)

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The program's global variables that are tensors."""
        for name, value in list((self.globals or {}).items())[:_GLOBALS]:
            if not name.startswith("_") and issubclass(type(value), _Tensor):
                yield name, value

    def _scopes(self, frame: FrameType | None) -> Iterator[tuple[list[tuple[str, Any]], frozenset[str]]]:
        """Variables and which of them are targets of loops; outermost first: a module's outlive those of a function."""
        variables = self.globals if self.globals is not None else vars(sys.modules["__main__"])
        frames: list[FrameType] = []
        top: FrameType | None = None
        while frame is not None:
            if self._places.is_user_code(frame.f_code):
                frames.append(frame)
                if frame.f_globals is variables and frame.f_code.co_name == "<module>":
                    top = frame
            frame = frame.f_back
        nothing = frozenset[str]()
        yield _globals(variables), nothing if top is None else loop_targets(top.f_code)
        modules = [variables]
        for each in reversed(frames):
            if each is top:
                continue
            targets = loop_targets(each.f_code)
            is_module = each.f_code.co_name == "<module>"
            if not any(each.f_globals is module for module in modules):
                # Another file's, of which nobody knows any loop that runs no more.
                modules.append(each.f_globals)
                yield _globals(each.f_globals), targets if is_module else nothing
            if not is_module:
                yield list(local_variables(each)), targets


def _globals(variables: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in list(variables.items()) if not _is_pythons(name)]


def _is_pythons(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


_targets: dict[int, tuple[CodeType, frozenset[str]]] = {}


def loop_targets(code: CodeType) -> frozenset[str]:
    """The variables to which the `for` loops of a piece of code assign."""
    # By the id of a code object, which the value keeps alive: hashing code objects is slow.
    known = _targets.get(id(code))
    if known is None:
        if len(_targets) > _CODES_KEPT:
            _targets.clear()
        with original_builtins():
            known = _targets[id(code)] = (code, _loop_targets(code))
    return known[1]


def _loop_targets(code: CodeType) -> frozenset[str]:
    found: set[str] = set()
    # How many stores are still to come, of the target of a loop that has just begun.
    due = 0
    for each in dis.get_instructions(code):
        if each.opname == "FOR_ITER":
            due = 1
        elif due and each.opname in ("UNPACK_SEQUENCE", "UNPACK_EX"):
            # The low byte and the high byte count what comes before and after a starred name.
            due += (each.arg or 0) % 256 + (each.arg or 0) // 256 - (each.opname == "UNPACK_SEQUENCE")
        elif due and each.opname.startswith("STORE_"):
            names = each.argval if type(each.argval) is tuple else (each.argval,)
            found.update(names[:due])
            due -= len(names)
            due = max(due, 0)
        elif each.opname not in ("EXTENDED_ARG", "CACHE", "NOP"):
            due = 0
    return frozenset(found)


def _among(tensor: torch.Tensor, scopes: list[list[tuple[str, Any]]]) -> str:
    """The name of a tensor that is itself a variable, or a parameter of a module that is one; or ""."""
    if issubclass(type(tensor), _Parameter):
        # Also before a variable that is assigned: `first = next(model.parameters())`.
        for variables in scopes:
            if found := _in_modules(tensor, variables):
                return found
    return next((name for variables in scopes for name, value in variables if value is tensor), "")


def _searched(tensor: torch.Tensor, scopes: list[list[tuple[str, Any]]], *, is_passing: bool = False) -> str:
    """The way to a tensor through containers and attributes, or ""."""
    return next((path for each in scopes if (path := _Search(tensor, is_passing=is_passing).through(each))), "")


def _in_modules(parameter: torch.Tensor, variables: Iterable[tuple[str, Any]]) -> str:
    """The path of a parameter of a module that is itself a variable, or ""."""
    for name, value in variables:
        if issubclass(type(value), _Module):
            for path, part in _parameters(value):
                if part is parameter:
                    return f"{name}.{path}"
    return ""


class _Search:
    """Looks for one tensor through variables, containers and attributes, breadth first.

    Args:
        tensor: The tensor.
        is_passing: Whether it has a name of a kind already: then it is not looked for as long, nor in optimizers.
    """

    def __init__(self, tensor: torch.Tensor, *, is_passing: bool = False) -> None:
        self._tensor = tensor
        self._seen: set[int] = set()
        self._left = _FEW_VISITS if is_passing else _VISITS
        self._unlikely: tuple[type, ...] = (*_NOWHERE, _Optimizer) if is_passing else _NOWHERE

    def through(self, variables: Iterable[tuple[str, Any]]) -> str:
        level = list(variables)
        for _ in range(_DEPTH):
            deeper: list[tuple[str, Any]] = []
            for name, value in level:
                for path, part in self._parts(name, value):
                    if part is self._tensor:
                        return path
                    deeper.append((path, part))
                    self._left -= 1
                    if self._left <= 0:
                        return ""
            level = deeper
        return ""

    def _parts(self, name: str, value: Any) -> Iterator[tuple[str, Any]]:
        kind = type(value)
        if kind in _PLAIN or id(value) in self._seen or issubclass(kind, self._unlikely):
            return
        self._seen.add(id(value))
        if issubclass(kind, _Module):
            yield from ((f"{name}.{path}", part) for path, part in _parameters(value))
            return
        yield from ((name + step, part) for step, part in _items_of(value))
        yield from ((f"{name}.{key}", part) for key, part in list(_attributes(value).items())[:_ITEMS])


def _items_of(value: Any) -> Iterator[tuple[str, Any]]:
    """The items of a container, and what else keeps things in places of its own, each with how it is reached."""
    kind = type(value)
    if issubclass(kind, list):
        yield from ((f"[{index}]", part) for index, part in enumerate(list.__getitem__(value, _FIRST)))
    elif issubclass(kind, tuple):
        fields = vars(kind).get("_fields", ())
        for index, part in enumerate(tuple.__getitem__(value, _FIRST)):
            known = type(fields) is tuple and index < len(fields)
            yield f".{fields[index]}" if known else f"[{index}]", part
    elif issubclass(kind, dict):
        yield from ((f"[{key!r}]", part) for key, part in list(dict.items(value))[:_ITEMS] if _is_plain(key))
    elif issubclass(kind, deque):
        yield from ((f"[{index}]", part) for index, part in enumerate(islice(deque.__iter__(value), _ITEMS)))
    else:
        yield from ((f".{key}", part) for key, part in _slots(value))


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
_STEP = re.compile(r"\.(\w+)|\[(-?\d+|'[^']*')\]")


def value_of(name: str, frame: FrameType) -> Any:
    """What the program has under a name such as "self.rows[0]" in a function; None where that cannot be read."""
    root = _ROOT.match(name)
    if root is None:
        return None
    value = variable(frame, root[0]) if frame.f_code.co_name != "<module>" else MISSING
    value = dict.get(frame.f_globals, root[0]) if value is MISSING else value
    end = root.end()
    while value is not None and end < len(name):
        step = _STEP.match(name, end)
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
        for key, part in _items(attributes.get(kind)):
            if key == name:
                return part
    return None


def _item(value: Any, key: str) -> Any:
    kind = type(value)
    if kind is dict:
        return value.get(key[1:-1] if key.startswith("'") else int(key))
    if kind in (list, tuple) and not key.startswith("'") and -len(value) <= int(key) < len(value):
        return value[int(key)]
    return None


def _items(found: Any) -> list[tuple[str, Any]]:
    """What a module keeps in a dictionary; scripted modules keep theirs in something else, which C++ must be asked."""
    return list(dict.items(found)) if issubclass(type(found), dict) else []


def _parameters(module: Any) -> Iterator[tuple[str, Any]]:
    """All parameters, buffers and plain tensors of a module and its children, as `named_parameters` names them."""
    stack, seen = [("", module)], set[int]()
    while stack:
        prefix, each = stack.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        attributes = _attributes(each)
        for kind in ("_parameters", "_buffers"):
            for name, tensor in _items(attributes.get(kind)):
                yield prefix + name, tensor
        for name, value in list(attributes.items()):
            if issubclass(type(value), _Tensor) or (type(value) in (list, tuple, dict) and not name.startswith("_")):
                yield prefix + name, value
        children = [(f"{prefix}{name}.", child) for name, child in _items(attributes.get("_modules"))]
        stack.extend(reversed([(path, child) for path, child in children if child is not None]))


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
