"""Keeps our frames out of what the program can see: tracebacks, warnings, stack levels.

A torch function that is called under our mode runs one level below a frame of ours. That frame looks exactly like
the program's own calling line (same file, same line, same globals), so a warning is attributed to the same place and
counted in the same registry as without us. An exception that passes is cleaned of our frames as soon as the program
runs again.
"""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import contextlib
import functools
import gc
import inspect
import sys
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import TYPE_CHECKING, Any

import torch
import torch.autograd
import torch.functional
import torch.nn.functional
import torch.nn.init
import torch.overrides

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import invisible, watchers_in_c

if TYPE_CHECKING:
    from collections.abc import Callable

# Code that runs while an exception passes from us to the program: the handing over, and the context manager in it.
_BETWEEN = frozenset({torch.overrides.handle_torch_function.__code__.co_filename, contextlib.__file__})
HANDLE = torch.overrides.handle_torch_function.__code__
_getframe = sys._getframe
_setprofile = sys.setprofile
_getprofile = sys.getprofile
_gettrace, _settrace = watchers_in_c.current_tracer, sys.settrace


# On one line, so that its only statement stands on the line that it is told.
_TEMPLATE = (lambda _graphviz_app_fn, _graphviz_app_args, _graphviz_app_kwargs: _graphviz_app_fn(*_graphviz_app_args, **_graphviz_app_kwargs)).__code__  # noqa: E501  # fmt: skip
_MARK = _TEMPLATE.co_varnames
_HANDED_OVER = 2
_STAND_INS_KEPT = 50_000
_stand_ins: dict[tuple[int, int], tuple[CodeType, dict[str, Any], Callable[[Any, Any, Any], Any]]] = {}
_HERE = __file__.removesuffix("hygiene.py")
_STARTED = '  File "<frozen runpy>"'


def _call(function: Any, args: Any, kwargs: Any) -> Any:
    return function(*args, **kwargs)


def _pass_over(function: Any, args: Any, kwargs: Any) -> Any:
    """Call a torch function that had handed itself over, as if its own caller called it."""
    handed_over = _getframe(1).f_back
    if handed_over is not None and handed_over.f_back is not None:
        invisible.pass_over(_getframe(), handed_over.f_back)
    return function(*args, **kwargs)


# In C, so that the frame is one that C called.
_call_over = functools.partial(_pass_over)
CALLING = (_call, _pass_over)


def real_caller(frame: FrameType) -> FrameType:
    """The frame that really called: torch functions written in Python hand themselves over through two of torch's."""
    if frame.f_code is HANDLE and frame.f_back is not None and frame.f_back.f_back is not None:
        return frame.f_back.f_back
    return frame


def stand_in(caller: FrameType) -> Callable[[Any, Any, Any], Any]:
    """A function that calls what it is given, and looks like `caller` while it does, or cannot be seen at all."""
    if invisible.WORKS and caller.f_code is not HANDLE:
        return _call
    if invisible.PASSES_OVER:
        return _call_over
    if caller.f_code is HANDLE and caller.f_back is not None and caller.f_back.f_back is not None:
        # A torch function written in Python handed itself over: its own caller is the one to look like.
        caller = caller.f_back.f_back
    code = caller.f_code
    found = _stand_ins.get((id(code), caller.f_lasti))
    if found is not None and found[1] is caller.f_globals:
        return found[2]
    return _make(caller)


def forget() -> None:
    """Hold nothing of the program's code and variables, which its objects' last words would show."""
    _stand_ins.clear()
    _delegates.clear()


def _make(caller: FrameType) -> Callable[[Any, Any, Any], Any]:
    code = caller.f_code
    changed: dict[str, Any] = {
        "co_filename": code.co_filename,
        "co_name": code.co_name,
        "co_qualname": code.co_qualname,
        "co_firstlineno": caller.f_lineno or code.co_firstlineno,
    }
    function = FunctionType(_TEMPLATE.replace(**changed), caller.f_globals)
    if len(_stand_ins) > _STAND_INS_KEPT:
        _stand_ins.clear()
    _stand_ins[id(code), caller.f_lasti] = (code, caller.f_globals, function)
    return function


def untraced(look: Callable[..., Any], *args: Any) -> Any:
    """Call something of ours while the program traces its calls: it is not to see the library functions we use."""
    trace = _gettrace()
    _settrace(None)
    try:
        return look(*args)
    finally:
        _settrace(trace)


_delegates: dict[int, tuple[CodeType, Any]] = {}


def runs(function: Any, code: CodeType) -> bool:
    """Whether something is a function of this code; an object of the program's, which may hear it, is not asked."""
    return type(function) is FunctionType and function.__code__ is code


def delegate(caller: FrameType, function: Any, args: Any, kwargs: Any, lock: Any) -> Any:
    """The function that is to be called on behalf of a torch function written in Python.

    Such a function hands itself over by the name under which torch keeps it, and the program may have put another
    function there, which would then be called twice. So the very function that handed over is called.
    """
    if caller.f_code is not HANDLE or caller.f_back is None:
        return function
    code = caller.f_back.f_code
    if runs(function, code):
        return function
    known = _delegates.get(id(code))
    if known is None:
        # Held, so that what watches the program knows the library's functions that we call now for ours.
        with lock:
            known = _delegates[id(code)] = (code, _function_of(code, args, kwargs))
    return function if known[1] is None else known[1]


_handing_over: dict[int, FunctionType] = {}


def know_torch() -> None:
    """Remember torch's functions that hand themselves over, before the program can put others in their places."""
    for holder in (torch, torch.Tensor, torch.autograd, torch.functional, torch.nn.functional, torch.nn.init):
        for function in list(vars(holder).values()):
            if type(function) is FunctionType and HANDLE.co_name in function.__code__.co_names:
                _handing_over[id(function.__code__)] = function


def _function_of(code: CodeType, args: Any, kwargs: Any) -> Any:
    function = _handing_over.get(id(code))
    if function is None or function.__code__ is not code:
        # Some other library's; the collector knows it unless the program has told it to forget (`gc.freeze`).
        holders = [each for each in gc.get_referrers(code) if type(each) is FunctionType and each.__code__ is code]
        if len(holders) != 1:
            return None
        function = holders[0]
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):
        return None
    return function


def clean_stack(entries: list[str]) -> list[str]:
    """Take our frames out of a formatted stack, such as anomaly mode keeps with each node."""
    kept: list[str] = []
    after_ours = False
    for number, entry in enumerate(entries):
        if not number and not invisible.PASSES_OVER and entry.startswith(_STARTED):
            # How our process began, which only Python 3.11 lets be passed over. What follows is how the program began.
            continue
        mine = f'File "{_HERE}' in entry
        if mine and kept and "in handle_torch_function" in kept[-1]:
            del kept[-2:]
        # What follows us is the stand-in, which repeats the line of the program's own frame.
        if not mine and not (after_ours and "_run_backward" not in entry):
            kept.append(entry)
        after_ours = mine and ", in _engine_run_backward" not in entry
    return kept


def is_ours(code: CodeType) -> bool:
    """Whether a code object is one of the tracer's."""
    number = id(code)
    if invisible.is_ours(number) or number in _disguised or code.co_filename.startswith(_HERE):
        return True
    return not invisible.PASSES_OVER and code.co_varnames == _MARK


def is_disguised(code: int) -> bool:
    """Whether the id is that of a code object of ours that looks like another's."""
    return code in _disguised


_disguised: dict[int, CodeType] = {}


def disguise(function: Any, original: Any) -> Any:
    """Make a function of ours look, to whoever asks it, like the one that it stands in for.

    Both take the same arguments. It must call the program's code in its turn, as the original does.
    """
    functools.update_wrapper(function, original)
    del function.__wrapped__
    vars(function).update(getattr(original, "__dict__", {}))
    theirs = getattr(original, "__code__", None)
    if invisible.WORKS and theirs is not None:
        place = {"co_filename": theirs.co_filename, "co_firstlineno": theirs.co_firstlineno}
        code = function.__code__.replace(**place, co_name=theirs.co_name, co_qualname=theirs.co_qualname)
        invisible.skip(code)
        # Kept, so that what is known by its address stays it.
        _disguised[id(code)] = function.__code__ = code
    return function


def clean(traceback: TracebackType | None) -> TracebackType | None:
    """Take our frames out of a traceback, and those that torch only has because of us; returns its new head."""
    entries: list[TracebackType] = []
    each = traceback
    while each is not None:
        entries.append(each)
        each = each.tb_next
    keep = [True] * len(entries)
    for position, entry in enumerate(entries):
        code = entry.tb_frame.f_code
        if _is_handed_over(entries, position):
            keep[position - 1] = keep[position - 2] = False
        if not is_ours(code):
            continue
        keep[position] = False
        if position and entries[position - 1].tb_frame.f_code is HANDLE:
            # user -> F.relu -> handle_torch_function -> ours -> F.relu: the first F.relu is there because of us.
            keep[position - 1] = False
            if position > 1:
                keep[position - 2] = False
    if all(keep):
        return traceback
    kept = [entry for entry, wanted in zip(entries, keep, strict=True) if wanted]
    for entry, following in zip(kept, [*kept[1:], None], strict=True):
        if entry.tb_next is not following:
            entry.tb_next = following
    return kept[0] if kept else None


def _is_handed_over(entries: list[TracebackType], position: int) -> bool:
    """Whether a torch function follows itself because it handed itself over to us, who cannot be seen."""
    if position < _HANDED_OVER or entries[position - 1].tb_frame.f_code is not HANDLE or not invisible.WORKS:
        return False
    return entries[position - 2].tb_frame.f_code is entries[position].tb_frame.f_code


def is_clean_from_head(traceback: TracebackType | None) -> bool:
    """Whether the program's own frame has been reached: only then can all of ours be taken out below it."""
    if traceback is None:
        return False
    code = traceback.tb_frame.f_code
    return code.co_filename not in _BETWEEN and not is_ours(code)


class _Watch:
    """Waits, after an exception left us, for the moment at which the program runs again."""

    def __init__(self, exception: BaseException) -> None:
        self._exception: BaseException | None = exception

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:  # noqa: ARG002 - a profile function's
        exception = self._exception
        if exception is None:
            _setprofile(None)
            return
        if event in ("return", "c_return", "c_exception") or is_ours(frame.f_code):
            return
        traceback = exception.__traceback__
        if is_clean_from_head(traceback):
            self._exception = None
            _setprofile(None)
            clean(traceback)


def leave(exception: BaseException) -> None:
    """An exception is about to leave a frame of ours for the program's, or for a torch function that handed over."""
    if invisible.WORKS and _getframe(1).f_code is not HANDLE:
        return
    if _getprofile() is None or type(_getprofile()) is _Watch:
        _setprofile(_Watch(exception))
