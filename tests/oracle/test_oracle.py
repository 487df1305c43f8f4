"""Every small program does under the tracer what it does without, to the bit; and its recording adds up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from replay import Replay, adds_up, is_the_same

from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.tracer.invisible import PASSES_OVER

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are forked and awaited as Linux can")

PROGRAMS = sorted(Path(__file__).parents[1].joinpath("programs").glob("*.py"))
LESSONS = sorted(Path(__file__).parents[2].joinpath("resources", "lessons").glob("*/program.py"))
NOT_PROGRAMS = {"shown"}
# Programs that are meant to end otherwise than with 0.
STATUSES = {
    "interrupt": -2,
    "os_exit": 5,
    "hook_that_exits": 3,
    "stdin_and_exit": 3,
    **dict.fromkeys(
        ("anomaly_mode", "broken_builtins", "broken_library", "compressed_and_stale", "custom_error", "exit_message",
         "infinite_recursion", "inplace_error", "stack_walks", "syntax_error",
         "uncaught_in_function"), 1
    ),
}  # fmt: skip


# They ask how deep they stand, and who calls or watches them: only Python 3.11 lets frames of ours be passed over that
# C has called.
ABOUT_THEIR_STACK = {
    "infinite_recursion", "operators_profiled", "profiled_in_c", "questions_about_us", "recursion_limit",
    "stack_walks", "traced_in_c", "watched_calls", "watchers_watched"
}  # fmt: skip


def _names():
    return [path for path in (*PROGRAMS, *LESSONS) if path.stem not in NOT_PROGRAMS]


def _identify(path):
    return path.stem if path.stem != "program" else path.parent.name


@pytest.mark.parametrize("program", _names(), ids=_identify)
def test_program_is_the_same_when_recorded(program, zygote, tmp_path, request):
    if not PASSES_OVER and _identify(program) in ABOUT_THEIR_STACK:
        request.applymarker(pytest.mark.xfail(strict=False, reason="it finds frames of ours on its stack"))
    plain = zygote.run(program, tmp_path / "plain", recorded=False)
    # One that dies of what this torch lacks would be the same when recorded, and show nothing.
    assert plain.status == STATUSES.get(_identify(program), 0), plain.stderr
    recorded = zygote.run(program, tmp_path / "recorded", recorded=True)
    is_the_same(recorded, plain)
    adds_up(recorded)


def test_what_comes_into_nodes_of_other_threads_was_sent_there(zygote, tmp_path):
    program = next(path for path in PROGRAMS if path.stem == "deep_reentrant")
    recording = Recording.open(zygote.run(program, tmp_path / "recorded", recorded=True).folder / "recording")
    events = map(recording.event, range(len(recording.index.events)))
    assert Replay(recording).sums == sum(isinstance(each, ev.NodeCalled) for each in events) > 500
    recording.close()


def test_there_are_at_least_eighty_programs():
    assert len(_names()) >= 80
