"""What the program calls a tensor: a variable, a parameter of a module, an item of a container, an attribute."""

from __future__ import annotations

import dis
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from graphviz_app.own import __builtins__, original_builtins  # noqa: F401
from graphviz_app.tracer.frames import local_variable, local_variables
from graphviz_app.tracer.ways import Scope, Ways, follow, owner_of, parameter_of, root_of, stands_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import CodeType, FrameType

    from graphviz_app.tracer.places import Places

_Module = torch.nn.Module
_Parameter = torch.nn.Parameter
_Tensor = torch.Tensor
_GLOBALS = 1000
_CODES_KEPT = 1000


class Name(NamedTuple):
    """What the program calls a tensor.

    Attributes:
        text: The name; "" where it has none.
        function: The id of the code of the function whose variable it begins with, 0 where it is a module's.
        root: The id of what that variable is bound to.
        owner: The id of the module whose parameter it is by that name, and that of its class; 0 and 0 where it is none.
    """

    text: str
    function: int
    root: int
    owner: tuple[int, int] = (0, 0)


class Making(NamedTuple):
    """A parameter of a module that is being made.

    Attributes:
        text: What it is called where it is made, "" where nothing tells.
        part: What its module calls it, "" where it is none of its.
        owner: As in a `Name`.
    """

    text: str = ""
    part: str = ""
    owner: tuple[int, int] = (0, 0)


class Names:
    """Looks through the program's variables, without running any of its code.

    Attributes:
        globals: The program's own global variables, None while nothing is known of them.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._ways = Ways()
        self._top: CodeType | None = None
        self.globals: dict[str, Any] | None = None

    def of(self, tensor: torch.Tensor, frame: FrameType | None = None) -> Name | None:
        """The shortest name by which the program can reach a tensor from where it is.

        None while a module is being made: what it is called elsewhere, nobody knows yet.
        """
        if _is_making_module(frame):
            return None
        self._ways.another()
        # What a loop calls it is its name only for a moment, or whichever was the last: rather where it is kept.
        kept: list[Scope] = []
        passing: list[Scope] = []
        for key, function, variables, targets in self._scopes(frame):
            rest = [each for each in variables if each[0] not in targets] if targets else variables
            kept.append(Scope((key, False), function, rest))
            if targets:
                passing.append(Scope((key, True), function, [each for each in variables if each[0] in targets]))
        text = self._remembered(tensor, kept, passing) or self._looked_for(tensor, kept, passing)
        for scope in (*kept, *passing) if text else ():
            if follow(text, scope.variables) is tensor:
                owner = owner_of(text, scope.variables)
                return Name(text, scope.function, id(root_of(text, scope.variables)), _identity(owner))
        return Name(text, 0, 0)

    def in_making(self, tensor: torch.Tensor, frame: FrameType | None) -> Making:
        """What a parameter is called in the function that makes its module, or has it made.

        `self.fc = nn.Linear(2, 2)` is about to call its parameters "self.fc.weight" and "self.fc.bias". They may be
        replaced before anything else has a name for them.
        """
        module: Any = None
        while frame is not None and module is None:
            maker = local_variable(frame, 0) if frame.f_code.co_name == "__init__" else None
            if issubclass(type(maker), _Module):
                module = maker
            else:
                frame = frame.f_back
        path, owner, part = parameter_of(module, tensor)
        if not part or frame is None:
            return Making()
        prefix = self._prefix_of_made(frame)
        return Making(f"{prefix}.{path}{part}" if prefix else "", part, _identity(owner))

    def _prefix_of_made(self, frame: FrameType) -> str:
        """What the module is or will be called that is made by a call of `__init__`; "" where nothing tells."""
        if self._places.is_user_code(frame.f_code):
            return frame.f_code.co_varnames[0]
        caller = frame.f_back
        if caller is None or not self._places.is_user_code(caller.f_code):
            return ""
        site = self._places.site_of(caller)
        return site.targets[0] if len(site.targets) == 1 and site.is_sure and not site.part else ""

    def leads_to(self, text: str, tensor: torch.Tensor) -> bool:
        """Whether a tensor is had by a name from the program's own global variables."""
        return self.globals is not None and follow(text, list(self.globals.items())) is tensor

    def leads_nowhere(self, text: str) -> bool:
        """Whether nothing is had any more by a name from the program's own global variables."""
        return self.globals is not None and follow(text, list(self.globals.items())) is None

    def _remembered(self, tensor: torch.Tensor, kept: list[Scope], passing: list[Scope]) -> str:
        """As `_looked_for`, by what was passed by when another tensor was looked for; "" where that does not tell."""
        found = self._in_modules(tensor, kept, anew=False)
        if found is None or found:
            return found or ""
        if found := _variable(tensor, kept):
            # A module that was made since may have it as its parameter.
            return "" if issubclass(type(tensor), _Parameter) else found
        momentary = self._in_modules(tensor, passing, anew=False) or _variable(tensor, passing)
        return self._through(tensor, kept, is_passing=bool(momentary), anew=False) or ""

    def _looked_for(self, tensor: torch.Tensor, kept: list[Scope], passing: list[Scope]) -> str:
        # A module's path comes also before a variable that is assigned: `first = next(model.parameters())`.
        if found := self._in_modules(tensor, kept, anew=True) or _variable(tensor, kept):
            return found
        momentary = self._in_modules(tensor, passing, anew=True) or _variable(tensor, passing)
        if found := self._through(tensor, kept, is_passing=bool(momentary), anew=True):
            return found
        return momentary or self._through(tensor, passing, is_passing=False, anew=True) or ""

    def _in_modules(self, tensor: torch.Tensor, scopes: list[Scope], *, anew: bool) -> str | None:
        """The path of a parameter of a module that is itself a variable, or ""; None where nobody has looked."""
        if not issubclass(type(tensor), _Parameter):
            return ""
        return _first(self._ways.in_modules(tensor, each, anew=anew) for each in scopes)

    def _through(self, tensor: torch.Tensor, scopes: list[Scope], *, is_passing: bool, anew: bool) -> str | None:
        """The way to a tensor through containers and attributes, or ""; None where nobody has looked."""
        lent = ""
        for each in scopes:
            way = self._ways.through(tensor, each, is_passing=is_passing, anew=anew)
            if not way or not stands_in(way, tensor, each.variables):
                if way != "":
                    return way
            else:
                # Where it lies for the time of a call (`torch.func.functional_call`), another has its place.
                lent = lent or way
        return lent if anew or not lent else None

    def tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The program's global variables that are tensors."""
        for name, value in list((self.globals or {}).items())[:_GLOBALS]:
            if not name.startswith("_") and issubclass(type(value), _Tensor):
                yield name, value

    def _scopes(self, frame: FrameType | None) -> Iterator[tuple[int, int, list[tuple[str, Any]], frozenset[str]]]:
        """What tells these variables from others, whose function's they are, they, and which are targets of loops.

        Outermost first: a module's variables outlive those of a function.
        """
        variables = self.globals if self.globals is not None else vars(sys.modules["__main__"])
        frames: list[FrameType] = []
        top: FrameType | None = None
        while frame is not None:
            if self._places.is_user_code(frame.f_code):
                frames.append(frame)
                if frame.f_globals is variables and frame.f_code.co_name == "<module>":
                    top, self._top = frame, frame.f_code
            frame = frame.f_back
        nothing = frozenset[str]()
        yield id(variables), 0, _globals(variables), nothing if self._top is None else loop_targets(self._top)
        modules = [variables]
        for each in reversed(frames):
            if each is top:
                continue
            targets = loop_targets(each.f_code)
            is_module = each.f_code.co_name == "<module>"
            if not any(each.f_globals is module for module in modules):
                # Another file's, of which nobody knows any loop that runs no more.
                modules.append(each.f_globals)
                yield id(each.f_globals), 0, _globals(each.f_globals), targets if is_module else nothing
            if not is_module:
                yield id(each.f_code), id(each.f_code), list(local_variables(each)), targets


def _globals(variables: dict[str, Any]) -> list[tuple[str, Any]]:
    # Without Python's own, such as `__file__`.
    return [each for each in list(variables.items()) if each[0][:2] != "__" or each[0][-2:] != "__"]


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


def _identity(module: Any) -> tuple[int, int]:
    return (id(module), id(type(module))) if issubclass(type(module), _Module) else (0, 0)


def _is_making_module(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "__init__" and issubclass(type(local_variable(frame, 0)), _Module):
            return True
        frame = frame.f_back
    return False


def _first(ways: Iterable[str | None]) -> str | None:
    """The first way that there is; "" where there is none, None where one is not known before."""
    return next((way for way in ways if way != ""), "")


def _variable(tensor: torch.Tensor, scopes: list[Scope]) -> str:
    """The name of a tensor that is itself a variable, or ""."""
    return next((name for scope in scopes for name, value in scope.variables if value is tensor), "")
