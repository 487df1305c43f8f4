"""What the worker's process records of whole programs."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from support_record import all_events, run_source

from graphviz_app.recording import events as ev
from graphviz_app.recording.values import elements
from graphviz_app.tracer.launch import put_in_place

CLEARING = """\
import torch
weights = torch.ones(4, requires_grad=True)
for epoch in range(2):
    loss = (weights * 3).sum()
    loss.backward()
    print(weights.grad)
    weights.grad.zero_()
"""
IN_PLACE = """\
import torch
x = torch.ones(3, requires_grad=True)
y = x.exp()
y.add_(1)
y.sum().backward()
"""
DEEP = """\
import torch
def deep(n, x):
    return x if n == 0 else torch.tanh(deep(n - 1, x))
def main(): return deep(600, torch.ones(2, requires_grad=True)).sum()
main().backward()
"""
HALVES = """\
import sys, torch
print("\\udcff half", file=sys.stderr)
print("later")
torch.ones(1, requires_grad=True).exp().backward()
raise ValueError("\\udcff again")
"""
LED_ELSEWHERE = """\
import os
print("before")
end, begin = os.pipe()
saved = os.dup(1)
os.dup2(begin, 1)
print("inside")
os.dup2(saved, 1)
print(os.read(end, 100))
"""
AT_THE_END = """\
import logging.handlers, sys, torch, weakref
x = torch.ones(1, requires_grad=True)
def final():
    (x * 2).backward()
    print("final", x.grad)
weakref.finalize(x, final)
handler = logging.handlers.MemoryHandler(9, target=logging.StreamHandler(sys.stdout))
logging.getLogger().addHandler(handler)
logging.warning("buffered")
"""
FUNCTIONS = """\
import torch
def main():
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 1))
    out = net(torch.ones(1, 3))
    out.sum().backward()
main()
"""


def of_kind(recording, kind):
    return [event for event in all_events(recording) if isinstance(event, kind)]


def numbers(recording, value):
    return None if value == ev.NONE else elements(recording.value(value)).tolist()


def test_accumulations_and_clears_are_told_with_values_lines_and_prints_in_order():
    ran = run_source(CLEARING)
    story = []
    for event in all_events(ran.recording):
        match event:
            case ev.GradAccumulated():
                values = (event.before, event.contribution, event.after)
                story.append(tuple(numbers(ran.recording, value) for value in values))
            case ev.GradCleared():
                story.append((event.span.line, event.how))
            case ev.Printed():
                story.append(event.text)
    threes, zeros = [3.0] * 4, [0.0] * 4
    line = "tensor([3., 3., 3., 3.])\n"
    clear = (7, "weights.grad.zero_()")
    assert story == [(None, threes, threes), line, clear, (zeros, threes, threes), line, clear]
    assert ran.status == 0
    assert ran.ended.how == "returned"


def test_an_error_about_a_write_in_place_names_the_writer_the_saver_and_the_versions():
    ran = run_source(IN_PLACE)
    (mutated,) = of_kind(ran.recording, ev.TensorMutated)
    assert mutated.span.line == 4
    assert [ran.recording.index.nodes.name(node) for node in mutated.saved_by] == ["ExpBackward0"]
    (raised,) = of_kind(ran.recording, ev.Raised)
    assert raised.span.line == 5
    assert "`y.add_(1)` in line 4" in raised.sentence
    assert "at version 0" in raised.sentence
    assert ran.status == 1


def test_parameters_of_a_local_model_get_the_names_that_the_function_has_for_them():
    ran = run_source(FUNCTIONS)
    assert [leaf.name for leaf in ran.recording.index.leaves] == [
        "net.0.weight",
        "net.0.bias",
        "net.1.weight",
        "net.1.bias",
    ]
    linear = [event for event in of_kind(ran.recording, ev.OperationRan) if event.name.endswith("linear")]
    assert [(event.module, event.module_type) for event in linear] == [("0", "Linear"), ("1", "Linear")]
    assert [frame.function for frame in linear[0].stack] == ["<module>", "main"]


def test_of_a_deep_stack_only_the_outermost_and_innermost_calls_are_told():
    ran = run_source(DEEP)
    outside = of_kind(ran.recording, ev.BackwardStarted)
    assert [event.call for event in outside] == ["torch.Tensor.backward"]
    stacks = [event.stack for event in of_kind(ran.recording, ev.OperationRan) if event.name.endswith("tanh")]
    assert len(stacks) == 600
    # The deepest call ends first.
    assert sorted({len(stack) for stack in stacks}) == [*range(3, 129), 129]
    lines = [[frame.span.line for frame in stack] for stack in stacks]
    assert all(each[:2] == [5, 4] and each[-1] == 3 and set(each[2:]) == {3} for each in lines)


def test_halves_of_characters_are_told_by_their_escapes_and_silence_nothing():
    ran = run_source(HALVES)
    printed = "".join(event.text for event in of_kind(ran.recording, ev.Printed))
    assert printed.startswith("\\udcff half\nlater\n")
    assert len(ran.recording.index.passes) == 1
    (raised,) = of_kind(ran.recording, ev.Raised)
    assert raised.message == "\\udcff again"


def test_what_goes_to_a_descriptor_that_the_program_led_elsewhere_goes_there():
    ran = run_source(LED_ELSEWHERE)
    printed = "".join(event.text for event in of_kind(ran.recording, ev.Printed))
    assert printed == "before\nb'inside\\n'\n"


def test_what_is_done_when_the_program_ends_is_told_whoever_does_it():
    ran = run_source(AT_THE_END)
    told = [event.text for event in of_kind(ran.recording, ev.Printed)]
    assert "".join(told) == "final tensor([2.])\nbuffered\n"
    assert len(ran.recording.index.passes) == 1


def test_a_value_past_the_budget_becomes_a_summary_and_that_is_said_once():
    ran = run_source(
        "import torch\nx = torch.ones(1000, requires_grad=True)\nfor _ in range(30):\n    (x * 2).sum().backward()\n",
        recording_bytes=40_000,
    )
    said = [event.text for event in of_kind(ran.recording, ev.Notice)]
    assert len(said) == 1
    assert "budget" in said[0]
    assert len(ran.recording.index.passes) == 30
    last = of_kind(ran.recording, ev.GradAccumulated)[-1]
    record = ran.recording.value(last.after)
    assert record.data is None
    assert record.statistics.maximum == 60.0


def test_the_compiler_may_be_loaded_in_other_ways_than_by_compile():
    text = "import torch\nprint(torch._dynamo.explain(lambda x: x.sin() * 2)(torch.ones(2)).graph_count)\n"
    ran = run_source(text, capture=False)
    assert (ran.status, ran.stdout, ran.stderr) == (0, b"1\n", b"")


SIGNALLED = """
import os
import signal

told = []
signal.signal(signal.SIGUSR1, lambda number, frame: told.append(frame.f_code.co_name))
os.kill(os.getpid(), signal.SIGUSR1)
print(told)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_a_signal_is_handled_where_it_arrives():
    printed = [event.text for event in all_events(run_source(SIGNALLED).recording) if isinstance(event, ev.Printed)]
    assert "".join(printed) == "['<module>']\n"


def test_who_keeps_the_main_module_has_the_programs(monkeypatch):
    ours, programs, library = (types.ModuleType(name) for name in ("__main__", "__main__", "library"))
    library._main_module, library.other = ours, [ours]
    monkeypatch.setitem(sys.modules, "__main__", ours)
    monkeypatch.setitem(sys.modules, "library", library)
    put_in_place(ours, programs)
    assert sys.modules["__main__"] is programs
    assert library._main_module is programs
    assert library.other == [ours]


def test_the_lines_of_a_traceback_are_one_event():
    recording = run_source("def divide(x): return x / 0\nprint('a')\nprint('b')\ndivide(1)\n").recording
    told = [(event.stream, event.text) for event in all_events(recording) if isinstance(event, ev.Printed)]
    assert told[:2] == [("stdout", "a\n"), ("stdout", "b\n")]
    [(stream, text)] = told[2:]
    assert stream == "stderr"
    assert text.startswith("Traceback")
    assert text.endswith("ZeroDivisionError: division by zero\n")
