"""Switches the recording on and off; while it is off, nothing of torch is different."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer import hygiene, invisible, patches, streams, watchers
from graphviz_app.tracer.bottom import run_at_bottom
from graphviz_app.tracer.core import Core
from graphviz_app.tracer.direct import DirectCalls
from graphviz_app.tracer.engine import Engine
from graphviz_app.tracer.graph import GraphWalker
from graphviz_app.tracer.hooks import UserHooks
from graphviz_app.tracer.node_hooks import told_of_nothing
from graphviz_app.tracer.operations import NextMode, OperationMode, Operations
from graphviz_app.tracer.options import TracerOptions
from graphviz_app.tracer.patches import Patches
from graphviz_app.tracer.signals import Signals
from graphviz_app.tracer.swapping import let_swap
from graphviz_app.tracer.watchers import Watchers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from graphviz_app.recording import events as ev

_push = torch._C._push_on_torch_function_stack
_pop = torch._C._pop_torch_function_stack
_depth = torch._C._len_torch_function_stack


def _calling() -> Iterator[CodeType]:
    """Functions of ours that call the program's, or write what it prints."""
    plain = (run_at_bottom, OperationMode.__torch_function__, NextMode.__call__, Operations.run, Engine._run)
    callers = (*plain, *hygiene.CALLING, *streams.CALLING, *watchers.CALLING)
    yield from (function.__code__ for function in callers)
    for holder in (Patches, Engine, DirectCalls, Watchers):
        for function in vars(holder).values():
            if isinstance(function, FunctionType):
                yield from (each for each in function.__code__.co_consts if isinstance(each, CodeType))
    for function in (patches.step_aside, let_swap, told_of_nothing, watchers.without):
        yield from (each for each in function.__code__.co_consts if isinstance(each, CodeType))


class Tracer:
    """Records what autograd does in this process, from `start` to `stop`.

    Args:
        sink: Takes the batches, in order; called from whatever thread runs torch.
        options: How much is recorded.
        folder: The user's own folder: only code in it gets lines; None for none but what `add_source` names.
        variables: The program's global variables, where names of tensors are looked up; those of `__main__` if None.
        bottom: Code of the caller's own at which the stack ends for the user.
        is_memory_lent: Whether the program may have handed memory of its tensors to others (numpy) already.
    """

    def __init__(
        self,
        sink: Callable[[ev.Batch], None],
        options: TracerOptions | None = None,
        *,
        folder: str | None = None,
        variables: dict[str, Any] | None = None,
        bottom: tuple[CodeType, ...] = (),
        is_memory_lent: bool = True,
    ) -> None:
        self.core = Core(sink, options or TracerOptions(), folder, bottom)
        self.core.names.globals = variables
        self.core.is_memory_lent = is_memory_lent
        graph = GraphWalker(self.core)
        hooks = UserHooks(self.core)
        self.operations = Operations(self.core, graph, hooks)
        self._engine = Engine(self.core, graph, hooks, self.operations)
        self._patches = Patches(self.core, self.operations)
        through = (*bottom, *_calling())
        self._signals = Signals(through)
        self._watchers = Watchers(self.core, self.operations.mode, through)
        self._running = False

    def meet_watchers(self) -> None:
        """Something of ours is called while something watches the calls of this thread."""
        self.core.meet_watchers()

    def start(self) -> None:
        """Begin to record.

        Raises:
            MissingEngineError: If this torch hides its engine; nothing was changed then.
        """
        invisible.hide_package("graphviz_app.tracer.")
        hygiene.know_torch()
        self._engine.install()
        self._patches.install()
        self._signals.install()
        self._watchers.install()
        _push(self.operations.mode)
        self._running = True

    def stop(self) -> None:
        """End the recording, hand over what is left of it, and put everything back; stopping twice is fine."""
        if not self._running:
            return
        self._running = False
        self._remove_mode()
        self._watchers.remove()
        self._signals.remove()
        self._patches.remove()
        self._engine.remove()
        try:
            with self.core.log.lock, torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
                self.operations.names.name_globals()
                self.core.leaves.sweep(thoroughly=True)
                self.core.leaves.end()
        except Exception as error:  # noqa: BLE001 - whatever the program left behind, the recording ends well
            self.core.log.notice(f"Something of the recording was lost at its end ({error!r}).")
        self.core.muted = True
        hygiene.forget()
        self.core.log.flush()

    def _remove_mode(self) -> None:
        # The program may have left modes of its own on the stack, above ours.
        above: list[Any] = []
        while _depth():
            mode = _pop()
            if mode is self.operations.mode:
                break
            above.append(mode)
        for mode in reversed(above):
            _push(mode)
