"""`record` writes as it goes: whoever is killed, the file opens and holds every pass that had ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support_cli import PATIENCE

from graphviz_app.recording import Recording
from graphviz_app.recording.journal import journal_path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the program may outlive its recorder")

# The program counts its passes in a file of its own, as each returns.
PROGRAM = """\
import os, torch
counter = os.open("counted", os.O_RDWR | os.O_CREAT)
weights = torch.ones(3, requires_grad=True)
count = 0
while True:
    loss = (weights * weights).sum()
    loss.backward() if count % 2 else torch.autograd.grad(loss, weights)
    count += 1
    os.pwrite(counter, b"%20d %20d" % (count, os.getpid()), 0)
    if count % 10 == 0:
        print("ten more", flush=True)
"""
KILLS = {
    "the recorder": lambda recorder, _: recorder.kill(),
    "all at once": lambda recorder, _: os.killpg(recorder.pid, signal.SIGKILL),
    "the program": lambda _, program: os.kill(program, signal.SIGKILL),
}


def counted():
    """How many passes have ended, and the number of the process."""
    try:
        words = Path("counted").read_bytes().split()
    except FileNotFoundError:
        return 0, 0
    return (int(words[0]), int(words[1])) if len(words) == 2 else (0, 0)


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "It never happened."
        time.sleep(0.001)


def kill_after(passes, kill):
    """Record the program, kill somebody after so many passes, and return how many there were in the end."""
    Path("program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "graphviz_app", "record", "program.py", "-o", "run.agrec"]
    recorder = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for(lambda: counted()[0] >= passes)
        program = counted()[1]
        kill(recorder, program)
        recorder.wait(PATIENCE)
        wait_for(lambda: not Path(f"/proc/{program}").exists())
    finally:
        recorder.kill()
        recorder.wait(PATIENCE)
    return counted()[0]


def passes_held(path="run.agrec"):
    recording = Recording.open(path)
    try:
        return sum(summary.end >= 0 for summary in recording.passes)
    finally:
        recording.close()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("passes", [1, 300])
@pytest.mark.parametrize("kill", KILLS.values(), ids=KILLS)
def test_every_pass_that_had_ended_is_in_the_recording(kill, passes):
    ended = kill_after(passes, kill)
    assert passes_held() >= ended
    assert journal_path(Path("run.agrec")).exists() == (kill is not KILLS["the program"])


def test_a_recording_that_was_killed_is_shown_and_saved_like_any_other(here, call):
    ended = kill_after(50, KILLS["all at once"])
    answer = call("export", "run.agrec", "-o", "run.csv")
    assert answer.status == 0
    assert "ends early" in answer.errors
    assert (here / "run.csv").exists()
    recording = Recording.open("run.agrec")
    assert recording.warning
    recording.save("saved.agrec")
    recording.close()
    assert passes_held("saved.agrec") >= ended


def test_a_killed_recording_is_recorded_anew(here, call):
    kill_after(1, KILLS["all at once"])
    (here / "program.py").write_text("print('on')\n")
    assert call("record", "program.py", "-o", "run.agrec").output == "on\n"
    assert passes_held() == 0
    assert sorted(os.listdir()) == ["counted", "program.py", "run.agrec"]  # noqa: PTH208
