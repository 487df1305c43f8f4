"""Programs that watch their own calls, by `sys.settrace`, `sys.setprofile` or an audit hook, see what they would alone.

Two things would show. Our functions' calls: a profile function is not told of them, nor of what they call. And torch's
functions that are written in Python: where a mode is in force, each hands itself over to it and is then called once
more. While the program watches, they do not; then the functions in C are recorded that they call in their turn.
"""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import sys
import threading
from types import CodeType
from typing import TYPE_CHECKING, Any

import torch
import torch.overrides

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import hygiene, invisible, watchers_in_c
from graphviz_app.tracer.signals import is_looking

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from graphviz_app.tracer.core import Core

_settrace, _setprofile = sys.settrace, sys.setprofile
_gettrace: Any = sys.gettrace
_getprofile: Any = sys.getprofile
_addaudithook = sys.addaudithook
_getframe = sys._getframe
_get_ident = threading.get_ident
_push = torch._C._push_on_torch_function_stack
_pop = torch._C._pop_torch_function_stack
_depth = torch._C._len_torch_function_stack
_top = torch._C._get_function_stack_at
ASKING = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
_originals = [getattr(torch.overrides, name) for name in ASKING]
_STOOD_IN_FOR = frozenset(
    [*(f"_{name}" for name in ASKING), "apply", "run_backward", "getprofile", "gettrace", "settrace", "addaudithook"]
)
_UNTRACED = hygiene.untraced.__code__
# Of torch's own engine, as the program would call it: ours is of a class made for it.
_run_backward = torch.autograd.Variable._execution_engine.run_backward
_NOTICE = (
    "While the program traces or profiles its own calls, torch's functions that are written in Python are recorded "
    "as the operations that they consist of."
)


class Watchers:
    """Stands in for Python's functions that let a program watch itself.

    Args:
        core: What all parts share.
        mode: Our mode.
        through: Functions of ours that call the program's code: what is called from there, it sees.
    """

    def __init__(self, core: Core, mode: Any, through: tuple[CodeType, ...]) -> None:
        self._core = core
        self._mode = mode
        self._through = frozenset(map(id, through))
        self._watching: set[tuple[int, str]] = set()
        self._asking: list[tuple[dict[str, Any], str, Any]] = []

    def install(self) -> None:
        """Begin."""
        watch, through, lock = self._watch, self._through, self._core.log.lock

        def settrace(*args: Any, **kwargs: Any) -> None:
            if len(args) == 1:
                watch("trace", *args)
            # What it says of other arguments, it says itself.
            _settrace(*args, **kwargs)

        def setprofile(*args: Any, **kwargs: Any) -> None:
            if len(args) != 1 or kwargs:
                _setprofile(*args, **kwargs)
                return
            function = args[0]
            watch("profile", function)
            _stop_profiling(_getframe(1), function)
            _setprofile(None if function is None else _Profile(function, through, lock))

        def getprofile() -> Any:
            return _programs(_getprofile())

        def gettrace() -> Any:
            return _programs(_gettrace())

        def addaudithook(hook: Any) -> None:
            _addaudithook(_Audit(hook, through) if callable(hook) else hook)

        if watchers_in_c.WORKS:
            self._core.meet_watchers = self._meet
        sys.settrace = hygiene.disguise(settrace, _settrace)
        sys.setprofile = hygiene.disguise(setprofile, _setprofile)
        sys.gettrace = hygiene.disguise(gettrace, _gettrace)
        sys.getprofile = hygiene.disguise(getprofile, _getprofile)
        sys.addaudithook = hygiene.disguise(addaudithook, _addaudithook)

    def remove(self) -> None:
        """Put everything back."""
        sys.settrace, sys.setprofile = _settrace, _setprofile
        sys.gettrace, sys.getprofile = _gettrace, _getprofile
        sys.addaudithook = _addaudithook
        profile = _getprofile()
        if type(profile) is _Profile:
            if type(profile.function) is watchers_in_c.InC:
                profile.function.put_back()
            else:
                _setprofile(profile.function)
        if type(trace := _gettrace()) is _Trace:
            trace.function.put_back()
        self._hand_over()

    def _meet(self) -> None:
        """A function of ours is called, and something watches the thread, or did, that may be written in C.

        Nothing may return before it is paused, or it would take that for the end of a call of the program's.
        """
        thread = watchers_in_c.this_thread()
        watchers_in_c.pause(thread)
        self._stand_in("C profile", watchers_in_c.current_profiler(), watchers_in_c.profiler())
        self._stand_in("C trace", watchers_in_c.current_tracer(), watchers_in_c.tracer())
        # A thread that the program began by itself is not listed.
        alive = {*threading._active, _get_ident()}  # type: ignore[attr-defined]
        for key in [each for each in self._watching if each[0] not in alive]:
            self._forget(key)
        self._core.is_watched = any(how.startswith("C") for _, how in self._watching)
        watchers_in_c.go_on(thread)

    def _stand_in(self, how: str, current: Any, found: watchers_in_c.InC | None) -> None:
        if current is None:
            self._watch(how, None)
        elif found is not None:
            if how == "C profile":
                _setprofile(_Profile(found, self._through, self._core.log.lock))
            else:
                trace = _Trace(found)
                _settrace(trace)
                trace.follow(_getframe())
            self._watch(how, found)

    def _watch(self, how: str, function: Any) -> None:
        key = (_get_ident(), how)
        if function is not None:
            if not self._watching:
                self._hand_nothing_over()
            self._watching.add(key)
        elif key in self._watching:
            self._forget(key)

    def _forget(self, key: tuple[int, str]) -> None:
        self._watching.discard(key)
        if not self._watching:
            self._hand_over()

    def _hand_nothing_over(self) -> None:
        """Whoever of torch's asks whether somebody overrides its functions is told of the program alone."""
        self._core.log.notice(_NOTICE)
        originals = dict(zip(ASKING, _originals, strict=True))
        for module in list(sys.modules.values()):
            if not getattr(module, "__name__", "").startswith("torch."):
                continue
            variables = vars(module)
            for name, original in originals.items():
                if variables.get(name) is original:
                    self._asking.append((variables, name, variables[name]))
        for variables, name, original in self._asking:
            variables[name] = without(self._mode, original)

    def _hand_over(self) -> None:
        while self._asking:
            variables, name, original = self._asking.pop()
            variables[name] = original


def without(mode: Any, original: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of torch's, with our mode taken off the stack while it runs."""

    def asked(*args: Any) -> Any:
        if _depth() == 0 or _top(_depth() - 1) is not mode:
            return original(*args)
        _pop()
        try:
            return original(*args)
        finally:
            _push(mode)

    return hygiene.disguise(asked, original)


def _stop_profiling(caller: FrameType, following: Any) -> None:
    """The program sets another profile function than it had, or none."""
    profile = watchers_in_c.current_profiler()
    _setprofile(None)
    if type(profile) is _Profile:
        # This is the call of a function in C, of which both would be told.
        profile.function(caller, "c_call", _setprofile)
        if following is not None:
            following(caller, "c_return", _setprofile)


_ASKED_FOR = frozenset(id(each) for each in Watchers.install.__code__.co_consts if isinstance(each, CodeType))
"""What stands in for Python's functions, and calls each once when the program has called it."""


def _programs(watcher: Any) -> Any:
    """The profiler or tracer that the program has set, where ours stands in for it."""
    function = watcher.function if type(watcher) in (_Profile, _Trace) else watcher
    return function.owner if type(function) is watchers_in_c.InC else function


class _Trace:
    """A trace function, in place of one that is written in C. It is told of calls, and so of none of ours."""

    def __init__(self, function: watchers_in_c.InC) -> None:
        self.function = function
        self._for_lines = function.owner if callable(function.owner) else self

    def follow(self, frame: FrameType | None) -> None:
        """Go on being told of the lines of the functions that have begun already."""
        while frame is not None:
            if frame.f_trace is None or type(frame.f_trace) is _Trace:
                frame.f_trace = self._for_lines
            frame = frame.f_back

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Any:
        self.function(frame, event, argument)
        return self._for_lines


class _Profile:
    """A profile function, which tells the program's own, or one that is written in C, of what is the program's."""

    def __init__(self, function: Any, through: frozenset[int], lock: Any) -> None:
        self.function = function
        self._through = through
        # Only who holds it calls functions of libraries that the program would not call; it is asked first, because
        # going through the stack takes long.
        self._is_recording = lock._is_owned

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if hygiene.is_ours(frame.f_code):
            # What stands in for a function in C calls it in its turn.
            caller, name = frame.f_back, getattr(argument, "__name__", "")
            if caller is not None and name in _STOOD_IN_FOR and frame.f_code is not _UNTRACED:
                self.function(caller, event, _run_backward if name == "run_backward" else argument)
        elif not self._is_recording() or not is_looking(frame, self._through):
            self.function(frame, event, argument)


class _Audit:
    """An audit hook, which tells the program's own of what is the program's. Nobody can take it away again."""

    def __init__(self, hook: Any, through: frozenset[int]) -> None:
        self._hook = hook
        self._through = through
        # Finding out who did something is itself audited.
        self._asking = threading.local()

    def __call__(self, event: str, arguments: Any) -> None:
        asking = self._asking
        if getattr(asking, "now", False):
            return
        asking.now = True
        try:
            # No variable for the frame, which would hold itself, and with it all below it.
            below = next(invisible.codes_below(_getframe()), 0)
            is_ours = invisible.is_ours(below) or hygiene.is_disguised(below) or is_looking(_getframe(), self._through)
        finally:
            asking.now = False
        if not is_ours or below in _ASKED_FOR:
            self._hook(event, arguments)


CALLING = (_Profile.__call__, _Trace.__call__, _Audit.__call__, _stop_profiling)
