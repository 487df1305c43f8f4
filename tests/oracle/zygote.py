"""A process in which torch is imported already, and which forks a child for every program that is to be run.

It reads one job per line from its standard input (JSON) and answers with one line each. A child runs its program
either as plain Python would, or recorded; importing torch anew for each would take minutes.
"""

from __future__ import annotations

import atexit
import builtins
import gc
import importlib
import io
import json
import linecache
import os
import runpy
import select
import signal
import sys
import time
import traceback
import types
from functools import partial
from importlib.machinery import BuiltinImporter, SourceFileLoader
from pathlib import Path

import torch
import torch._dynamo  # every optimizer loads it, which takes two seconds

import graphviz_app
from graphviz_app.own import original_builtins
from graphviz_app.recording import events as ev
from graphviz_app.recording.writer import RecordingWriter
from graphviz_app.tracer.absent import OurModules
from graphviz_app.tracer.bottom import run_at_bottom
from graphviz_app.tracer.launch import Program
from graphviz_app.tracer.start import start_of

_TIMEOUT = 100
# A program may put something else in their places.
_detach = torch.Tensor.detach
_getpid = os.getpid


def plain(job):
    """As `python program.py` does it, `python -m module` or `python folder`."""
    path = job["program"]
    file = str(Path(job["directory"], path))
    module, container = job["start"].get("module", ""), job["start"].get("container", "")
    main = types.ModuleType("__main__")
    vars(main).update(__annotations__={}, __builtins__=builtins, __loader__=BuiltinImporter)
    if not module and not container:
        vars(main).update(__file__=file, __cached__=None, __loader__=SourceFileLoader("__main__", file))
    sys.modules["__main__"] = sys.modules["__mp_main__"] = main
    find = importlib._bootstrap._find_and_load
    OurModules().take_out()
    # Python's own, of which a profile function hears everything.
    importlib._bootstrap._find_and_load = find
    sys.argv = ["-m" if module else container or path, *job["arguments"]]
    sys.path[0] = f"{job['directory']}/{container}" if container else job["directory"]
    os.chdir(job["directory"])
    try:
        if module or container:
            run_at_bottom(partial(runpy._run_module_as_main, module or "__main__", bool(module)))
        else:
            code = compile(Path(file).read_bytes(), file, "exec", dont_inherit=True)
            run_at_bottom(partial(exec, code, vars(main)))
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != file and is_ours(trace):
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        if type(error) is KeyboardInterrupt:
            atexit_kill()
        sys.exit(1)
    sys.exit(0)


def is_ours(trace):
    return "graphviz_app" in trace.tb_frame.f_code.co_filename or trace.tb_frame.f_code.co_filename == __file__


def atexit_kill():
    sys.stdout.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def recorded(job):
    """As the tracer's worker does it, but with a file at the other end."""
    path = job["program"]
    text = Path(job["directory"], path).read_text("utf-8")
    stream = Path(job["recording"]).open("wb", buffering=0)  # noqa: SIM115
    environment = ev.Environment("3", str(torch.__version__), graphviz_app.__version__)
    arguments = tuple(job["arguments"])
    writer = RecordingWriter(stream, ev.Program(path, text, arguments, job["directory"]), environment)
    mine = _getpid()

    def sink(batch):
        if _getpid() == mine:
            # In the app another process writes, whose functions the program cannot replace.
            with original_builtins():
                writer.append(batch)
                writer.flush()

    start = start_of(job["main"] or path, job["directory"], **job["start"])
    program = Program(start, text, arguments, job["directory"], capture=False, sink=sink)

    def finish():
        if _getpid() != mine:
            return
        with original_builtins():
            left = grads_of(program)
            program.finish(ending)
            writer.finish()
            Path(job["grads"]).write_text(json.dumps(left))
        if ending.status < 0:
            atexit_kill()

    atexit.register(finish)
    ending = program.run()
    sys.exit(max(ending.status, 0))


def grads_of(program):
    """What torch itself holds in `.grad` at the end, by the number of the leaf."""
    left = {}
    with torch._C.DisableTorchFunction():
        for leaf in program.tracer.core.leaves._all:
            tensor = leaf.tracked.tensor()
            if tensor is None or not (tensor.is_leaf or tensor.retains_grad):
                continue
            grad = torch.Tensor.grad.__get__(tensor)
            if grad is not None and (grad.is_nested or type(grad) is not torch.Tensor):
                continue
            if grad is None:
                left[leaf.number] = None
            elif (
                grad.layout is torch.strided and not grad.is_meta and grad.dtype not in (torch.bfloat16, torch.float16)
            ):
                left[leaf.number] = _detach(grad).cpu().contiguous().numpy().tobytes().hex()
    return left


def child(job):
    for number, (name, flags) in enumerate(
        (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY | os.O_CREAT), ("stderr", os.O_WRONLY | os.O_CREAT))
    ):
        descriptor = os.open(job[name], flags, 0o644)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    for name, number in (("stdout", 1), ("stderr", 2)):
        # What torch's modules hold goes away with nobody, and would not write out what lies in it.
        old = getattr(sys, name)
        raw = io.FileIO(number, "w", closefd=False)
        raw.name = f"<{name}>"
        buffer = raw if old.write_through else io.BufferedWriter(raw)
        new = io.TextIOWrapper(
            buffer, old.encoding, old.errors, write_through=old.write_through, line_buffering=number == 2
        )
        new.mode = "w"
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    linecache.clearcache()
    torch.manual_seed(0)
    (recorded if job["recorded"] else plain)(job)


def wait(process):
    """The exit status of a child, which is killed when it takes too long."""
    handle = os.pidfd_open(process)
    ready, _, _ = select.select([handle], [], [], _TIMEOUT)
    os.close(handle)
    if not ready:
        os.kill(process, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main():
    answers = os.fdopen(os.dup(1), "w")
    jobs = os.fdopen(os.dup(0), "r")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    # What is here already is not looked through again at the end of each child.
    gc.collect()
    gc.freeze()
    answers.write("ready\n")
    answers.flush()
    for line in jobs:
        job = json.loads(line)
        began = time.monotonic()
        process = os.fork()
        if process == 0:
            try:
                answers.close()
                jobs.close()
                child(job)
            except SystemExit:
                raise
            except BaseException:  # noqa: BLE001
                traceback.print_exc()
                os._exit(99)
        answers.write(json.dumps({"status": wait(process), "seconds": time.monotonic() - began}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
