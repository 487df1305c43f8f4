"""Whole runs, with real processes and without torch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from graphviz_app.protocol import RunProgram
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.runner import Run, feed

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def wait_for(condition, patience=20.0):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "It never happened."
        time.sleep(0.005)


def is_running(process):
    try:
        status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status != "Z"


def test_a_program_that_ends_leaves_a_complete_recording_of_what_it_printed(trial):
    outcome = trial("import sys\nprint('hello', *sys.argv)\nprint('oh', file=sys.stderr)", arguments=("a", "b c"))
    assert outcome.succeeded
    assert trial.printed() == "hello program.py a b c\n"
    assert trial.printed("stderr") == "oh\n"
    assert trial.console == "hello program.py a b c\noh\n"
    assert trial.events()[-1] == ev.Finished("returned", 0, outcome.sentence())
    assert outcome.events == len(trial.events())


def test_an_exception_is_named_with_its_line(trial):
    outcome = trial("print(1)\nprint(2)\n1 / 0\n")
    assert outcome.raised
    assert outcome.error_line == 3
    assert outcome.status == 1
    assert outcome.sentence() == "Line 3: ZeroDivisionError: division by zero"
    assert trial.printed() == "1\n2\n"


def test_sys_exit_is_an_exit_with_its_status(trial):
    outcome = trial("import sys\nsys.exit(3)")
    assert (outcome.how, outcome.status) == ("exited", 3)


def test_os_exit_is_noticed_though_nothing_was_said(trial):
    outcome = trial("import os\nprint('before')\nos._exit(1)")
    assert (outcome.how, outcome.status) == ("exited", 1)
    assert trial.printed() == "before\n"


@posix
def test_a_segmentation_fault_is_said_and_what_was_before_it_is_kept(trial):
    outcome = trial("import os, signal\nprint('before')\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert outcome.killed
    assert outcome.status == -signal.SIGSEGV
    assert "segmentation fault" in outcome.sentence()
    assert trial.printed() == "before\n"
    assert trial.events()[-1].how == "killed"


@posix
def test_a_program_killed_from_outside_leaves_a_recording_that_says_so(trial):
    trial.start("import os, time\nprint(os.getpid())\nwhile True: time.sleep(10)")
    wait_for(lambda: "\n" in trial.console)
    os.kill(int(trial.console), signal.SIGKILL)
    outcome = trial.finish()
    assert outcome.killed
    assert "killed from outside" in outcome.sentence()
    assert trial.events()[-1] == ev.Finished("killed", -9, outcome.sentence())


@pytest.mark.parametrize(
    "source",
    [
        "print('on')\nwhile True: pass",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('on')\nwhile True: pass",
        "print('on')\nwhile True:\n    try:\n        while True: pass\n    except KeyboardInterrupt: pass",
        # One C call that holds the GIL for ever and looks at no signal.
        "import itertools\nprint('on')\nany(itertools.repeat(False))",
        "import time\nprint('on')\ntime.sleep(1000)",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\nprint('on')",
        "print('on')\ninput()",
        "while True: print('on')",
    ],
    ids=["a loop", "ignoring SIGINT", "catching it", "a C call", "sleeping", "a thread", "input", "printing"],
)
def test_stop_ends_any_program(trial, source):
    trial.start(source)
    # The whole line: `print` writes its end apart, and a stop may fall between the two.
    wait_for(lambda: "\n" in trial.console)
    trial.run.stop()
    outcome = trial.finish()
    assert outcome.stopped or "Thread" in source
    assert trial.printed().startswith("on\n")
    assert trial.events()[-1].how == outcome.how


@posix
def test_stop_also_ends_what_the_program_started(pipes_trial):
    pipes_trial.start(
        """
        import signal, subprocess, sys, time
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        print(child.pid)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        time.sleep(1000)
        """.replace("\n        ", "\n")
    )
    wait_for(lambda: "\n" in pipes_trial.console)
    child = int(pipes_trial.console)
    pipes_trial.run.stop()
    assert pipes_trial.finish().stopped
    wait_for(lambda: not is_running(child))


def test_stop_before_the_program_began_ends_it_too(trial):
    trial.start("print('on')")
    trial.run.stop()
    outcome = trial.finish()
    assert outcome.stopped or outcome.succeeded


def test_a_stop_that_comes_after_the_end_changes_nothing(trial):
    assert trial("print(1)").succeeded
    trial.run.stop()
    assert trial.run.wait(1).succeeded


def test_a_program_gets_the_lines_that_are_typed_for_it_and_then_the_end_of_input(trial):
    trial.start("print(input('name? '))\nprint(input())\ninput()")
    trial.run.send_input("Ada\nLove")
    trial.run.send_input("lace\n")
    trial.run.close_input()
    outcome = trial.finish()
    assert trial.printed() == "name? Ada\nLovelace\n"
    assert outcome.error.exception == "EOFError"
    assert outcome.error_line == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_program_that_waits_for_input_is_known_to_wait_and_then_not_any_more(trial):
    waiting, going_on = threading.Event(), threading.Event()

    def watch(progress):
        if progress.waits_for_input:
            waiting.set()
        elif waiting.is_set():
            going_on.set()

    trial.start("import time\ninput()\ntime.sleep(1000)", on_progress=watch)
    assert waiting.wait(20)
    trial.run.send_input("\n")
    assert going_on.wait(20)
    trial.run.stop()
    trial.finish()


def test_more_input_than_a_pipe_holds_reaches_a_slow_program_whole(trial):
    trial.start("import sys, time\ntime.sleep(0.1)\nprint(len(sys.stdin.read()))")
    trial.run.send_input("x" * 1_000_000)
    trial.run.close_input()
    assert trial.finish().succeeded
    assert trial.printed() == "1000000\n"


@posix
def test_a_system_without_pidfd_and_waitid_notices_the_end_as_well(pipes_trial, monkeypatch):
    monkeypatch.delattr(os, "waitid", raising=False)
    monkeypatch.setattr(feed, "_pidfd", lambda _: None)
    outcome = pipes_trial("import os\nprint('before')\nos._exit(4)")
    assert (outcome.how, outcome.status) == ("exited", 4)
    assert pipes_trial.printed() == "before\n"


def test_what_children_and_c_code_write_to_the_descriptors_is_recorded_too(trial):
    outcome = trial(
        "import os, subprocess, sys\n"
        "os.write(1, b'raw ')\n"
        "subprocess.run([sys.executable, '-c', 'print(12345)'])\n"
        "os.write(2, b'error')\n"
    )
    assert outcome.succeeded
    assert trial.printed() == "raw 12345\n"
    assert trial.printed("stderr") == "error"


@posix
def test_what_a_program_had_told_is_recorded_though_we_were_too_slow_to_hear_it(pipes_trial, monkeypatch):
    monkeypatch.setattr(feed, "DRAIN_SECONDS", 0.0)
    pipes_trial.start(
        "import os\n"
        "from graphviz_app.protocol import Recorded\n"
        "for number in range(2000):\n"
        "    channel.send(Recorded(ev.Batch(0, (), (ev.NameBound(number, 'x' * 300),))))\n"
        "os._exit(0)",
        on_progress=lambda _: time.sleep(0.2),
    )
    assert pipes_trial.finish().how == "exited"
    assert [event.tensor for event in pipes_trial.events()[:-1]] == list(range(2000))


@posix
def test_a_forked_child_that_outlives_the_program_does_not_keep_the_run_open(pipes_trial):
    outcome = pipes_trial("import os, time\nif os.fork() == 0:\n    time.sleep(5)\n    os._exit(0)\nprint('parent')")
    assert outcome.succeeded
    assert pipes_trial.printed() == "parent\n"
    assert outcome.elapsed < 4


def test_very_many_prints_are_bounded_and_the_recording_says_so(trial):
    outcome = trial("for i in range(2000): print('x' * 9999)\nprint('the last line')")
    assert outcome.succeeded
    notices = [event.text for event in trial.events() if isinstance(event, ev.Notice)]
    assert notices == [
        "The program wrote 20,000,014 characters to stdout; "
        "the recording keeps the first 8,388,608 and the last 65,536 of them."
    ]
    assert len(trial.printed()) == 8_388_608 + 65_536
    assert trial.printed().endswith("x\nthe last line\n")
    assert max(sum(len(text) for _, text in progress.console) for progress in trial.progress) < 17_000
    assert trial.console.endswith("the last line\n")


def test_progress_is_reported_while_the_program_runs(trial):
    seen = []
    passed = threading.Event()

    def watch(progress):
        seen.append(progress)
        if progress.passes == 2:
            passed.set()

    trial.start(
        "from graphviz_app.protocol import Recorded\n"
        "for number in range(2):\n"
        "    channel.send(Recorded(ev.Batch(0, (), (ev.BackwardStarted(number), ev.BackwardFinished(number)))))\n"
        "input()",
        on_progress=watch,
    )
    assert passed.wait(20)
    assert trial.run.wait(0) is None
    # Both passes can be read while the program still runs.
    recording = Recording.open(trial.run.recording_path)
    assert [summary.end for summary in recording.passes] == [1, 3]
    recording.close()
    trial.run.close_input()
    trial.finish()
    assert [progress.phase for progress in seen][-1] == "running"
    assert [progress.passes for progress in seen] == sorted(progress.passes for progress in seen)


def test_the_outcome_comes_once_with_the_recording_complete(trial):
    outcomes = []
    lengths = []

    def end(outcome):
        outcomes.append(outcome)
        recording = Recording.open(outcome.recording_path)
        lengths.append(len(recording))
        recording.close()

    outcome = trial("print(1)", on_end=end)
    assert outcomes == [outcome]
    assert lengths == [outcome.events]


def test_a_python_that_cannot_be_started_is_an_outcome_not_an_exception(tmp_path):
    def spawn():
        raise FileNotFoundError(2, "No such file or directory")

    run = Run(spawn, RunProgram("p.py", "print()", (), "/"), tmp_path / "run.agrec")
    outcome = run.run()
    assert outcome.failed
    assert outcome.sentence() == "Python could not be started: No such file or directory."


def test_a_worker_without_torch_fails_with_its_sentence(trial, monkeypatch):
    monkeypatch.setenv("PLAIN_WORKER", "unready")
    outcome = trial("print(1)")
    assert outcome.failed
    assert outcome.sentence() == "PyTorch cannot be imported."


@pytest.mark.skipif(sys.platform != "linux", reason="done by the kernel on Linux, by a job object on Windows")
def events_in(path):
    recording = Recording.open(path)
    count = len(recording)
    recording.close()
    return count


def test_the_program_ends_when_the_app_is_killed(tmp_path):
    app = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(f"""
            import sys
            from pathlib import Path
            from graphviz_app.protocol import RunProgram
            from graphviz_app.runner import Run, spawn_worker
            source = "import os\\nprint(os.getpid())\\nwhile True: pass"
            spawn = lambda: spawn_worker(capture=True, entry=({str(Path(__file__).with_name("plain_worker.py"))!r},))
            Run(spawn, RunProgram("p.py", source, (), "/"), Path({str(tmp_path / "run.agrec")!r}),
                on_progress=lambda progress: [print(text, flush=True) for _, text in progress.console]).run()
            """),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    program = int(app.stdout.readline())
    assert is_running(program)
    # What is printed is on the disk a moment after it was shown.
    wait_for(lambda: events_in(tmp_path / "run.agrec") > 0)
    app.kill()
    app.wait(20)
    app.stdout.close()
    wait_for(lambda: not is_running(program))
    # And everything up to then can be opened.
    recording = Recording.open(tmp_path / "run.agrec")
    assert recording.event(0).text.strip() == str(program)
    recording.close()
