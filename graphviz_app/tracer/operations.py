"""Sees every torch call of the program, and records what it took, gave and made."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import hygiene, invisible, watchers_in_c
from graphviz_app.tracer.binding import ResultNames
from graphviz_app.tracer.calls import Call, CallRecorder
from graphviz_app.tracer.flatten import results_in, tensors_in
from graphviz_app.tracer.given import Given
from graphviz_app.tracer.identity import ORDINARY, is_transformed
from graphviz_app.tracer.kinds import FUNCTIONS, LENDERS, OPERATORS, Kind, Kinds, can_be_looked_up, original_of
from graphviz_app.tracer.originals import version_of
from graphviz_app.tracer.unlisted import list_again

if TYPE_CHECKING:
    from types import FrameType

    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.graph import GraphWalker
    from graphviz_app.tracer.hooks import UserHooks
    from graphviz_app.tracer.places import Place

_getframe = sys._getframe
_profiler, _tracer = watchers_in_c.current_profiler, watchers_in_c.current_tracer
_sequence = torch._C._autograd._get_sequence_nr
_Disabled = torch._C.DisableTorchFunction
_NoDispatch = torch._C._DisableTorchDispatch
_dispatch_modes = torch._C._len_torch_dispatch_stack
_modes = torch._C._len_torch_function_stack
_pop_mode, _push_mode = torch._C._pop_torch_function_stack, torch._C._push_on_torch_function_stack
_interpreter = torch._C._functorch.peek_interpreter_stack
_tracing = torch._C._get_tracing_state
_LOOK, _GRAD, _PASS, _DATA, _SET = Kind.LOOK, Kind.GRAD, Kind.PASS, Kind.DATA, Kind.SET
_TRANSFORMED = "Inside function transforms (vmap, grad, jacrev) and torch.jit tracing, operations are not recorded."
_STALE = (
    "Operations on a view whose base was written on in place are not recorded where torch refuses to say what the view "
    "has become."
)
_REFUSALS = ("its base or another view of its base has been modified", "tensors do not have strides")


class NextMode:
    """Calls the mode below ours as whoever handed a function over would, were we not there.

    A function that is written in Python would hand itself over again, and stand on the stack twice.
    """

    __slots__ = ("_func", "_types")

    def __init__(self, func: Any, types: Any) -> None:
        self._func, self._types = func, types

    def __call__(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ARG002
        """Called as what it stands in for, which calls `func`."""
        mode = _pop_mode()
        try:
            return mode.__torch_function__(self._func, self._types, args, kwargs)
        finally:
            _push_mode(mode)


class OperationMode(TorchFunctionMode):
    """The mode that is asked about every torch call; everything it does besides calling is in `Operations`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._core = operations.core
        self._known = operations.kinds._known.get
        self._operator = operations.kinds.of_operator
        self._run = operations.run

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the function as if nobody were there, and record it."""
        if _profiler() is not None or _tracer() is not None or self._core.is_watched:
            self._core.meet_watchers()
        if type(func) in FUNCTIONS:
            found = self._known(func)
        elif type(func) in OPERATORS:
            found = self._operator(func)
            return self._run(func._op, args, kwargs if kwargs is not None else {}, _getframe(1), found, types)
        else:
            found = self._known(func) if can_be_looked_up(func) else None
        if found is not None:
            kind = found[0]
            # Only a tensor in the middle of a graph warns when its `.grad` is read.
            if kind is _LOOK and _tracing() is None:
                return func(*args)
            # Nor is a mode below ours to hear of a question of ours.
            if kind is _GRAD and type(args[0]) in ORDINARY and not _modes() and args[0].is_leaf and _tracing() is None:
                grad = func(*args)
                list_again(grad)
                return grad
        return self._run(func, args, kwargs if kwargs is not None else {}, _getframe(1), found, types)


class Operations:
    """Records operations."""

    def __init__(self, core: Core, graph: GraphWalker, hooks: UserHooks) -> None:
        self.core = core
        self.kinds = Kinds()
        self.mode = OperationMode(self)
        self._hooks = hooks
        self._lock = core.log.lock
        self.names = ResultNames(core)
        self.calls = CallRecorder(core, graph, self.names)
        self._last_place: Place | None = None

    def run(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], caller: FrameType, found: Any, types: Any
    ) -> Any:
        """Call `func` and record the call."""
        call = hygiene.stand_in(caller)
        handed_over = caller.f_code is hygiene.HANDLE
        if handed_over:
            if invisible.WORKS and _modes():
                call = NextMode(func, types)
            func = hygiene.delegate(caller, func, args, kwargs, self._lock)
        if found is None:
            with self._lock:
                func = func if handed_over else original_of(func)
                found = self.kinds.of(func)
        kind, name = found
        core = self.core
        lends = name in LENDERS or (kind is _DATA and core.local.silent)
        if lends:
            # From here on a leaf may be written on without our seeing it.
            core.lend(args[:1])
        if core.muted or core.local.silent or kind is _PASS or kind is _GRAD:
            try:
                result = call(func, args, kwargs)
                self._not_recorded(kind, result, args, caller, lends=lends)
                return result
            except BaseException as error:
                hygiene.leave(error)
                raise
        if kind is _SET and core.is_memory_lent:
            self.look_before(args[0])
        start = _sequence()
        try:
            result = call(func, args, kwargs)
        except BaseException as error:
            hygiene.leave(error)
            raise
        self.note(Call(kind, name, args, kwargs, result, caller, start))
        return result

    def note(self, call: Call) -> None:
        """Record a call that has just returned; raises nothing.

        What catches faults of ours stands here, not in `run`: a signal's handler may run within `run`, and what it
        raises is the program's.
        """
        if _tracer() is not None:
            hygiene.untraced(self.note, call)
            return
        try:
            with self._lock:
                self._look(call)
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            self._failed(error, call)

    def look_before(self, tensor: Any) -> None:
        """An attribute of a tensor is about to be set: what it replaces may have been written on unseen."""
        if _tracer() is not None:
            hygiene.untraced(self.look_before, tensor)
            return
        try:
            with self._lock:
                if _interpreter() is None and _tracing() is None and isinstance(tensor, torch.Tensor):
                    with _Disabled(), _NoDispatch():
                        self.core.leaves.look_before(tensor)
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            self.core.log.lost("an operation", error)

    def _look(self, call: Call) -> None:
        if _interpreter() is not None or _tracing() is not None:
            self.core.log.notice(_TRANSFORMED)
            return
        with _Disabled():
            if _dispatch_modes():
                with _NoDispatch():
                    self._note(call)
            else:
                self._note(call)

    def give(self, args: tuple[Any, ...]) -> None:
        """A custom `autograd.Function` is about to be called with these."""
        local = self.core.local
        with _Disabled():
            local.given = Given(args, local.given)

    def _not_recorded(self, kind: Kind, result: Any, args: tuple[Any, ...], caller: FrameType, *, lends: bool) -> None:
        """A call has returned that is no operation of the graph."""
        if kind is _GRAD or lends:
            list_again(result)
        if lends:
            # `share_memory_` has moved it.
            self.core.lend(args[:1])
        if kind is not _GRAD and self.core.local.given is not None:
            self.look_at_given(caller)

    def look_at_given(self, caller: FrameType) -> None:
        """The forward of a custom Function has called something of torch's: whether that wrote on what it was given."""
        if _tracer() is not None:
            hygiene.untraced(self.look_at_given, caller)
            return
        given = self.core.local.given
        try:
            with _Disabled():
                if given is not None and given.is_written():
                    with self._lock:
                        given.written_at(self.core.places.find(caller))
                        self.core.places.let_go()
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            self.core.log.lost("a write", error)

    def take_back(self, caller: FrameType) -> Given | None:
        """The call of a custom Function is over: what it was given."""
        local = self.core.local
        given = local.given
        local.given = None if given is None else given.outer
        if local.given is not None:
            self.look_at_given(caller)
        return given

    def note_failed(self) -> None:
        """The call of a custom Function raises: what its forward has written on by then stays written on."""
        given = self.core.local.given
        try:
            if given is not None and (written := given.written):
                with self._lock, _Disabled():
                    for tensor, place in written:
                        self.core.leaves.touch([tensor], place, is_users=True)
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            self.core.log.lost("a write", error)

    def note_custom(
        self,
        cls: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
        caller: FrameType,
        start: int,
        given: Given | None,
    ) -> None:
        """Record a call of a custom `autograd.Function`."""
        if not self.core.muted and not self.core.local.silent:
            self.note(Call(Kind.OPERATION, f"{cls.__qualname__}.apply", args, kwargs, result, caller, start, given))

    def _failed(self, error: Exception, call: Call) -> None:
        """Tensors of a function transform may be used when it is through, and tell nothing of themselves."""
        with _Disabled():
            tensors = [*results_in(call.result), *[tensor for _, tensor in tensors_in(call.args, call.kwargs)]]
            transformed = any(map(is_transformed, tensors))
        if transformed:
            self.core.log.notice(_TRANSFORMED)
        elif any(words in str(error) for words in _REFUSALS):
            self.core.log.notice(_STALE)
        else:
            self.core.log.lost("an operation", error)

    def _note(self, call: Call) -> None:
        places = self.core.places
        try:
            self._note_from(places.find(call.caller), call)
        finally:
            places.let_go()

    def _note_from(self, place: Place | None, call: Call) -> None:
        core, kind = self.core, call.kind
        if place is not None and place is not self._last_place:
            core.leaves.settle(place)
            self.names.moved_to(place, call.caller)
            self._last_place = place
        if kind is Kind.HOOK or kind is Kind.RETAIN:
            self._hooks.registered(call, place)
        elif kind is Kind.SET:
            is_users = core.places.is_user_code(call.caller.f_code)
            core.leaves.touch(call.args[:1], place, grad_alone=call.name == "torch.Tensor.grad", is_users=is_users)
        elif not core.options.operations:
            self._touch_written(call, place)
        elif kind is Kind.DATA:
            self.calls.data(call, place)
        else:
            self.calls.record(call, place)

    def _touch_written(self, call: Call, place: Place | None) -> None:
        tensors = [tensor for _, tensor in tensors_in(call.args, call.kwargs)]
        written = [t for t in tensors if (k := self.core.tensors.known(t)) is None or k.version != version_of(t)]
        if written:
            self.core.leaves.touch(written, place)
