"""The few places besides the engine where torch must be told to look past us, or to let us see."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import functools
import sys
import threading
from types import FunctionType
from typing import TYPE_CHECKING, Any

import torch
import torch.autograd.function
import torch.overrides

from graphviz_app.tracer import hygiene
from graphviz_app.tracer.node_hooks import let_register
from graphviz_app.tracer.own import __builtins__  # noqa: F401
from graphviz_app.tracer.swapping import let_swap

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.operations import Operations

_push = torch._C._push_on_torch_function_stack
_pop = torch._C._pop_torch_function_stack
_depth = torch._C._len_torch_function_stack
_top = torch._C._get_function_stack_at
_getframe = sys._getframe
_sequence = torch._C._autograd._get_sequence_nr


class Patches:
    """Installs and removes them."""

    def __init__(self, core: Core, operations: Operations) -> None:
        self._core = core
        self._operations = operations
        self._undo: list[Callable[[], None]] = []
        self._wrapped_compiled = False
        self._count = ModeCount()

    def install(self) -> None:
        """Put them in place."""
        self._let_fast_paths_be_fast()
        self._stay_out_of_lists_of_modes()
        self._stay_out_of_the_count_of_modes()
        self._undo.append(let_swap(self._core))
        self._undo.append(let_register())
        self._see_custom_functions()
        self._follow_threads()
        self._stay_out_of_compiled_code()

    def remove(self) -> None:
        """Take them away."""
        while self._undo:
            self._undo.pop()()

    def _let_fast_paths_be_fast(self) -> None:
        """Modules that have a fused path ask whether anybody overrides torch; we do not."""
        original = torch.overrides.has_torch_function
        mode = self._operations.mode

        def has_torch_function(relevant_args: Any) -> bool:
            if _depth() == 0 or _top(_depth() - 1) is not mode:
                return original(relevant_args)
            _pop()
            try:
                return original(relevant_args)
            finally:
                _push(mode)

        torch.overrides.has_torch_function = functools.update_wrapper(has_torch_function, original)
        self._undo.append(lambda: setattr(torch.overrides, "has_torch_function", original))

    def _stay_out_of_lists_of_modes(self) -> None:
        """Who asks which function modes are in force is told of the program's own."""
        overrides, mode = torch.overrides, self._operations.mode
        original, original_all = overrides._get_current_function_mode, overrides._get_current_function_mode_stack

        def _get_current_function_mode_stack() -> list[Any]:
            return [each for each in original_all() if each is not mode]

        def _get_current_function_mode() -> Any:
            modes = _get_current_function_mode_stack()
            return modes[-1] if modes else None

        overrides._get_current_function_mode = functools.update_wrapper(_get_current_function_mode, original)
        overrides._get_current_function_mode_stack = functools.update_wrapper(
            _get_current_function_mode_stack, original_all
        )
        self._undo.append(lambda: setattr(overrides, "_get_current_function_mode", original))
        self._undo.append(lambda: setattr(overrides, "_get_current_function_mode_stack", original_all))

    def _stay_out_of_the_count_of_modes(self) -> None:
        """As above, for who asks torch's core itself; torch's own modules have got its functions before."""
        self._count.tell_of_programs(torch.overrides._get_current_function_mode_stack)
        self._undo.append(self._count.tell_of_all)

    def _see_custom_functions(self) -> None:
        """`MyFunction.apply` is no torch function; below it, where `super().apply` looks, we see it nevertheless."""
        holder = torch.autograd.function._SingleLevelFunction
        original = torch._C._FunctionBase.__dict__["apply"] if "apply" in vars(torch._C._FunctionBase) else None
        if original is None or "apply" in vars(holder):
            return
        operations, core = self._operations, self._core

        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            bound = super(holder, cls).apply
            caller = _getframe(1)
            call = hygiene.stand_in(caller)
            start = _sequence()
            core.local.silent += 1
            try:
                result = call(bound, args, kwargs)
            except BaseException as error:
                hygiene.leave(error)
                raise
            finally:
                core.local.silent -= 1
            operations.note_custom(cls, args, kwargs, result, caller, start)
            return result

        holder.apply = classmethod(apply)
        self._undo.append(lambda: delattr(holder, "apply"))

    def _follow_threads(self) -> None:
        """Function modes belong to a thread: threads of the program's get ours as they begin."""
        original = threading.Thread._bootstrap_inner
        mode, core = self._operations.mode, self._core

        def _bootstrap_inner(self: Any) -> None:
            if core.muted:
                original(self)
                return
            _push(mode)
            try:
                original(self)
            finally:
                # A mode left on a thread that ends is destroyed by C++ code that then wants the interpreter's lock; if
                # the interpreter is just going down, the process is aborted for it.
                if _depth() and _top(_depth() - 1) is mode:
                    _pop()

        threading.Thread._bootstrap_inner = functools.update_wrapper(_bootstrap_inner, original)
        self._undo.append(lambda: setattr(threading.Thread, "_bootstrap_inner", original))

    def _stay_out_of_compiled_code(self) -> None:
        """What torch.compile compiles must not be traced with our mode in force: it would be compiled as well."""
        original = torch.compile
        patches = self

        @functools.wraps(original)
        def compile(*args: Any, **kwargs: Any) -> Any:
            patches._wrap_compiled()
            return original(*args, **kwargs)

        torch.compile = compile
        self._undo.append(lambda: setattr(torch, "compile", original))
        if "torch._dynamo.eval_frame" in sys.modules:
            self._wrap_compiled()

    def _wrap_compiled(self) -> None:
        if self._wrapped_compiled or self._core.muted:
            return
        self._wrapped_compiled = True
        import torch._dynamo.eval_frame

        context = torch._dynamo.eval_frame._TorchDynamoContext
        original = context.__call__
        core, mode, count = self._core, self._operations.mode, self._count

        @functools.wraps(original)
        def __call__(self: Any, fn: Any) -> Any:
            compiled = original(self, fn)
            return step_aside(compiled, core, mode, count) if isinstance(compiled, FunctionType) else compiled

        context.__call__ = __call__
        self._undo.append(lambda: setattr(context, "__call__", original))


class ModeCount:
    """What torch's core tells of how many function modes there are, and which."""

    def __init__(self) -> None:
        self._now = self._all = (_depth, _top)

    def tell_of_programs(self, modes: Callable[[], list[Any]]) -> None:
        """From now on it tells of the program's modes alone, which are listed by `modes`."""

        def _len_torch_function_stack() -> int:
            return len(modes())

        def _get_function_stack_at(level: int) -> Any:
            programs = modes()
            # What torch says of a level that there is not, it says itself.
            return programs[level] if 0 <= level < len(programs) else _top(level + _depth())

        self._now = (
            functools.update_wrapper(_len_torch_function_stack, _depth),
            functools.update_wrapper(_get_function_stack_at, _top),
        )
        self.put_back()

    def tell_of_all(self) -> None:
        """For good, it tells of all again."""
        self._now = self._all
        self.put_back()

    def take_off(self) -> None:
        """For a while, it tells of all: the compiler knows these functions by what they are."""
        self._put(self._all)

    def put_back(self) -> None:
        """What was taken off is in place again."""
        self._put(self._now)

    def _put(self, functions: tuple[Any, Any]) -> None:
        torch._C._len_torch_function_stack, torch._C._get_function_stack_at = functions


def step_aside(compiled: Any, core: Core, mode: Any, count: ModeCount) -> Any:
    """The same function, with our mode taken off the stack while it runs."""

    @functools.wraps(compiled)
    def compile_wrapper(*args: Any, **kwargs: Any) -> Any:
        depth = _depth()
        if core.muted or depth == 0 or _top(depth - 1) is not mode:
            return compiled(*args, **kwargs)
        core.log.notice(
            "Code that torch.compile compiled runs as one piece: the operations inside it are not recorded."
        )
        core.is_memory_lent = True
        count.take_off()
        _pop()
        try:
            return compiled(*args, **kwargs)
        except BaseException as error:
            hygiene.leave(error)
            raise
        finally:
            _push(mode)
            count.put_back()

    return compile_wrapper
