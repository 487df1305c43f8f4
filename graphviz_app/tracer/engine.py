"""Every road into the engine goes through one function; here it is wrapped, and each pass recorded."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.autograd
import torch.autograd.graph  # pyright: ignore[reportUnusedImport] - loads the module that is patched

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.recording import events as ev
from graphviz_app.tracer import hygiene, watchers_in_c
from graphviz_app.tracer.backward import BackwardPass
from graphviz_app.tracer.direct import CALL, DirectCalls
from graphviz_app.tracer.frames import local_variable
from graphviz_app.tracer.identity import is_transformed
from graphviz_app.tracer.unlisted import list_again

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from graphviz_app.tracer.core import Core
    from graphviz_app.tracer.graph import GraphWalker
    from graphviz_app.tracer.hooks import UserHooks
    from graphviz_app.tracer.operations import Operations
    from graphviz_app.tracer.places import Place

NAME = "_engine_run_backward"
_getframe = sys._getframe
_profiler, _tracer = watchers_in_c.current_profiler, watchers_in_c.current_tracer
_get_ident = threading.get_ident
_push = torch._C._push_on_torch_function_stack
_pop = torch._C._pop_torch_function_stack
# While the tracer runs, torch's own names of these two tell of the program's modes alone.
_depth, _at = torch._C._len_torch_function_stack, torch._C._get_function_stack_at
_CALLS = {
    torch.Tensor.backward.__code__: "torch.Tensor.backward",
    torch.autograd.backward.__code__: "torch.autograd.backward",
    torch.autograd.grad.__code__: "torch.autograd.grad",
}


_NAMES = ("tensors", "grad_tensors", "keep_graph", "create_graph", "inputs", "allow_unreachable", "accumulate_grad")
_Edge = torch.autograd.graph.GradientEdge


class MissingEngineError(Exception):
    """torch has moved the function that all backward passes go through."""


def find_engine_call() -> list[tuple[Any, Callable[..., Any]]]:
    """The modules that hold a reference to the one function, and it.

    Raises:
        MissingEngineError: If this torch has none; the message says what to do.
    """
    holders = [
        (module, vars(module)[NAME])
        for module in list(sys.modules.values())
        if getattr(module, "__name__", "").startswith("torch.") and NAME in vars(module)
    ]
    if not holders:
        raise MissingEngineError(
            f"torch {torch.__version__} has no torch.autograd.graph.{NAME}. Find the function through which "
            "torch.autograd.backward and torch.autograd.grad now call Variable._execution_engine.run_backward, and "
            "name it in graphviz_app/tracer/engine.py (NAME)."
        )
    return holders


class _Asked(NamedTuple):
    """What the engine is asked for, in its own order."""

    outputs: tuple[Any, ...]
    seeds: tuple[Any, ...]
    retain_graph: Any
    create_graph: Any
    inputs: tuple[Any, ...]
    accumulates: Any


class _Unseen(NamedTuple):
    """A pass that is not recorded, and the place from which it was started: its hooks may have written on leaves."""

    place: Place | None


class Engine:
    """Records backward passes while it is installed."""

    def __init__(self, core: Core, graph: GraphWalker, hooks: UserHooks, operations: Operations) -> None:
        self._core = core
        self._graph = graph
        self._hooks = hooks
        self._operations = operations
        self._mode = operations.mode
        self._holders: list[tuple[Any, Callable[..., Any]]] = []
        self._direct = DirectCalls(partial(self._run, name=CALL), self._is_entering)

    def install(self) -> None:
        """Wrap the function wherever torch refers to it.

        Raises:
            MissingEngineError: If torch has none.
        """
        self._holders = find_engine_call()
        for module, original in self._holders:
            setattr(module, NAME, self._wrap(original))
        self._direct.install()

    def remove(self) -> None:
        """Put everything back."""
        for module, original in self._holders:
            setattr(module, NAME, original)
        self._holders = []
        self._direct.remove()

    def _wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        run = self._run

        def _engine_run_backward(t_outputs: Any, *args: Any, **kwargs: Any) -> Any:
            return run((t_outputs, *args), kwargs, _getframe(1), partial(original, t_outputs, *args, **kwargs))

        return hygiene.disguise(_engine_run_backward, original)

    def _is_entering(self) -> bool:
        """Whether the call of the engine that comes now is the one of a pass that has been announced."""
        local = self._core.local
        entering, local.entering = local.entering, False
        return entering

    def _run(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        caller: FrameType,
        call: Callable[[], Any],
        name: str = "",
    ) -> Any:
        """Call the engine, and record the pass; `name` is what the program called where it was the engine itself."""
        if _profiler() is not None or _tracer() is not None:
            self._core.meet_watchers()
        running, stacked = self._begin(args, kwargs, caller, name)
        self._core.local.entering = not name
        try:
            result = call()
        except BaseException as error:
            self._end(running, stacked, error, None)
            hygiene.leave(error)
            raise
        self._end(running, stacked, None, result)
        if running is not None and type(result) is tuple:
            for gradient in result:
                list_again(gradient)
        return result

    def _begin(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], caller: FrameType, name: str
    ) -> tuple[BackwardPass | _Unseen | None, bool]:
        if _tracer() is not None:
            return hygiene.untraced(self._begin, args, kwargs, caller, name)
        core = self._core
        if core.muted:
            return None, False
        with core.log.lock:
            asked = _asked(args, kwargs)
            if asked is None:
                return None, False
        running: BackwardPass | None = None
        try:
            with core.log.lock, torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
                if not _can_watch(core, asked):
                    place = core.places.find(caller)
                    core.places.let_go()
                    return _Unseen(place), False
                running = self._start(asked, caller, name)
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            core.log.lost("a backward pass", error)
            return None, False
        # Hooks and custom functions of the program run now; what they compute is seen as well, unless it is compiled.
        stacked = not running.is_compiled and not core.local.compiled and not _stacked(self._mode)
        if stacked:
            _push(self._mode)
        return running, stacked

    def _start(self, asked: _Asked, caller: FrameType, name: str) -> BackwardPass:
        core = self._core
        call, implicit = (name, False) if name else _caller(caller)
        place = core.places.find(caller)
        core.rounds.of(place, call, "", caller)
        core.places.let_go()
        core.leaves.sweep()
        self._operations.names.bind_pending(caller)
        self._operations.names.name_globals()
        core.leaves.names.look_again(caller)
        outputs, seeds, retain_graph, create_graph, inputs, accumulates = asked
        passes = core.local.passes
        within, _ = core.engine_threads.get(_get_ident(), (ev.NONE, 0))
        parent = passes[-1].number if passes else within if within in core.running_passes else ev.NONE
        # Below a pass that a library begins in a thread of the engine's there is no line of the program's.
        place = place or core.running_passes.get(parent)
        running = BackwardPass(core, self._graph, self._hooks, create_graph=bool(create_graph))
        core.running_passes[running.number] = place
        # Not `current_thread()`, which makes up a thread, and counts it, where the program began one by itself.
        thread = threading._active.get(_get_ident())  # type: ignore[attr-defined]
        running.start(
            outputs,
            seeds,
            inputs,
            caller,
            {
                "parent": parent,
                "call": call,
                "span": None if place is None else place.span,
                "stack": () if place is None else place.frames,
                "retain_graph": bool(retain_graph),
                "create_graph": bool(create_graph),
                "accumulates": bool(accumulates),
                "thread": "" if thread is threading.main_thread() else _name_of(thread, within),
            },
            implicit=implicit,
            keeps=bool(retain_graph),
        )
        passes.append(running)
        return running

    def _end(
        self, running: BackwardPass | _Unseen | None, stacked: bool, error: BaseException | None, result: Any
    ) -> None:
        self._core.local.entering = False
        if stacked:
            _pop()
        if running is None:
            return
        if _tracer() is not None:
            hygiene.untraced(self._end, running, False, error, result)
            return
        try:
            with self._core.log.lock, torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
                if isinstance(running, _Unseen):
                    if torch._C._functorch.peek_interpreter_stack() is None:
                        self._core.leaves.sweep(running.place, thoroughly=True)
                    return
                self._core.local.passes.remove(running)
                running.finish(error, result)
                self._core.log.flush()
        except Exception as fault:  # noqa: BLE001 - as above
            self._core.log.lost("a backward pass", fault)


def _asked(args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Asked | None:
    """What the engine is asked for; None where it is going to refuse it before it runs any node."""
    given = dict(zip(_NAMES, args, strict=False)) | kwargs
    outputs, seeds, inputs = given.get("tensors"), given.get("grad_tensors"), given.get("inputs", ())
    if type(outputs) is not tuple or type(seeds) is not tuple or type(inputs) is not tuple:
        return None
    if "create_graph" not in given or len(outputs) != len(seeds):
        return None
    if not all(isinstance(each, torch.Tensor | _Edge) for each in (*outputs, *inputs)):
        return None
    if not all(each is None or isinstance(each, torch.Tensor) for each in seeds):
        return None
    keep_graph, accumulates = given.get("keep_graph"), given.get("accumulate_grad", False)
    return _Asked(outputs, seeds, keep_graph, given["create_graph"], inputs, accumulates)


def _can_watch(core: Core, asked: _Asked) -> bool:
    if (
        torch._C._functorch.peek_interpreter_stack() is not None
        or any(map(is_transformed, asked.seeds))
        or any(map(is_transformed, asked.outputs))
    ):
        core.log.notice("Inside function transforms (vmap, grad, jacrev), backward passes are not recorded.")
        return False
    dynamo = sys.modules.get("torch._dynamo.compiled_autograd")
    if dynamo is not None and getattr(dynamo, "compiled_autograd_enabled", False):
        core.log.notice("Under compiled autograd, backward passes are not recorded.")
        return False
    return True


def _name_of(thread: threading.Thread | None, within: int) -> str:
    if thread is not None:
        return thread.name
    return f"thread {_get_ident()}" if within == ev.NONE else "a thread of torch's engine"


def _stacked(mode: Any) -> bool:
    return any(_at(level) is mode for level in range(_depth()))


def _caller(frame: FrameType | None) -> tuple[str, bool]:
    """What the program called, and whether it left the seeds to torch."""
    call, implicit = "", False
    for _ in range(4):
        if frame is None:
            break
        code = frame.f_code
        if code in _CALLS:
            call = _CALLS[code]
            for index, name in enumerate(code.co_varnames[: code.co_argcount]):
                if name in ("grad_tensors", "grad_outputs", "gradient"):
                    implicit = local_variable(frame, index) is None
        frame = frame.f_back
    return call or "torch.autograd.graph._engine_run_backward", implicit
