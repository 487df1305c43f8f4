"""Sees every torch call of the program, and records what it took, gave and made."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from graphviz_app.recording import events as ev
from graphviz_app.tracer import hygiene
from graphviz_app.tracer.cuts import find_cut
from graphviz_app.tracer.flatten import other_arguments, results_in, tensors_in
from graphviz_app.tracer.kinds import Kind, Kinds
from graphviz_app.tracer.leaves import version_of
from graphviz_app.tracer.modules import ModulePaths
from graphviz_app.tracer.own import __builtins__  # noqa: F401
from graphviz_app.tracer.saved import SavedTensors

if TYPE_CHECKING:
    from types import FrameType

    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.graph import GraphWalker
    from graphviz_app.tracer.hooks import UserHooks
    from graphviz_app.tracer.identity import Tracked
    from graphviz_app.tracer.places import Place

_getframe = sys._getframe
_gettrace = sys.gettrace
_sequence = torch._C._autograd._get_sequence_nr
_Disabled = torch._C.DisableTorchFunction
_NoDispatch = torch._C._DisableTorchDispatch
_dispatch_modes = torch._C._len_torch_dispatch_stack
_interpreter = torch._C._functorch.peek_interpreter_stack
_tracing = torch._C._get_tracing_state
_grad_enabled = torch.is_grad_enabled
_LOOK, _GRAD, _PASS = Kind.LOOK, Kind.GRAD, Kind.PASS
_TENSOR = torch.Tensor
_ORDINARY = (torch.Tensor, torch.nn.Parameter)
_is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor
_keys = torch._C._dispatch_key_set
_TRANSFORMED = "Inside function transforms (vmap, grad, jacrev) and torch.jit tracing, operations are not recorded."
_STALE = (
    "Operations on a view whose base was written on in place are not recorded where torch refuses to say what the view "
    "has become."
)
_LOST = "Something of the recording was lost: an operation could not be described ({}). The program is not affected."


class OperationMode(TorchFunctionMode):
    """The mode that is asked about every torch call; everything it does besides calling is in `Operations`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._known = operations.kinds._known.get
        self._run = operations.run

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call the function as if nobody were there, and record it."""
        try:
            found = self._known(func)
        except TypeError:
            found = None
        if found is not None and _tracing() is None:
            kind = found[0]
            if kind is _LOOK:
                return func(*args)
            if kind is _GRAD and type(args[0]) in _ORDINARY and args[0].is_leaf:
                # Only a tensor in the middle of a graph warns when its `.grad` is read.
                return func(*args)
        return self._run(func, args, kwargs if kwargs is not None else {}, _getframe(1), found)


class Operations:
    """Records operations."""

    def __init__(self, core: Core, graph: GraphWalker, hooks: UserHooks) -> None:
        self.core = core
        self.kinds = Kinds()
        self.mode = OperationMode(self)
        self.graph = graph
        self._hooks = hooks
        self.modules = ModulePaths()
        self.saved = SavedTensors(core)
        self._last_place: Place | None = None
        self.pending_names: tuple[Place, list[Tracked]] | None = None

    def bind_pending(self) -> None:
        """Give the latest result of a library's call the name that the program has given it by now."""
        if self.pending_names is not None:
            place, results = self.pending_names
            self.pending_names = None
            self.bind(place, results)

    def bind(self, place: Place, results: list[Tracked]) -> None:
        """The program gives these results the names that stand to the left of the assignment."""
        targets = place.site.targets
        if len(targets) == 1 and len(results) > 1:
            targets = tuple(f"{targets[0]}[{index}]" for index in range(len(results))) if targets[0] else ()
        for name, tracked in zip(targets, results, strict=False):
            self.name(tracked, name, place.span)

    def name(self, tracked: Tracked, name: str, span: ev.Span | None = None) -> None:
        """A tensor has a name, which is announced where it is new."""
        if name and tracked.name != name:
            tracked.name = name
            self.core.log.add(ev.NameBound(tracked.number, name, span))

    def name_globals(self) -> None:
        """Look which of the program's global variables are tensors that were met under no name, or another."""
        for name, tensor in self.core.names.tensors():
            tracked = self.core.tensors.known(tensor)
            if tracked is not None and not tracked.name:
                self.name(tracked, name)

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], caller: FrameType, found: Any) -> Any:
        """Call `func` and record the call."""
        call = hygiene.stand_in(caller)
        kind, name = found or self.kinds.of(func)
        func = hygiene.delegate(caller, func, args, kwargs)
        core = self.core
        if core.muted or core.local.silent or kind is _PASS or kind is _GRAD:
            try:
                return call(func, args, kwargs)
            except BaseException as error:
                hygiene.leave(error)
                raise
        start = _sequence()
        try:
            result = call(func, args, kwargs)
        except BaseException as error:
            hygiene.leave(error)
            raise
        try:
            self.note(kind, name, args, kwargs, result, caller, start)
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            self._failed(error, args, kwargs, result)
        return result

    def note(
        self,
        kind: Kind,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
        caller: FrameType,
        start: int,
    ) -> None:
        """Record a call that has just returned."""
        if _gettrace() is not None:
            hygiene.untraced(self.note, kind, name, args, kwargs, result, caller, start)
            return
        if _interpreter() is not None or _tracing() is not None:
            self.core.log.notice(_TRANSFORMED)
            return
        with _Disabled():
            if _dispatch_modes():
                with _NoDispatch():
                    self._note(kind, name, args, kwargs, result, caller, start)
            else:
                self._note(kind, name, args, kwargs, result, caller, start)

    def note_custom(
        self, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, caller: FrameType, start: int
    ) -> None:
        """Record a call of a custom `autograd.Function`."""
        if self.core.muted or self.core.local.silent:
            return
        try:
            self.note(Kind.OPERATION, f"{cls.__qualname__}.apply", args, kwargs, result, caller, start)
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            self._failed(error, args, kwargs, result)

    def _failed(self, error: Exception, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
        """Tensors of a function transform may be used when it is through, and tell nothing of themselves."""
        with _Disabled():
            tensors = [*results_in(result), *[tensor for _, tensor in tensors_in(args, kwargs)]]
            is_transformed = any(_is_wrapped(each) or "Batched" in _keys(each) for each in tensors)
        text = _LOST.format(f"{type(error).__name__}: {error}")
        if is_transformed:
            text = _TRANSFORMED
        elif "its base or another view of its base has been modified" in str(error):
            text = _STALE
        self.core.log.notice(text)

    def _note(
        self,
        kind: Kind,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
        caller: FrameType,
        start: int,
    ) -> None:
        core = self.core
        place = core.places.find(caller)
        if place is not None and place is not self._last_place:
            core.leaves.settle(place)
            if self.pending_names is not None and self.pending_names[0].site is not place.site:
                self.bind_pending()
            self._last_place = place
        if kind is Kind.HOOK or kind is Kind.RETAIN:
            self._hooks.registered(kind, args, kwargs, place)
            return
        if kind is Kind.SET:
            core.leaves.touch(args[:1], place)
            return
        if not core.options.operations:
            self._touch_written(args, kwargs, place)
            return
        if kind is Kind.DATA:
            # Reading `.data` by itself is nothing; what is then done with it is seen as it happens.
            self._data_of(args[0], result)
            return
        Call(self, kind, name, args, kwargs, result, caller, place, start).record()

    def _touch_written(self, args: tuple[Any, ...], kwargs: dict[str, Any], place: Place | None) -> None:
        tensors = [tensor for _, tensor in tensors_in(args, kwargs)]
        written = [t for t in tensors if (k := self.core.tensors.known(t)) is None or k.version != version_of(t)]
        if written:
            self.core.leaves.touch(written, place)

    def _data_of(self, tensor: torch.Tensor, data: Any) -> None:
        tracked = self.core.tensors.known(tensor)
        if tracked is not None and tracked.value != ev.NONE and isinstance(data, torch.Tensor):
            self.core.tensors.track(data).version = version_of(data)


class Call:
    """One call of an operation, after it returned."""

    __slots__ = (
        "args",
        "caller",
        "core",
        "kind",
        "kwargs",
        "name",
        "number",
        "operations",
        "place",
        "result",
        "start",
    )

    def __init__(
        self,
        operations: Operations,
        kind: Kind,
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
        caller: FrameType,
        place: Place | None,
        start: int,
    ) -> None:
        self.operations = operations
        self.core = operations.core
        self.kind = kind
        self.name = name
        self.args = args
        self.kwargs = kwargs
        self.result = result
        self.caller = caller
        self.place = place
        self.start = start
        self.number = ev.NONE

    def record(self) -> None:
        """Record it, if it dealt with tensors at all."""
        core = self.core
        result = self.result
        results = [result] if type(result) is _TENSOR else results_in(result)
        arguments = tensors_in(self.args, self.kwargs)
        if not results and not arguments:
            return
        written: list[tuple[torch.Tensor, int]] = []
        inputs = tuple([self._input(path, tensor, written) for path, tensor in arguments])
        self.number = core.operation_count
        core.operation_count += 1
        given = [core.tensors.track(tensor) for tensor in results]
        nodes: tuple[int, ...] = ()
        saved: tuple[int, ...] = ()
        if _sequence() != self.start:
            nodes = self.operations.graph.made_by(self, results, given)
            saved = self.operations.saved.of(self, nodes, arguments, results, inputs)
        outputs = tuple([self._output(*pair, written) for pair in zip(results, given, strict=True)])
        grad_mode = _grad_enabled()
        cut = None if nodes else find_cut(self.kind, self.name, arguments, results, grad_mode=grad_mode)
        place = self.place
        places = core.places
        module, kind = "", ""
        if places.inner is not None and places.outer is not None:
            module, kind = self.operations.modules.path(places.inner, places.outer)
        span, stack = (None, ()) if place is None else (place.span, place.frames)
        words = other_arguments(self.args, self.kwargs) if self.kwargs or len(self.args) != len(arguments) else ""
        name = self.name
        core.log.add(
            ev.OperationRan(
                self.number, name, span, stack, module, kind, inputs, outputs, nodes, grad_mode, cut, words, saved
            )
        )
        if written:
            self._mutated(written)
        if results and place is not None and place.site.targets:
            if core.places.is_user_code(_caller_of(self.caller).f_code):
                self._name(results, place)
            else:
                # A library computes what will be given this name: its last result is it.
                self.operations.pending_names = (place, [core.tensors.track(tensor) for tensor in results])

    def _input(self, path: str, tensor: torch.Tensor, written: list[tuple[torch.Tensor, int]]) -> ev.TensorUse:
        core = self.core
        tracked = core.tensors.track(tensor)
        version = 0 if tensor.is_inference() else tensor._version
        requires_grad, is_leaf = tensor.requires_grad, tensor.is_leaf
        value = tracked.value
        if tracked.version != version:
            if tracked.version != -1 or self._writes(path):
                written.append((tensor, tracked.version if tracked.version != -1 else version - 1))
            if core.options.forward_values and (tracked.version == -1 and not self._writes(path)):
                value = tracked.value = core.values.record(tensor)
            tracked.version = version
        node, slot = tracked.node, tracked.slot
        if is_leaf and requires_grad:
            leaf = tracked.leaf
            if leaf is None or leaf.node == ev.NONE:
                leaf = core.leaves.meet(tensor, self.caller)
                value = leaf.value if value == ev.NONE else value
            node, slot = leaf.node, 0
        return ev.TensorUse(tracked.number, value, node, slot, version, requires_grad, is_leaf, path)

    def _writes(self, path: str) -> bool:
        """Whether the call, by its name, writes on that argument."""
        name = self.name
        return (
            path == "out"
            or (path == "0" and name[-1] == "_" and name[-2] != "_")
            or (name.endswith("_") and not name.endswith("__") and path.startswith("0"))
        )

    def _output(self, tensor: torch.Tensor, tracked: Tracked, written: list[tuple[torch.Tensor, int]]) -> ev.TensorUse:
        core = self.core
        version = 0 if tensor.is_inference() else tensor._version
        if (
            tracked.value == ev.NONE
            or tracked.version != version
            or (written and any(tensor is each for each, _ in written))
        ):
            tracked.version = version
            tracked.value = core.values.record(tensor) if core.options.forward_values else ev.NONE
        node, slot = tracked.node, tracked.slot
        requires_grad, is_leaf = tensor.requires_grad, tensor.is_leaf
        if is_leaf and tracked.leaf is not None:
            node, slot = tracked.leaf.node, 0
        return ev.TensorUse(tracked.number, tracked.value, node, slot, version, requires_grad, is_leaf)

    def _mutated(self, written: list[tuple[torch.Tensor, int]]) -> None:
        core, span = self.core, None if self.place is None else self.place.span
        for tensor, before in written:
            tracked = core.tensors.track(tensor)
            saved_by = self.operations.saved.invalidated(self, tracked, before)
            core.log.add(ev.TensorMutated(tracked.number, self.number, before, tracked.version, span, saved_by))
        core.leaves.touch([tensor for tensor, _ in written], self.place)

    def _name(self, results: list[torch.Tensor], place: Place) -> None:
        self.operations.pending_names = None
        self.operations.bind(place, [self.core.tensors.track(tensor) for tensor in results])


def _caller_of(frame: FrameType) -> FrameType:
    """The frame that really called: torch functions written in Python hand themselves over through two of torch's."""
    if frame.f_code is hygiene.HANDLE and frame.f_back is not None and frame.f_back.f_back is not None:
        return frame.f_back.f_back
    return frame
