"""Makes our code invisible to whoever walks the stack: tracebacks, warnings, `inspect.stack()`, `sys.settrace`.

CPython skips frames that have not reached the first instruction that a debugger may stop at, because they are still
being set up; every walk down the stack does so, in C and in Python alike, and no entry is added to a traceback for
them. Which instruction that is stands in the code object. For our own code it is set behind the last one.

Nothing here is done unless it is seen to work on this interpreter; without it the tracer cleans up as well as it can
(see `hygiene`). Python 3.12 and later also instrument code only from that instruction on, so `sys.settrace` and
`sys.monitoring` are not told of it either. Python 3.12 alone begins anew at the first instruction of code that is not
instrumented yet, and instruments none that can be stopped at nowhere: it would begin for ever. There the instruction
that asks (RESUME) is taken out.
"""

from __future__ import annotations

import ctypes
import dis
import sys
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from graphviz_app.own import __builtins__  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_POINTER = ctypes.sizeof(ctypes.c_void_p)
_FIRST_TRACEABLE = CodeType.__basicsize__ - 2 * _POINTER
"""Where a code object keeps that instruction's number: before `co_extra` and the instructions."""
_HERE = __file__.removesuffix("invisible.py")
_getframe = sys._getframe  # noqa: SLF001
_ours: set[int] = set()

_SEEN_TO_WORK = ((3, 11), (3, 12), (3, 13), (3, 14))
_VERSION = sys.version_info[:2]
_FRAME_OF_OBJECT = object.__basicsize__ + _POINTER
CODE, PREVIOUS, ENTERED = (4 * _POINTER, 6 * _POINTER, 8 * _POINTER + 4) if _VERSION < (3, 12) else (0, _POINTER, 0)
"""Where its own record of a frame keeps the code, the frame below, and whether C entered it (3.11 alone)."""
_RESUME, _NOP = dis.opmap.get("RESUME", -1), dis.opmap["NOP"]
_TAGS = 3
"""Bits of a pointer in which later Pythons keep notes of their own."""


def hide(code: CodeType) -> None:
    """Make a code object, and those within it, invisible."""
    _ours.add(id(code))
    skip(code)
    for constant in code.co_consts:
        if type(constant) is CodeType:
            hide(constant)


def skip(code: CodeType) -> None:
    """Make nothing but this one code object invisible."""
    if WORKS:
        _skip(code)


def hide_package(prefix: str) -> None:
    """Make all functions of a package's loaded modules invisible."""
    for module in modules_of_package(prefix):
        for function in _functions(vars(module), module.__name__):
            # What a decorator of a library's made shares its code with all that it ever makes.
            if id(function.__code__) not in _ours and function.__code__.co_filename.startswith(_HERE):
                hide(function.__code__)


def modules_of_package(prefix: str) -> list[ModuleType]:
    """A package's modules that are loaded."""
    # Of a copy: while a list of pairs is made, the collector may run, and what it ends may import something.
    loaded = sys.modules.copy().items()
    return [module for name, module in loaded if name.startswith(prefix) and isinstance(module, ModuleType)]


def codes_of(modules: list[ModuleType]) -> list[CodeType]:
    """The code objects of all functions of modules, and of those within them."""
    found = [function.__code__ for module in modules for function in _functions(vars(module), module.__name__)]
    for code in found:
        # The list grows as it is gone through.
        found += [constant for constant in code.co_consts if type(constant) is CodeType]
    return found


def _functions(namespace: Any, module: str) -> Iterator[FunctionType]:
    for value in list(namespace.values()):
        value = getattr(value, "fget", None) or getattr(value, "__func__", value)
        if isinstance(value, FunctionType) and value.__module__ == module:
            yield value
        elif isinstance(value, type) and value.__module__ in (module, "_io"):
            # Our streams say that they are of `_io`.
            yield from _functions(vars(value), module)


def pass_over(frame: FrameType, caller: FrameType) -> None:
    """Let the stack go on with `caller` below a frame that C called, and skip what lies between.

    The evaluation of such a frame returns to C without asking which frame is below it.
    """
    inner, target = inner_of(frame), inner_of(caller)
    if PASSES_OVER and inner and target and ctypes.c_bool.from_address(inner + ENTERED).value:
        ctypes.c_void_p.from_address(inner + PREVIOUS).value = target


def codes_below(frame: FrameType) -> Iterator[int]:
    """The ids of the code objects below a frame, also of what is invisible, where that is possible here."""
    if not WORKS:
        back = frame.f_back
        while back is not None:
            yield id(back.f_code)
            back = back.f_back
        return
    inner = inner_of(frame)
    while inner and (inner := ctypes.c_void_p.from_address(inner + PREVIOUS).value):
        yield (ctypes.c_void_p.from_address(inner + CODE).value or 0) & ~_TAGS


def is_ours(code: int) -> bool:
    """Whether the id is that of a code object of ours."""
    return code in _ours


def inner_of(frame: FrameType) -> int | None:
    """The address of the interpreter's own record of a frame."""
    return ctypes.c_void_p.from_address(id(frame) + _FRAME_OF_OBJECT).value


def _skip(code: CodeType) -> None:
    if _VERSION == (3, 12):
        for place in _resumes(code):
            ctypes.c_uint8.from_address(id(code) + CodeType.__basicsize__ + place).value = _NOP
    _first_traceable(code).value = len(code.co_code) // 2


def _resumes(code: CodeType) -> list[int]:
    """Where the function begins and goes on after a `yield`, in bytes."""
    code_units = code.co_code[::2]
    return [2 * unit for unit, opcode in enumerate(code_units) if opcode == _RESUME]


def _first_traceable(code: CodeType) -> ctypes.c_int:
    return ctypes.c_int.from_address(id(code) + _FIRST_TRACEABLE)


def _is_where_we_think(function: Callable[..., Any]) -> bool:
    code = function.__code__
    resumes = _resumes(code)
    return bool(resumes) and _first_traceable(code).value == resumes[0] // 2


def _probe_walk() -> FrameType | None:
    return _probe_top()


def _probe_top() -> FrameType | None:
    return _getframe(1)


def _probe_with_cells(first: Any) -> Any:
    return lambda: first


def _probe_error() -> None:
    raise ValueError


def _works() -> bool:
    """Whether code can be hidden here, tried on code of our own."""
    if sys.implementation.name != "cpython" or _VERSION not in _SEEN_TO_WORK:
        return False
    probes = (_probe_walk, _probe_with_cells, _probe_error)
    if not all(map(_is_where_we_think, probes)):
        return False
    for probe in (_probe_walk, _probe_error):
        _skip(probe.__code__)
    here = _getframe()
    try:
        _probe_error()
    except ValueError as error:
        trace = error.__traceback__
        return _probe_walk() is here and trace is not None and trace.tb_next is None
    return False


WORKS = _works()
"""Whether code can be hidden here."""
PASSES_OVER = WORKS and _VERSION == (3, 11)
"""Whether also `pass_over` does what it says: later Pythons ask which frame is below one that C called."""
