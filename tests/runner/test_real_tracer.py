"""Runs with torch, in the worker that the app uses."""

from __future__ import annotations

import signal
import sys
import threading

import pytest
from support_runner import PATIENCE, Trial

from graphviz_app.protocol.framing import LARGEST_FRAME
from graphviz_app.recording import events as ev
from graphviz_app.runner import RunProgress, WorkerPool

ACCUMULATION = """\
import torch
weights = torch.ones(4, requires_grad=True)
for epoch in range(2):
    (weights * 3).sum().backward()
    print(weights.grad)
"""


@pytest.fixture(scope="module")
def pool():
    """One worker always imports torch while a test works with the one before it."""
    made = WorkerPool()
    made.warm()
    yield made
    made.close()


@pytest.fixture
def trial(tmp_path, pool):
    def take():
        worker = pool.take()
        pool.warm()
        return worker

    made = Trial(tmp_path, take)
    yield made
    made.run.stop()
    made.run.join(PATIENCE)


def kinds(events):
    return [type(event).__name__ for event in events]


def test_prints_stand_in_order_among_the_events_of_two_passes(trial):
    outcome = trial(ACCUMULATION)
    assert outcome.sentence() == "The program ran to its end, with 2 backward passes."
    told = [name for name in kinds(trial.events()) if name in ("BackwardStarted", "GradAccumulated", "Printed")]
    assert told == ["BackwardStarted", "GradAccumulated", "Printed"] * 2
    assert trial.printed() == "tensor([3., 3., 3., 3.])\ntensor([6., 6., 6., 6.])\n"
    assert trial.console == trial.printed()


def test_a_backward_without_a_gradient_is_explained_with_its_line(trial):
    outcome = trial("import torch\nx = torch.ones(3, requires_grad=True)\n(x * 2).backward()\n")
    assert outcome.raised
    assert outcome.error.exception == "RuntimeError"
    assert outcome.error_line == 3
    assert outcome.sentence().startswith("Line 3: ")
    assert "\n" not in outcome.sentence()


def test_a_syntax_error_is_an_outcome_with_its_line(trial):
    outcome = trial("x = 1\ny = (\n")
    assert outcome.raised
    assert outcome.error.exception == "SyntaxError"
    assert outcome.error_line == 2


def test_a_pass_can_be_read_before_the_program_has_ended(trial):
    passed = threading.Event()

    def watch(progress):
        if progress.passes == 2:
            passed.set()

    trial.start(ACCUMULATION + "input()", on_progress=watch)
    assert passed.wait(PATIENCE)
    trial.run.close_input()
    assert trial.finish().error.exception == "EOFError"


def test_stop_ends_a_training_loop_and_keeps_the_passes_that_ended(trial):
    seen = threading.Event()

    def watch(progress: RunProgress):
        if progress.passes >= 3:
            seen.set()

    trial.start(
        "import torch\nx = torch.ones(2, requires_grad=True)\nwhile True: (x * x).sum().backward()", on_progress=watch
    )
    assert seen.wait(PATIENCE)
    trial.run.stop()
    outcome = trial.finish()
    assert outcome.stopped
    assert outcome.passes >= 3
    names = kinds(trial.events())
    assert names.count("BackwardFinished") == outcome.passes
    assert names[-1] == "Finished"


def test_stop_ends_a_matrix_product_that_would_take_hours(trial):
    begun = threading.Event()
    trial.start(
        "import torch\nx = torch.ones(6000, 6000)\nprint('on', flush=True)\nwhile True: x @ x",
        on_progress=lambda progress: progress.console and begun.set(),
    )
    assert begun.wait(PATIENCE)
    trial.run.stop()
    assert trial.finish().stopped


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_crash_after_a_pass_leaves_the_pass(trial):
    outcome = trial(ACCUMULATION + "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert outcome.killed
    assert outcome.status == -signal.SIGSEGV
    assert outcome.passes == 2


@pytest.mark.parametrize(("ending", "status"), [("import sys; sys.exit(3)", 3), ("import os; os._exit(1)", 1)])
def test_an_exit_after_a_pass_leaves_the_pass(trial, ending, status):
    outcome = trial(ACCUMULATION + ending)
    assert (outcome.how, outcome.status, outcome.passes) == ("exited", status, 2)


def test_exit_handlers_and_threads_are_heard_before_the_end_is_written(trial):
    outcome = trial(
        "import atexit, threading, time\n"
        "atexit.register(lambda: print('bye'))\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\n"
        "print('main')\n"
    )
    assert outcome.succeeded
    assert trial.printed() == "main\nthread\nbye\n"
    assert isinstance(trial.events()[-1], ev.Finished)


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
def test_forked_children_are_heard_too_and_do_not_disturb_the_recording(trial):
    outcome = trial(
        "import os, torch\n"
        "x = torch.ones(2, requires_grad=True)\n"
        "if os.fork() == 0:\n"
        "    x.sum().backward()\n"
        "    print('child', x.grad, flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "(x * 2).sum().backward()\n"
        "print('parent', x.grad)\n"
    )
    assert outcome.succeeded
    assert outcome.problem == ""
    assert outcome.passes == 1
    assert sorted(trial.printed().splitlines()) == ["child tensor([1., 1.])", "parent tensor([2., 2.])"]


def test_a_program_that_closes_every_descriptor_goes_on_without_being_recorded(trial):
    outcome = trial(
        "import os, torch\n"
        "x = torch.ones(2, requires_grad=True)\n"
        "x.sum().backward()\n"
        "os.closerange(3, 4096)\n"
        "x.sum().backward()\n"
    )
    assert outcome.status == 0
    assert outcome.passes == 1


def test_one_print_larger_than_a_message_is_recorded_in_pieces(trial):
    outcome = trial(f"print('x' * {LARGEST_FRAME + 10})\nprint('done')")
    assert outcome.succeeded
    assert trial.printed().endswith("x\ndone\n")


def test_a_hundred_megabytes_of_prints_neither_stall_the_run_nor_fill_the_recording(trial):
    outcome = trial("line = 'x' * 9999\nfor i in range(10_000): print(line)\nprint('done')")
    assert outcome.succeeded
    notice = next(event for event in trial.events() if isinstance(event, ev.Notice))
    assert notice.text.startswith("The program wrote 100,000,005 characters to stdout")
    assert trial.printed().endswith("done\n")
    assert trial.run.recording_path.stat().st_size < 20_000_000
