"""Recording from within a program or a notebook.

import graphviz_app

with graphviz_app.record() as run:
    loss = model(x).mean()
    loss.backward()
run.save("run.agrec")
"""

from __future__ import annotations

import json
import linecache
import os
import platform
import sys
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import graphviz_app
from graphviz_app.recording import Recording, RecordingError
from graphviz_app.recording import events as ev
from graphviz_app.recording.writer import RecordingWriter
from graphviz_app.timeline import Timeline
from graphviz_app.tracer.options import TracerOptions
from graphviz_app.tracer.tracer import Tracer

if TYPE_CHECKING:
    from types import CodeType, FrameType, TracebackType

    import networkx

    from graphviz_app.timeline.ledger import LedgerEntry

_RUNNING: list[Run] = []


class Run:
    """A recording in the making, and what came of it.

    Attributes:
        recording: The recording; it is there once the `with` block has ended, also where it ended by an exception.
    """

    def __init__(self, options: TracerOptions) -> None:
        self._options = options
        self._recording: Recording | None = None
        self._tracer: Tracer | None = None
        self._writer: RecordingWriter | None = None
        self._stream: Any = None

    @property
    def recording(self) -> Recording:
        """The recording.

        Raises:
            RecordingError: While the `with` block still runs.
        """
        if self._recording is None:
            raise RecordingError("The recording is complete only when its `with` block has ended.")
        return self._recording

    def ledger(self) -> list[LedgerEntry]:
        """What became of every leaf's `.grad` and value, in the order in which it happened."""
        return Timeline(self.recording).ledger.entries()

    def to_json(self) -> dict[str, Any]:
        """The recording as JSON's objects, as docs/design.md describes them."""
        from graphviz_app.export.json import json_chunks

        return json.loads("".join(json_chunks(self.recording)))

    def save(self, path: str | Path) -> None:
        """Write a file that the app opens.

        Raises:
            RecordingError: If it cannot be written.
        """
        self.recording.save(path)

    def export(self, *paths: str | Path, **options: Any) -> None:
        """Write pictures, films or tables; the endings of the names say which.

        Raises:
            ExportError: If an ending is not known, or a file cannot be written.
        """
        from graphviz_app.export import export

        for path in paths:
            export(self.recording, Path(path), **options)

    def _repr_html_(self) -> str:
        """What a notebook shows: the run, to be stepped through."""
        from graphviz_app.export.html import player_html

        return player_html(self.recording)

    def __enter__(self) -> Run:
        if _RUNNING:
            raise RecordingError("A recording is running already: end its `with` block before you begin another.")
        # Large recordings stay on disk; the file has no name that could be left behind.
        self._stream = tempfile.TemporaryFile(suffix=".agrec")
        caller = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - this block's line
        path, text = _source_of(caller.f_code)
        folder = None if path.startswith("<") else os.path.dirname(os.path.realpath(path))  # noqa: PTH120
        self._writer = RecordingWriter(
            self._stream,
            ev.Program(path, text, tuple(sys.argv[1:]), str(Path.cwd())),
            ev.Environment(
                platform.python_version(), str(torch.__version__), graphviz_app.__version__, platform.platform()
            ),
        )
        self._tracer = Tracer(
            self._writer.append, self._options, folder=folder, variables=_variables(caller), bottom=_below(caller)
        )
        self._tracer.core.places.add_source(path, text)
        self._tracer.start()
        _RUNNING.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tracer, writer = self._tracer, self._writer
        if tracer is None or writer is None:
            return
        _RUNNING.remove(self)
        tracer.stop()
        if error is not None:
            place = tracer.core.places.of_traceback(trace)
            writer.append(
                _batch(ev.Raised(type(error).__name__, str(error), "", None if place is None else place.span))
            )
        writer.append(_batch(ev.Finished("returned", 0 if kind is None else 1)))
        writer.finish()
        self._stream.seek(0)
        self._recording = Recording(self._stream)
        weakref.finalize(self._recording, self._stream.close)
        self._tracer = self._writer = None


def record(**options: Any) -> Run:
    """Record what autograd does within a `with` block of this process.

    Args:
        **options: As in `TracerOptions`: `element_budget`, `recording_bytes`, `operations`, `forward_values`.

    Raises:
        TypeError: If there is no such option.
    """
    return Run(TracerOptions(**options))


def _batch(event: ev.Event) -> ev.Batch:
    return ev.Batch(0, (), (event,))


def _source_of(code: CodeType) -> tuple[str, str]:
    """The file of a code object and its text; a notebook's cell is a file of its own."""
    path = code.co_filename
    return path, "".join(linecache.getlines(path))


def _variables(frame: FrameType) -> dict[str, Any]:
    return frame.f_globals


def _below(frame: FrameType) -> tuple[CodeType, ...]:
    """The code below the caller's: a notebook's kernel, a test's runner. No stack of the user's leads there."""
    codes: list[CodeType] = []
    below = frame.f_back
    while below is not None:
        codes.append(below.f_code)
        below = below.f_back
    return tuple(code for code in codes if code is not frame.f_code)


def open(path: str | Path) -> Recording:
    """Open a saved recording; nothing in it is run.

    Raises:
        RecordingError: If it is not one, or cannot be read.
    """
    return Recording.open(path)


def graph(*roots: torch.Tensor) -> networkx.MultiDiGraph[int]:
    """The autograd graph behind tensors, complete, without recording or running anything.

    Nodes are numbered and have a `name` ("MulBackward0"); those of leaves also have the `leaf`'s shape. Edges run the
    way gradients flow and have the slots they leave from and arrive at, `source_slot` and `target_slot`.

    Raises:
        ValueError: If a tensor requires no gradient.
    """
    import networkx

    from graphviz_app.tracer.walk import walk

    walked = walk(roots)
    made: networkx.MultiDiGraph[int] = networkx.MultiDiGraph()
    for number, node in enumerate(walked.nodes):
        variable = getattr(node, "variable", None)
        if variable is None:
            made.add_node(number, name=node.name())
        else:
            made.add_node(number, name="AccumulateGrad", leaf=tuple(variable.shape))
    # The slot that an edge leaves from tells parallel edges apart.
    for source, target, slot, target_slot in walked.edges:
        made.add_edge(source, target, slot, source_slot=slot, target_slot=target_slot)
    return made
