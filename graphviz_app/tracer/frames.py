"""Reads a running function's local variables without leaving anything behind.

Before Python 3.13, `frame.f_locals` copies all locals into a dictionary that stays with the frame: a tensor that the
program deletes would live on in it. So the one variable that is wanted is read where it lies.
"""

from __future__ import annotations

import ctypes
import inspect
import sys
from types import CellType
from typing import TYPE_CHECKING, Any

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.memory import word_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

MISSING = object()
_POINTER = ctypes.sizeof(ctypes.c_void_p)
_HEAD = object.__basicsize__
_FRAME_3_11 = _HEAD + _POINTER
"""Where a 3.11 frame object keeps its pointer to the interpreter's frame: behind `f_back`."""
_LOCALS_3_11 = 8 * _POINTER + 8
"""Where that one's variables begin: behind eight pointers, an int, a bool and a char."""


def variables_of(code: CodeType) -> tuple[str, ...]:
    """All variables of a function in the order in which its frames keep them.

    Behind its own stand those that inner functions and comprehensions use too, and those of outer functions. What is an
    argument besides has one place.
    """
    own = code.co_varnames
    shared = tuple([name for name in code.co_cellvars if name not in own])
    return own + shared + code.co_freevars


def _from_proxy(frame: FrameType, index: int) -> Any:
    name = variables_of(frame.f_code)[index]
    return frame.f_locals.get(name, MISSING)


def _by_api(frame: FrameType, index: int) -> Any:
    try:
        return _get_var(frame, variables_of(frame.f_code)[index])
    except NameError:
        return MISSING


def _from_memory(frame: FrameType, index: int) -> Any:
    inner = word_at(id(frame) + _FRAME_3_11)
    if not inner:
        return MISSING
    slot = inner + _LOCALS_3_11 + index * _POINTER
    if not word_at(slot):
        return MISSING
    return ctypes.py_object.from_address(slot).value


def _nothing(frame: FrameType, index: int) -> Any:  # noqa: ARG001 - one signature for all
    return MISSING


_read: Callable[[FrameType, int], Any]
_get_var: Any = None
if sys.implementation.name != "cpython":
    _read = _nothing
elif sys.version_info >= (3, 13):
    _read = _from_proxy
elif sys.version_info >= (3, 12):
    _get_var = ctypes.pythonapi.PyFrame_GetVarString
    _get_var.restype = ctypes.py_object
    _get_var = (lambda call: lambda frame, name: call(ctypes.py_object(frame), name.encode()))(_get_var)
    _read = _by_api
else:
    _read = _from_memory


def _works(reader: Callable[[FrameType, int], Any]) -> bool:
    """Whether the reader finds what this interpreter really keeps, tried on a frame of our own."""
    token = object()

    def probe(first: Any, second: Any, unset: Any = None) -> tuple[Any, Any, Any, Any]:
        frame = inspect.currentframe()
        shared = [first]
        del unset
        if frame is None:
            return MISSING, MISSING, first, None
        # `shared` is a variable that the lambda uses too, `token` one of the outer function's.
        cells = [reader(frame, variables_of(frame.f_code).index(name)) for name in ("shared", "token")]
        found = [cell.cell_contents if type(cell) is CellType else cell for cell in cells]
        is_shared = (lambda: found[0] is shared)() and found[1] is token
        return reader(frame, 0), reader(frame, 1), reader(frame, 2) if second is not first else None, is_shared

    try:
        first, second, unset, is_shared = probe(token, MISSING)
    except Exception:  # noqa: BLE001 - an interpreter that is built differently
        return False
    return first is token and second is MISSING and unset is MISSING and is_shared


if not _works(_read):
    _read = _nothing


def local_variable(frame: FrameType, index: int) -> Any:
    """The value of a variable now, by its place among all of its function's, arguments first; or `MISSING`."""
    value = _read(frame, index)
    if type(value) is CellType:
        try:
            return value.cell_contents
        except ValueError:
            return MISSING
    return value


def local_variables(frame: FrameType) -> Iterator[tuple[str, Any]]:
    """The names and values of a function's variables that are set now, those of outer functions included."""
    for index, name in enumerate(variables_of(frame.f_code)):
        value = local_variable(frame, index)
        if value is not MISSING:
            yield name, value


def variables_in(frame: FrameType, places: tuple[int | str, ...]) -> int:
    """What tells the values of variables from those of another moment.

    Args:
        frame: Whose they are.
        places: As for `local_variable`; of global ones their names.
    """
    found = 0
    for place in places:
        value = dict.get(frame.f_globals, place) if type(place) is str else local_variable(frame, place)
        found = found * 31 + id(value)
    return found


def is_method(code: CodeType) -> bool:
    """Whether a piece of code is a method's, by the look of it: its first argument is called `self`."""
    return code.co_argcount > 0 and code.co_varnames[0] == "self"


def is_plain(code: CodeType, place: int) -> bool:
    """Whether a variable is the function's alone: none that an inner function uses too, nor an outer one's."""
    return place < len(code.co_varnames) and code.co_varnames[place] not in code.co_cellvars


def _identity_from_memory(frame: FrameType, place: int) -> int:
    inner = word_at(id(frame) + _FRAME_3_11)
    return word_at(inner + _LOCALS_3_11 + place * _POINTER) if inner else 0


def _identity(frame: FrameType, place: int) -> int:
    return id(local_variable(frame, place))


identity_in = _identity_from_memory if _read is _from_memory else _identity
"""What tells the value of a plain variable from that of another moment, by the variable's place."""


def variable(frame: FrameType, name: str) -> Any:
    """The value of one of a function's variables now, or `MISSING`."""
    names = variables_of(frame.f_code)
    return local_variable(frame, names.index(name)) if name in names else MISSING
