"""What all parts of a running tracer share."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__  # noqa: F401
from graphviz_app.tracer.identity import NodeTable, TensorTable
from graphviz_app.tracer.leaves import Leaves
from graphviz_app.tracer.log import EventLog
from graphviz_app.tracer.memory import storage_start_of
from graphviz_app.tracer.names import Names
from graphviz_app.tracer.places import Places
from graphviz_app.tracer.rounds import Rounds
from graphviz_app.tracer.shared import Shared
from graphviz_app.tracer.values import ValueRecorder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType

    from graphviz_app.recording import events as ev
    from graphviz_app.tracer.given import Given
    from graphviz_app.tracer.mutation import Mutation, Saver
    from graphviz_app.tracer.options import TracerOptions
    from graphviz_app.tracer.places import Place


_LENT_KEPT = 10_000
_get_ident = threading.get_ident


class Local(threading.local):
    """What each thread has of its own.

    Attributes:
        passes: The backward passes that were begun in it and run, innermost last.
        silent: Above 0 while operations are not recorded.
        entering: Whether a pass was announced that is just about to enter the engine.
        compiled: Above 0 while what torch.compile compiles, or has compiled, runs.
        given: What the custom Function was given whose forward runs, the innermost one's.
    """

    def __init__(self) -> None:
        self.passes: list[Any] = []
        self.silent = 0
        self.entering = False
        self.compiled = 0
        self.given: Given | None = None


class Core:
    """What all parts of a running tracer share."""

    def __init__(
        self,
        sink: Callable[[ev.Batch], None],
        options: TracerOptions,
        folder: str | None,
        bottom: tuple[CodeType, ...] = (),
    ) -> None:
        self.options = options
        self.log = EventLog(sink)
        self.values = ValueRecorder(self.log, options)
        self.tensors = TensorTable()
        self.nodes = NodeTable()
        self.places = Places(self.log, folder, bottom)
        self.rounds = Rounds(self.places)
        self.names = Names(self.places)
        self.leaves = Leaves(self, self.names)
        self.local = Local()
        self.operation_count = 0
        self.pass_count = 0
        self.process = os.getpid()
        # Nodes that ran for the last time, as far as anybody can know.
        self.spent: set[int] = set()
        # Passes with `create_graph`: the first sequence number in each, the first after it, and the pass; for each
        # thread in which it ran, since each counts for itself.
        self.made_by_passes: list[tuple[int, int, int]] = []
        # By threads of the engine's own: the pass of which each has run a node last, and the next node's sequence
        # number then. Not thread-local: where such a thread has no Python state, that would be gone each time.
        self.engine_threads: dict[int, tuple[int, int]] = {}
        # By the numbers of passes that run: where each was begun.
        self.running_passes: dict[int, Place | None] = {}
        # Leaves to which a pass that is running may add, by number, and the thread in which it runs.
        self.awaited: dict[int, int] = {}
        # Writes that made nodes useless, by the number of what was written on and who had saved it.
        self.mutations: dict[tuple[int, tuple[Saver, ...]], Mutation] = {}
        # The latest error of a pass that such a write explains, and the sentence about it.
        self.explained = ("", "")
        self.muted = False
        # Whether somebody outside torch (numpy, C code) may hold the memory of a tensor, and write on it unseen.
        self.is_memory_lent = False
        # Where the storages begin that somebody may hold; more than a few thousand are nobody's any more.
        self.lent: set[int] = set()
        self._shared = Shared()
        # Whether something that is written in C watches the program and is stood in for, and what looks for it.
        self.is_watched = False
        self.meet_watchers: Callable[[], None] = lambda: None

    @property
    def is_within_pass(self) -> bool:
        """Whether this thread runs nodes of a pass: one begun in it, or any, where it is one of the engine's own."""
        return bool(self.local.passes) or _get_ident() in self.engine_threads

    def lend(self, tensors: Iterable[Any], *, is_outside: bool = True) -> None:
        """These may be written on from here on without a version that tells, also by somebody outside torch."""
        self.is_memory_lent = self.is_memory_lent or is_outside
        self._lend_from([storage_start_of(tensor) for tensor in tensors if isinstance(tensor, torch.Tensor)])

    def lend_shared(self) -> None:
        """Other processes may write on what queues and pipes of torch's have sent or brought."""
        if starts := self._shared.met():
            self._lend_from(starts)

    def _lend_from(self, starts: list[int]) -> None:
        if len(self.lent) > _LENT_KEPT:
            self.lent.clear()
        self.lent.update(starts)
        self.lent.discard(0)

    def is_lent(self, tensor: torch.Tensor) -> bool:
        """Whether somebody may have written on a tensor without a version that tells."""
        if not self.lent:
            return False
        # Whoever was given a storage may have moved it since.
        self.lend_shared()
        return storage_start_of(tensor) in self.lent
