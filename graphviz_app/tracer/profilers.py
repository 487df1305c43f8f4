"""Profilers that are written in C, such as `cProfile` and the one of `torch.profiler` that records stacks.

Python tells them of every call and every return without asking anybody in between; of ours, which are invisible, it
tells the returns alone, and each would end a call of the program's. What stands in for them is asked instead, and can
hand on what is the program's (`watchers`).

The interpreter keeps a profiler as a C function and an object in its own record of the thread. Where in the record
they stand is found out by putting in a profiler of ours and looking for it; where that fails, nothing is done.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from typing import TYPE_CHECKING, Any

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import invisible

if TYPE_CHECKING:
    from types import FrameType

current: Any = functools.partial(sys.getprofile)
"""The profiler of this thread, None where it has none; unlike a call of Python's function, one of this is not told."""
_setprofile, _getprofile = sys.setprofile, sys.getprofile
_POINTER = ctypes.sizeof(ctypes.c_void_p)
_LONGEST = 16
"""Pointers of the record that are looked through: the two stand near its beginning."""
_Function = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.py_object, ctypes.c_int, ctypes.py_object)


def _of_python(name: str, result: Any, *arguments: Any) -> Any:
    """A function of Python's own library; None where this Python has none of that name. Its calls are never told."""
    try:
        return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))
    except AttributeError:
        return None


this_thread = _of_python("PyThreadState_Get", ctypes.c_void_p)
pause = _of_python("PyThreadState_EnterTracing", None, ctypes.c_void_p)
"""From now on the profiler of a thread hears nothing, also of the end of what has begun."""
go_on = _of_python("PyThreadState_LeaveTracing", None, ctypes.c_void_p)
"""It hears again."""
_set = _of_python("PyEval_SetProfile", None, ctypes.c_void_p, ctypes.py_object)
_EVENTS = {"call": 0, "exception": 1, "line": 2, "return": 3, "c_call": 4, "c_exception": 5, "c_return": 6}
"""The numbers by which C functions know the events (`PyTrace_CALL` and so on, in `cpython/pystate.h`)."""


class InC:
    """A profiler written in C, which is called as the interpreter calls it.

    Attributes:
        owner: The object that the function belongs to: what `sys.getprofile()` returns.
    """

    def __init__(self, address: int, owner: Any) -> None:
        self.owner = owner
        self._address = address
        self._function = _Function(address)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Tell it of an event, as Python names it."""
        self._function(self.owner, frame, _EVENTS[event], argument)

    def put_back(self) -> None:
        """Let the interpreter call it again."""
        _set(self._address, self.owner)


def in_force() -> InC | None:
    """The profiler of this thread if it is one written in C, and that can be found out here."""
    owner: Any = _getprofile()
    if owner is None or not WORKS:
        return None
    record = this_thread()
    address = ctypes.c_void_p.from_address(record + _OFFSET).value
    known = ctypes.c_void_p.from_address(record + _OFFSET + 2 * _POINTER).value == id(owner)
    return InC(address, owner) if known and address and address != _PYTHONS else None


def _find() -> tuple[int, int]:
    """Where the record keeps the function, and which it is for profilers that are written in Python; 0 if unknown."""
    if not invisible.WORKS or _getprofile() is not None or None in (this_thread, pause, go_on, _set):
        return 0, 0

    def probe(frame: FrameType, event: str, argument: Any) -> None:
        """Hear nothing."""

    record = this_thread()
    _setprofile(probe)
    words = [ctypes.c_void_p.from_address(record + index * _POINTER).value for index in range(_LONGEST)]
    _setprofile(None)
    if words.count(id(probe)) != 1:
        return 0, 0
    index = words.index(id(probe)) - 2
    # Without a profiler both are empty.
    empty = [ctypes.c_void_p.from_address(record + (index + step) * _POINTER).value for step in (0, 2)]
    function = words[index]
    return (index * _POINTER, function) if index > 0 and function and empty == [None, None] else (0, 0)


_OFFSET, _PYTHONS = _find()
WORKS = _OFFSET > 0
"""Whether they can be stood in for here."""
