"""What watches a program's calls and is written in C: `cProfile`, torch's profiler with stacks, coverage's tracer.

Python tells them of every call and every return without asking anybody in between; of ours, which are invisible, it
tells the returns alone, and each would end a call of the program's. What stands in for them is asked instead, and can
hand on what is the program's (`watchers`).

The interpreter keeps each as a C function and an object in its own record of the thread. Where in the record they stand
is found out by putting in watchers of ours and looking for them; where that fails, nothing is done.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import invisible

if TYPE_CHECKING:
    from types import FrameType

current_profiler: Any = functools.partial(sys.getprofile)
"""The profiler of this thread, None where it has none; unlike a call of Python's function, one of this is not told."""
current_tracer: Any = functools.partial(sys.gettrace)
"""Likewise its tracer."""
_setprofile, _settrace = sys.setprofile, sys.settrace
_POINTER = ctypes.sizeof(ctypes.c_void_p)
_LONGEST = 16
"""Pointers of the record that are looked through: they stand near its beginning."""
_EVENTS = {"call": 0, "exception": 1, "line": 2, "return": 3, "c_call": 4, "c_exception": 5, "c_return": 6, "opcode": 7}
"""The numbers by which C functions know the events (`PyTrace_CALL` and so on, in `cpython/pystate.h`)."""
_Function = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.py_object, ctypes.c_int, ctypes.py_object)


def _of_python(name: str, result: Any, *arguments: Any) -> Any:
    """A function of Python's own library; None where this Python has none of that name. Its calls are never told."""
    try:
        return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))
    except AttributeError:
        return None


this_thread = _of_python("PyThreadState_Get", ctypes.c_void_p)
pause = _of_python("PyThreadState_EnterTracing", None, ctypes.c_void_p)
"""From now on whatever watches a thread is told nothing, also not of the end of what has begun."""
go_on = _of_python("PyThreadState_LeaveTracing", None, ctypes.c_void_p)
"""It is told again."""
_let_profile = _of_python("PyEval_SetProfile", None, ctypes.c_void_p, ctypes.py_object)
_let_trace = _of_python("PyEval_SetTrace", None, ctypes.c_void_p, ctypes.py_object)


class InC:
    """Something written in C that watches, called as the interpreter calls it.

    Attributes:
        owner: The object that the function belongs to: what `sys.getprofile()` or `sys.gettrace()` returns.
    """

    def __init__(self, address: int, owner: Any, let: Any) -> None:
        self.owner = owner
        self._address = address
        self._function = _Function(address)
        self._let = let

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Tell it of an event, as Python names it."""
        self._function(self.owner, frame, _EVENTS[event], argument)

    def put_back(self) -> None:
        """Let the interpreter call it again."""
        self._let(self._address, self.owner)


class _Kept(NamedTuple):
    """Where a thread's record keeps a function and its object.

    Attributes:
        function: Offset of the function's address, in bytes.
        owner: Offset of the object's.
        pythons: The function for what is written in Python.
    """

    function: int
    owner: int
    pythons: int


def profiler() -> InC | None:
    """The profiler of this thread if it is one written in C, and that can be found out here."""
    return _in_force(_PROFILER, current_profiler(), _let_profile)


def tracer() -> InC | None:
    """Likewise its tracer."""
    return _in_force(_TRACER, current_tracer(), _let_trace)


def _in_force(kept: _Kept | None, owner: Any, let: Any) -> InC | None:
    if owner is None or kept is None:
        return None
    record = this_thread()
    address = _word(record + kept.function)
    is_it = address and address != kept.pythons and _word(record + kept.owner) == id(owner)
    return InC(address, owner, let) if is_it else None


def _word(address: int) -> int:
    return ctypes.c_void_p.from_address(address).value or 0


def _find() -> tuple[_Kept | None, _Kept | None]:
    """Where profilers and tracers are kept: both functions, then both objects, the profiler's before the tracer's."""
    if not invisible.WORKS or None in (this_thread, pause, go_on, _let_profile, _let_trace):
        return None, None

    def probe(frame: FrameType, event: str, argument: Any) -> None:
        """Hear nothing."""

    record = this_thread()
    owners = (current_profiler(), current_tracer())
    pause(record)
    before = _words(record)
    _setprofile(probe)
    _settrace(probe)
    words = _words(record)
    places = [index for index, word in enumerate(words) if word == id(probe)]
    first = places[0] - 2 if places else 0
    is_found = first > 0 and places == [first + 2, first + 3] and 0 not in words[first : first + 2]
    is_found = is_found and before[first + 2 : first + 4] == [0 if each is None else id(each) for each in owners]
    # Whatever was in force is put back as it was, which may be coverage's tracer.
    lets, sets = (_let_profile, _let_trace), (_setprofile, _settrace)
    for step, owner in enumerate(owners):
        if is_found and owner is not None:
            lets[step](before[first + step], owner)
        else:
            sets[step](owner)
    go_on(record)
    if not is_found:
        return None, None
    return tuple(  # pyright: ignore[reportReturnType]
        _Kept((first + step) * _POINTER, (first + step + 2) * _POINTER, words[first + step]) for step in (0, 1)
    )


def _words(record: int) -> list[int]:
    return [_word(record + index * _POINTER) for index in range(_LONGEST)]


_PROFILER, _TRACER = _find()
WORKS = _PROFILER is not None
"""Whether they can be stood in for here."""
