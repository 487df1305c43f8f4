"""Makes the program's outermost frame the bottom of the stack, as it is when Python runs it itself.

Without this, `traceback.print_stack()` in the program would show our frames below its own, and the recursion limit
would be reached some calls earlier. CPython offers no way to begin a new stack, so on the versions whose layout is
known (and is what it should be: everything is checked before it is changed) two fields are set. On others, whose code
can be hidden, the functions below the program's own are; the recursion limit is reached these few calls earlier.
"""

from __future__ import annotations

import ctypes
import runpy
import sys
from typing import TYPE_CHECKING, Any

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import invisible

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

# Kept from before the tracer stands in for it.
_setprofile: Any = sys.setprofile
_getprofile: Any = sys.getprofile
_POINTER = ctypes.sizeof(ctypes.c_void_p)
_KNOWN = sys.implementation.name == "cpython" and sys.version_info[:2] == (3, 11)
_OBJECT = 5 * _POINTER
_REMAINING, _LIMIT = 3 * _POINTER + 8, 3 * _POINTER + 12
_USED_HERE = 4
"""How deep the stack would be here if the program's frame were at its bottom: that frame, and three calls of ours."""


def run_at_bottom(run: Callable[[], Any]) -> None:
    """Call `run`, a callable written in C, whose first Python frame, if any, becomes the bottom of the stack."""
    if not _KNOWN:
        _hide_below()
    if not _KNOWN or sys.getprofile() is not None or sys.gettrace() is not None:
        run()
        return

    def entered(frame: FrameType, event: str, argument: Any) -> None:  # noqa: ARG001 - a profile function's
        if event == "call":
            _setprofile(None)
            _detach(frame)

    _setprofile(entered)
    try:
        run()
    finally:
        if _getprofile() is entered:
            _setprofile(None)


def _hide_below() -> None:
    """Hide what runs below the program, `runpy`'s functions too, and goes on only when the program has ended.

    The outermost stays: a profile function is told of exceptions in hidden functions too, as in the next visible one.
    """
    # The program may be run by the same function, whose frame is its own then.
    runner: Any = runpy._run_code  # type: ignore[attr-defined]  # noqa: SLF001
    runner.__code__ = runner.__code__.replace()
    frame = sys._getframe()  # noqa: SLF001
    while frame.f_back is not None:
        invisible.skip(frame.f_code)
        frame = frame.f_back


def _detach(frame: FrameType) -> None:
    depth = 0
    below = frame.f_back
    while below is not None:
        depth += 1
        below = below.f_back
    _count_from_here(depth)
    inner = invisible.inner_of(frame)
    if not inner:
        return
    code = ctypes.c_void_p.from_address(inner + invisible.CODE).value
    owner = ctypes.c_void_p.from_address(inner + _OBJECT).value
    entered_from_c = ctypes.c_bool.from_address(inner + invisible.ENTERED).value
    if code != id(frame.f_code) or owner != id(frame) or not entered_from_c:
        return
    # The evaluation of this frame was entered from C, which returns to where it came from without asking this field.
    ctypes.c_void_p.from_address(inner + invisible.PREVIOUS).value = None


def _count_from_here(depth: int) -> None:
    """Let the recursion limit count from here."""
    state = ctypes.pythonapi.PyThreadState_Get
    state.restype = ctypes.c_void_p
    address = state()
    if not address:
        return
    remaining = ctypes.c_int.from_address(address + _REMAINING)
    limit = ctypes.c_int.from_address(address + _LIMIT)
    used = limit.value - remaining.value
    if limit.value == sys.getrecursionlimit() and depth < used < depth + 64:
        remaining.value = limit.value - _USED_HERE
