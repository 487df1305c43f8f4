"""Runs a program as Python would, and records it."""

# torch tells what is wanted here only by names that begin with an underscore.
# ruff: noqa: SLF001
from __future__ import annotations

import builtins
import contextlib
import linecache
import os
import runpy
import sys
import threading
import time
import traceback
import types
from functools import partial
from importlib.machinery import BuiltinImporter, SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from graphviz_app.own import __builtins__, original_builtins  # noqa: F401
from graphviz_app.protocol.command_line import is_path_safe
from graphviz_app.recording import events as ev
from graphviz_app.recording.syntax import as_read, decoded, lines_of
from graphviz_app.tracer import hygiene, watchers_in_c
from graphviz_app.tracer.absent import OurModules
from graphviz_app.tracer.bottom import run_at_bottom
from graphviz_app.tracer.mutation import explain_mutation
from graphviz_app.tracer.streams import Streams
from graphviz_app.tracer.tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graphviz_app.tracer.options import TracerOptions
    from graphviz_app.tracer.start import Start

_exec = exec
# What Python itself calls for `-m`, for a folder and for an archive: its frames are in the program's tracebacks.
_run_module: Callable[[str, bool], Any] = runpy._run_module_as_main  # pyright: ignore[reportAttributeAccessIssue]
_getpid, _monotonic = os.getpid, time.monotonic
_compile = compile
_excepthook = sys.__excepthook__
_OURS = str(Path(__file__).parents[1])
_FLOOD_SECONDS, _FLOOD = 0.1, 50


class Ending:
    """How a program ended.

    Attributes:
        status: The exit status that plain Python would have given; negative for a signal.
        how: "returned" or "exited", as in `events.Finished`.
    """

    def __init__(self, status: int, how: str) -> None:
        self.status = status
        self.how = how


class Program:
    """A program that is to be run once.

    Args:
        start: How it is started.
        source: Its main file's text.
        arguments: What follows in `sys.argv`.
        directory: The working directory.
        capture: Whether prints become events and nothing else.
        sink: Takes the batches.
        options: How much is recorded.
    """

    def __init__(
        self,
        start: Start,
        source: str,
        arguments: Sequence[str],
        directory: str,
        *,
        capture: bool,
        sink: Callable[[ev.Batch], None],
        options: TracerOptions | None = None,
    ) -> None:
        self._start = start
        self._source = source
        self._arguments = list(arguments)
        self._directory = directory
        self._capture = capture
        self._file = start.file
        self._module = types.ModuleType("__main__")
        self.tracer = Tracer(
            sink,
            options,
            folder=start.folder,
            variables=vars(self._module),
            bottom=(Program._execute.__code__,),
            is_memory_lent=False,
        )
        self._log = self.tracer.core.log
        self._streams = Streams(self._hear, self._log.flush if capture else None, self.tracer.meet_watchers)
        self._ours = OurModules()
        self._second, self._flushes = 0.0, 0
        # In the window its text goes on being changed and saved; elsewhere it is the file's, as for plain Python, which
        # reads a module itself.
        is_other = bool(start.module) == capture and self._is_other_on_disk()
        # A module of which another text stands in the window: Python itself would find the file's.
        self._is_found = bool(start.module) and not (source and is_other)
        self._is_the_files = self._is_found or not (capture or is_other)

    def run(self) -> Ending:
        """Run it to its end; exit handlers and threads may still be to come."""
        ending = self._run()
        if ending.how == "returned":
            # As the interpreter does it, which is through with the file then: its exit handlers do not find them.
            for name in ("__file__", "__cached__"):
                vars(self._module).pop(name, None)
        return ending

    def _run(self) -> Ending:
        self._prepare()
        if self._capture:
            self._streams.capture()
        else:
            self._streams.overhear()
        try:
            call = self._load()
        except (SyntaxError, ValueError) as error:
            return self._uncaught(error.with_traceback(None), error)
        self.tracer.start()
        self._ours.take_out()
        failure: BaseException | None = None
        try:
            self._execute(call)
        except BaseException as error:  # noqa: BLE001 - the interpreter's own end of the line
            failure = error
        # As the interpreter does it, before it shows anything.
        self._streams.flush()
        if isinstance(failure, SystemExit):
            return self._exit(failure)
        # When it is shown, by a function of the program's perhaps, nobody is handling it any more.
        return Ending(0, "returned") if failure is None else self._uncaught(failure, failure)

    def say(self, sentence: str) -> None:
        """Tell the user something about the run, in the console."""
        with self._log.lock:
            self._log.notice(sentence)

    def finish(self, ending: Ending) -> None:
        """The program's threads and exit handlers are through: say how it ended."""
        self._ours.put_back()
        with original_builtins():
            self.tracer.stop()
        with self._log.lock:
            self._log.add(ev.Finished(ending.how, ending.status))
            self._log.flush()
        self._streams.unhear()
        # The interpreter ends a module that nobody holds in another way, which objects' last words tell.
        self.tracer.core.names.globals = {}
        self._module = types.ModuleType("__main__")

    def _load(self) -> Callable[[], Any]:
        """What is to be called to run it."""
        places = self.tracer.core.places
        if self._is_found:
            with self._log.lock:
                places.add_main(self._file, self._source)
            return partial(_run_module, self._start.module, self._start.names_file)
        # Of other ends of lines Python lets pass in a text what it refuses in a file.
        code: Any = _compile(as_read(self._source), self._file, "exec", dont_inherit=True)
        with self._log.lock:
            places.add_source(self._file, self._source)
        return partial(_exec, code, vars(self._module))

    def _execute(self, call: Callable[[], Any]) -> None:
        run_at_bottom(call)

    def _prepare(self) -> None:
        start = self._start
        # Under `-P` and `-I` the program's folder is not on the path, nor was another in its place.
        sys.path[:] = [*start.first, *_path_from(sys.path[0 if is_path_safe() else 1 :], self._directory)]
        os.chdir(self._directory)
        variables = vars(self._module)
        variables.update(__annotations__={}, __builtins__=builtins)
        if self._is_found:
            # All else is told to it by what finds the module.
            variables["__loader__"] = BuiltinImporter
        else:
            loader = SourceFileLoader("__main__", self._file)
            variables.update(__file__=self._file, __cached__=None, __loader__=loader)
        if start.module and not self._is_found:
            variables["__package__"] = start.package
        put_in_place(sys.modules["__main__"], self._module)
        if "__mp_main__" in sys.modules:
            # What `multiprocessing` calls it, in whose spawned children the program's classes are of that module.
            sys.modules["__mp_main__"] = self._module
        sys.argv = [self._file if start.module and not self._is_found else start.argument, *self._arguments]
        sys.orig_argv = [sys.executable, *_options(), *start.words, *self._arguments]
        self._prepare_lines()

    def _prepare_lines(self) -> None:
        # As torch is imported it looks up the lines of whatever imports it.
        read = [path for path in linecache.cache if path.startswith(_OURS)]
        for path in read:
            del linecache.cache[path]
        if not self._is_the_files:
            # So that tracebacks and `inspect` show the text that ran, not one that was saved since.
            linecache.cache[self._file] = self._lines()
        elif read:
            linecache.getlines(self._file)

    def _lines(self) -> tuple[int, None, list[str], str]:
        return (len(self._source), None, [f"{line}\n" for line in lines_of(self._source)], self._file)

    def _hear(self, stream: str, text: str) -> None:
        core = self.tracer.core
        if core.muted or _getpid() != core.process:
            return
        if watchers_in_c.current_tracer() is not None:
            hygiene.untraced(self._hear, stream, text)
            return
        with self._log.lock:
            self._settle()
            self._log.printed(stream, text)
        if self._capture and text[-1] == "\n":
            self._flush_prints()

    def _settle(self) -> None:
        """Tell what became of the leaves so far, unseen by modes that the program is in, and without ever raising."""
        try:
            with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
                self.tracer.core.leaves.settle()
        except Exception as error:  # noqa: BLE001 - a fault of ours must never be the program's
            self._log.lost("a leaf", error)

    def _flush_prints(self) -> None:
        """Show what was printed at once, but a flood of prints in larger pieces."""
        now = _monotonic()
        if now - self._second > _FLOOD_SECONDS:
            self._second, self._flushes = now, 0
        self._flushes += 1
        if self._flushes <= _FLOOD:
            self._log.flush()

    def _exit(self, error: SystemExit) -> Ending:
        code = error.code
        if code is None:
            return Ending(0, "exited")
        if isinstance(code, int):
            return Ending(code & 0xFF, "exited")
        with contextlib.suppress(Exception):
            sys.stderr.write(f"{code}\n")
        return Ending(1, "exited")

    def _uncaught(self, error: BaseException, shown: BaseException) -> Ending:
        with original_builtins(), self._ours.present():
            text = self._describe(error, shown)
        sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
        ending = self._show(error, text)
        if isinstance(error, KeyboardInterrupt):
            return Ending(-2, "returned")
        return ending or Ending(1, "returned")

    def _show(self, error: BaseException, text: str) -> Ending | None:
        """As the interpreter does it; how the program ended, where the hook that it calls ended it."""
        shown = (type(error), error, error.__traceback__)
        failure: BaseException | None = None
        try:
            if text:
                # The interpreter reads the lines that it shows from the disk, where there are others, or none.
                sys.stderr.write(text)
            elif hasattr(sys, "excepthook"):
                # The interpreter's own writes line by line; what the program put there may wait for an answer.
                self._log.joins_lines = sys.excepthook is _excepthook
                run_at_bottom(partial(sys.excepthook, *shown))
            else:
                sys.stderr.write("sys.excepthook is missing\n")
                _excepthook(*shown)
        except SystemExit as exit_of_hook:
            return self._exit(exit_of_hook)
        except BaseException as of_hook:  # noqa: BLE001 - a hook of the program's may do anything
            failure = of_hook
        finally:
            self._log.joins_lines = False
        if failure is not None:
            failure.__traceback__ = _without_ours(hygiene.clean(failure.__traceback__))
            with contextlib.suppress(Exception):
                sys.stderr.write("Error in sys.excepthook:\n")
                _excepthook(type(failure), failure, failure.__traceback__)
                sys.stderr.write("\nOriginal exception was:\n")
                _excepthook(*shown)
        return None

    def _describe(self, error: BaseException, shown: BaseException) -> str:
        """Record an exception that nobody caught; its text, where the interpreter would show other lines."""
        shown.__traceback__ = _without_ours(hygiene.clean(shown.__traceback__))
        text = self._text_of(error)
        try:
            self._raised(error, text)
        except Exception as fault:  # noqa: BLE001 - the program may have broken what this takes of the library
            with self._log.lock:
                self._log.lost("the error's place", fault)
                self._log.add(ev.Raised(type(error).__name__, _message(error), _sentence(error), None))
            return ""
        if self._is_the_files or getattr(sys, "excepthook", None) is not _excepthook:
            return ""
        return text if self._is_other_on_disk() else ""

    def _text_of(self, error: BaseException) -> str:
        """As the library formats it, which takes more of it than the interpreter; "" where the program has broken it.

        Its lines are those that ran, and none of what the library has read for it stays where the program would see it.
        """
        try:
            read = dict(linecache.cache)
            linecache.cache[self._file] = self._lines()
            try:
                return "".join(traceback.format_exception(type(error), error, error.__traceback__))
            finally:
                linecache.cache.clear()
                linecache.cache.update(read)
        except Exception:  # noqa: BLE001 - the program may have changed anything there
            return ""

    def _raised(self, error: BaseException, text: str) -> None:
        with self._log.lock:
            place = self.tracer.core.places.of_traceback(error.__traceback__)
            span = None if place is None else place.span
            if isinstance(error, SyntaxError) and error.filename == self._file:
                places = self.tracer.core.places
                if not self._is_found:
                    places.add_source(self._file, self._source)
                number = places.file_number(self._file)
                span = None if number == ev.NONE else ev.Span(number, error.lineno or 1)
        message = _message(error)
        core = self.tracer.core
        explained, sentence = core.explained
        if explained != message:
            sentence = explain_mutation(message, core.mutations.values(), core.leaves.name_of_number)
        sentence = sentence or _sentence(error)
        frames = () if place is None else place.frames
        with self._log.lock:
            self._settle()
            self._log.add(ev.Raised(type(error).__name__, message, sentence, span, frames, text))

    def _is_other_on_disk(self) -> bool:
        try:
            return decoded(Path(self._file).read_bytes()) != self._source
        except (OSError, ValueError, SyntaxError):
            return True
        except Exception:  # noqa: BLE001 - a broken library again
            return False


def _options() -> list[str]:
    """Those of Python's own that this process was started with."""
    argv = sys.orig_argv
    return argv[1 : argv.index("-m")] if "-m" in argv else []


def _path_from(path: list[str], directory: str) -> list[str]:
    """A path to import from, where `PYTHONPATH` names folders as seen from the program's directory.

    They have been looked up from the one in which this process was started.
    """
    variable = os.environ.get("PYTHONPATH")
    given = variable.split(os.pathsep) if variable else []
    moved = {_plain(os.path.abspath(each)): os.path.abspath(os.path.join(directory, each)) for each in given}  # noqa: PTH100, PTH118
    found = [moved.get(_plain(each), each) for each in path]
    # Python lists none of them twice.
    return found if found == path else list(dict.fromkeys(found))


def _plain(path: str) -> str:
    # Two slashes at the beginning, as Python makes them for what is in the root, count as one.
    return os.path.normcase(os.path.normpath(path)).replace("//", "/")


def put_in_place(ours: types.ModuleType, programs: types.ModuleType) -> None:
    """Let the program's module be `__main__`, also for who took it to be ours when torch loaded them, such as dill."""
    sys.modules["__main__"] = programs
    for module in list(sys.modules.values()):
        variables = vars(module) if type(module) is types.ModuleType else {}
        for name in [name for name, value in variables.items() if value is ours]:
            variables[name] = programs


def _without_ours(trace: types.TracebackType | None) -> types.TracebackType | None:
    while trace is not None and hygiene.is_ours(trace.tb_frame.f_code):
        trace = trace.tb_next
    return trace


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - an exception's own method may do anything
        return ""


def _sentence(error: BaseException) -> str:
    try:
        from graphviz_app.explain.errors import explain_error

        return explain_error(type(error).__name__, _message(error))
    except Exception:  # noqa: BLE001 - an explanation is never worth a crash
        return ""


def wait_for_threads() -> None:
    """What the interpreter does between the program's last line and its exit handlers."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
