"""Which `nn.Module` is running: read off the stack, so that no hook has to be installed.

A module runs while it is called, and while a method of it runs that the program has written and calls by itself, as in
`model.training_step(batch)`; but not while it is being made.
"""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer.frames import MISSING, is_method, local_variable
from graphviz_app.tracer.ways import module_paths

if TYPE_CHECKING:
    from types import FrameType

    from graphviz_app.tracer.places import Place, Places

CALL = torch.nn.Module._call_impl.__code__
_Module = torch.nn.Module
_own_of: Any = object.__getattribute__
_item_of = dict.__getitem__
_OWN = "_non_persistent_buffers_set"
"""What each module has of its own, and what keeps nothing alive: a weak reference the program could count."""
_ROOTS_KEPT, _KEPT = 256, 1024
_MODULES_A_CALL = 8
"""How many modules are looked at, on average, for a call of one that is nowhere below: recording it takes longer."""


class _Root(msgspec.Struct, eq=False, gc=False):
    """An outermost module that has run.

    Attributes:
        own: What tells it from another one at its address.
        paths: Of the modules below it, by id.
        absent: Modules that were called by it and not found below it, by id, and what tells each from another one.
        asked: How often one of these was called since the root was last looked through.
    """

    own: Any
    paths: dict[int, str]
    absent: dict[int, Any]
    asked: int = 0


class ModulePaths:
    """Paths of modules below the outermost module that runs, such as "blocks.3.attn"."""

    def __init__(self) -> None:
        self._roots: dict[int, _Root] = {}

    def of(self, places: Places, place: Place | None) -> tuple[str, str, int]:
        """Path and class of the module that runs at the place that was found last, below the outermost that runs.

        Both are "" where none runs. Besides, which call of the stack is of a method of the outermost that the program
        calls by itself, from 0, outermost first; NONE where it calls the outermost.
        """
        innermost, outermost, depth = places.inner, places.outer, ev.NONE
        module = MISSING
        if place is not None and place.outer_methods:
            # Where a module was called, its own `forward` is no news.
            steps, within = (place.methods, len(places.frames)) if innermost is None else (place.steps, places.within)
            for index in steps:
                if index >= within:
                    break
                each = local_variable(places.frames[index], 0)
                if issubclass(type(each), _Module):
                    innermost, module = places.frames[index], each
                    break
            if place.outer_methods[0] >= places.beyond:
                outermost, depth = _outermost(places, place)
        if innermost is None or outermost is None:
            return "", "", ev.NONE
        if module is MISSING:
            module = local_variable(innermost, 0)
        root = local_variable(outermost, 0)
        if module is MISSING or root is MISSING:
            return "", "", ev.NONE
        kind = type(module).__name__
        known = self._known(root)
        path = known.paths.get(id(module))
        if path is None or not _is_at(path, root, module):
            path = self._look_again(known, root, module) or self._below_another(innermost, outermost, module)
        return path, kind, depth

    def _below_another(self, innermost: FrameType, outermost: FrameType, module: Any) -> str:
        """The path of a module that is not below the outermost: below the next one that runs and has it, or "".

        A teacher may be kept in a plain list, so that its parameters are not the student's.
        """
        found, frame = "", innermost.f_back
        while frame is not None and frame is not outermost:
            root = local_variable(frame, 0) if is_method(frame.f_code) else MISSING
            if issubclass(type(root), _Module):
                path = self._known(root).paths.get(id(module), "")
                if path and _is_at(path, root, module):
                    found = path
            frame = frame.f_back
        return found

    def _look_again(self, known: _Root, root: Any, module: Any) -> str:
        """The path of a module that is not where it was: added, made on the fly, or put elsewhere since; or ""."""
        absent = known.absent
        if id(module) in absent and absent[id(module)] is _own(module):
            # One that is kept in a plain list is called again and again, and may be put below the root one day. The
            # root is looked through for it as seldom as it is large: a small one each time.
            known.asked += 1
            if known.asked * _MODULES_A_CALL < len(known.paths):
                return ""
        known = self._remember(root, known.own)
        path = known.paths.get(id(module))
        if path is None:
            known.absent[id(module)] = _own(module)
        return path or ""

    def _known(self, root: Any) -> _Root:
        own = _own(root)
        known = self._roots.get(id(root))
        return known if known is not None and known.own is own else self._remember(root, own)

    def _remember(self, root: Any, own: Any) -> _Root:
        if len(self._roots) > _ROOTS_KEPT:
            self._roots.clear()
        earlier = self._roots.get(id(root))
        absent = earlier.absent if earlier is not None and earlier.own is own and len(earlier.absent) < _KEPT else {}
        found = self._roots[id(root)] = _Root(own, module_paths(root), absent)
        return found


def _outermost(places: Places, place: Place) -> tuple[FrameType | None, int]:
    """Where the outermost module runs, called or in a method of it; of a method which call of the stack it is.

    No method counts while a module is being made there.
    """
    for index in place.outer_methods:
        if index < places.beyond:
            break
        frame = places.frames[index]
        if issubclass(type(local_variable(frame, 0)), _Module):
            if frame.f_code.co_name != "__init__":
                return frame, len(places.frames) - 1 - index
            break
    return places.outer, ev.NONE


def _own(module: Any) -> Any:
    try:
        return _own_of(module, _OWN)
    except AttributeError:
        return None


def _is_at(path: str, root: Any, module: Any) -> bool:
    """Whether a module is still at its path below a root. Written for speed: it is asked for every operation."""
    if path:
        try:
            for name in path.split("."):
                root = _item_of(_own_of(root, "__dict__")["_modules"], name)
        except (AttributeError, KeyError, TypeError):
            return False
    return root is module
