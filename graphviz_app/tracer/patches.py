"""The few places besides the engine where torch must be told to look past us, or to let us see."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import torch
import torch.autograd.function
import torch.overrides

from graphviz_app.tracer import hygiene

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

    def install(self) -> None:
        """Put them in place."""
        self._let_fast_paths_be_fast()
        self._see_custom_functions()
        self._follow_threads()

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

        hygiene.ours(has_torch_function)
        torch.overrides.has_torch_function = has_torch_function
        self._undo.append(lambda: setattr(torch.overrides, "has_torch_function", original))

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

        hygiene.ours(apply)
        holder.apply = classmethod(apply)
        self._undo.append(lambda: delattr(holder, "apply"))

    def _follow_threads(self) -> None:
        """Function modes belong to a thread: threads of the program's get ours as they begin."""
        original = threading.Thread._bootstrap_inner
        mode, core = self._operations.mode, self._core

        def _bootstrap_inner(self: Any) -> None:
            if not core.muted:
                _push(mode)
            original(self)

        hygiene.ours(_bootstrap_inner)
        threading.Thread._bootstrap_inner = _bootstrap_inner
        self._undo.append(lambda: setattr(threading.Thread, "_bootstrap_inner", original))
