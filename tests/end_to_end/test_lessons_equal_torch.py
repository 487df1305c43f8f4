"""Each lesson, from its text to its ledger, against what torch itself computes."""

import json
import subprocess
import sys

import pytest

from graphviz_app.lessons import all_lessons
from graphviz_app.protocol import RunProgram
from graphviz_app.recording import Recording
from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from graphviz_app.runner.pool import WorkerPool
from graphviz_app.runner.run import Run
from graphviz_app.timeline import Timeline

# Runs programs as they are, and writes down every global leaf's `.grad` after every backward() of each.
ORACLE = """
import json, runpy, sys, torch
backward, seen = torch.Tensor.backward, []

def leaves(namespace):
    for name, value in namespace.items():
        if isinstance(value, torch.nn.Module):
            yield from ((f"{name}.{path}", parameter) for path, parameter in value.named_parameters())
        elif isinstance(value, torch.Tensor) and value.is_leaf and value.requires_grad:
            yield name, value

def watched(self, *args, **kwargs):
    backward(self, *args, **kwargs)
    found = leaves(sys._getframe(1).f_globals)
    seen.append({name: leaf.grad.flatten().tolist() for name, leaf in found if leaf.grad is not None})

torch.Tensor.backward = watched
fresh = torch.get_rng_state()
for path in sys.argv[1:]:
    torch.set_rng_state(fresh)
    runpy.run_path(path, run_name="__main__")
    print("\\x1e" + json.dumps(seen), end="\\x1e")
    seen.clear()
"""

LESSONS = all_lessons()


@pytest.fixture(scope="module")
def pool():
    pool = WorkerPool()
    yield pool
    pool.close()


@pytest.fixture(scope="module")
def expected():
    """By lesson, what it prints and what torch computes."""
    command = [sys.executable, "-c", ORACLE, *[str(lesson.program_path) for lesson in LESSONS]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    told = done.stdout.split("\x1e")
    found = zip(told[0::2], map(json.loads, told[1::2]), strict=False)
    return dict(zip([lesson.slug for lesson in LESSONS], found, strict=True))


def recorded(pool, path, source, folder):
    run = Run(pool.take, RunProgram(str(path), source, (), str(folder)), folder / "run.agrec")
    outcome = run.run()
    assert outcome.succeeded, outcome.sentence()
    return Recording.open(folder / "run.agrec")


def grads_after_each_pass(recording):
    timeline = Timeline(recording)
    for chapter in timeline.chapters:
        ends = [summary.end for summary in recording.passes if summary.pass_id == chapter.pass_id]
        for end in ends:
            state = timeline.state(timeline.step_of_event(end))
            grads = {leaf.name: state.leaf_grad(leaf.leaf) for leaf in recording.leaves}
            yield {
                name: elements(recording.value(value)).flatten().tolist()
                for name, value in grads.items()
                if value != ev.NONE
            }


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.slug for lesson in LESSONS])
def test_the_ledger_of_a_lesson_is_what_torch_computes(lesson, expected, pool, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(lesson.program, encoding="utf-8")
    printed, seen = expected[lesson.slug]
    recording = recorded(pool, path, lesson.program, tmp_path)
    assert list(grads_after_each_pass(recording)) == seen
    assert "".join(e.text for e in recording.events() if isinstance(e, ev.Printed) and e.stream == "stdout") == printed


def rows(recording):
    def words(value):
        return None if value == ev.NONE else elements(recording.value(value)).tolist()

    for entry in Timeline(recording).ledger.entries():
        yield entry.kind, words(entry.before), words(entry.contribution), words(entry.after)


def test_accumulation_shows_none_plus_3_and_then_3_plus_3(pool, tmp_path):
    [lesson] = [lesson for lesson in LESSONS if lesson.slug == "accumulation"]
    three, six = [3.0] * 4, [6.0] * 4
    assert list(rows(recorded(pool, tmp_path / "program.py", lesson.program, tmp_path)))[:2] == [
        ("accumulated", None, three, three),
        ("accumulated", three, three, six),
    ]


def test_clearing_shows_the_clear_between_two_passes(pool, tmp_path):
    [lesson] = [lesson for lesson in LESSONS if lesson.slug == "clearing"]
    three, zero = [3.0] * 4, [0.0] * 4
    found = list(rows(recorded(pool, tmp_path / "program.py", lesson.program, tmp_path)))
    assert found[:3] == [
        ("accumulated", None, three, three),
        ("cleared", three, None, zero),
        ("accumulated", zero, three, three),
    ]
