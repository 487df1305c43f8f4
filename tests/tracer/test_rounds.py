"""The rounds of loops in which operations are told to have run are those that the program itself counts."""

from __future__ import annotations

import itertools
import sys
import types

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from graphviz_app.graph.structure import StructureReader
from graphviz_app.recording import events as ev
from tests.support_trace import trace_source

HEAD = """import torch
truth, active = [], []
x = torch.ones(2)
library = {"torch": torch}
exec(compile("def twice(x):\\n for _ in range(2):\\n  x = x * 1\\n return x\\n"
             "def each(f, x):\\n for _ in range(2):\\n  x = f(x)\\n return x", "<library>", "exec"), library)
twice, each = library["twice"], library["each"]
class Run:
    def __init__(self, line):
        self.line, self.round, self.seen = line, 0, {}
    def __iter__(self):
        return iter((self.line, self.seen.setdefault(self.round, len(self.seen) + 1)))
def enter(line):
    active.append(Run(line))
def turn():
    active[-1].round += 1
def note(times=1):
    truth.extend([[tuple(run) for run in active]] * times)
def noted(x):
    note()
    return x
class each_round:
    def __init__(self, line, rounds):
        self.line, self.rounds = line, iter(rounds)
        active.append(Run(line))
    def __iter__(self):
        return self
    def __next__(self):
        turn()
        try:
            return next(self.rounds)
        except StopIteration:
            active.pop()
            raise
"""

_OPERATIONS = {
    "own": "x = x * 1; note()",
    "two": "x = (x * 1) * 1; note(2)",
    "library": "x = twice(x); note(2)",
    "sum": "x = sum([x, x, x]); note(3)",
    "comprehension": "x = [noted(x * i) for i in each_round({1}, range(2))][0]",
    "two comprehensions": "x = [noted(x * i) for i in each_round({1}, range(2))][0] "
    "+ [noted(x * i) for i in each_round({1}, range(1))][0]; note()",
    "before a comprehension": "x = noted(x * 1) + [noted(x * i) for i in each_round({1}, range(2))][0]; note()",
    "generator expression": "x = list(noted(x * i) for i in each_round({1}, range(2)))[0]",
    "generator": "def rows{1}(x):\n{0}    for i in each_round({2}, range(2)):\n{0}        yield noted(x * i)\n"
    "{0}x = list(rows{1}(x))[0]",
    "generator in a loop": "def rows{1}(x):\n{0}    for i in each_round({2}, range(2)):\n"
    "{0}        for j in each_round({3}, range(2)):\n{0}            yield noted(x * j)\n"
    "{0}for y{1} in rows{1}(x):\n{0}    x = y{1}",
    "lambda": "x = (lambda x: [noted(x * i) for i in each_round({1}, range(2))][0])(x) * 1; note()",
    "class": "class Body:\n{0}    y = x * 1; note()",
    "several lines": "x = torch.add(\n{0}    x * 1,\n{0}    x,\n{0}); note(2)",
}
if sys.version_info < (3, 12):
    # Later Pythons keep the variables of a module's comprehensions where nobody can read them.
    _OPERATIONS["nested comprehensions"] = (
        "[[noted(x * i) for i in each_round({1}, range(2))] for _ in each_round({1}, range(2))]"
    )
    _OPERATIONS["generator in a comprehension"] = (
        "x = [y for y in (noted(x * i) for i in each_round({1}, range(2)))][0]"
    )
_HEADS = {
    "for": "for i{0} in range({1}):",
    "unpacked": "for i{0}, (j{0}, k{0}) in enumerate([(1, 2)] * {1}):",
    "while": "while i{0} < {1}:",
    "objects": "for i{0} in [object() for _ in range({1})]:",
}

operations = st.sampled_from(sorted(_OPERATIONS))
statements = st.recursive(
    st.tuples(st.just("do"), operations),
    lambda inner: st.one_of(
        st.tuples(
            st.sampled_from(["for", "unpacked", "while", "objects"]), st.integers(1, 3), st.lists(inner, max_size=3)
        ),
        st.tuples(
            st.just("call"), st.sampled_from(["x = {}(x)", "x = each({}, x)"]), st.lists(inner, min_size=1, max_size=2)
        ),
        st.tuples(st.just("skip"), st.integers(2, 3)),
    ),
    max_leaves=8,
)


class Writer:
    """Writes a program that counts the rounds of its loops itself."""

    def __init__(self):
        self.lines = HEAD.splitlines()

    def text(self, statements):
        self._write(statements, "", is_in_loop=False)
        return "\n".join(self.lines) + "\n"

    def _write(self, statements, indent, *, is_in_loop):
        for kind, *rest in statements:
            if kind == "do":
                number = len(self.lines) + 1
                self._add(_OPERATIONS[rest[0]].format(indent, number, number + 1, number + 2), indent)
            elif kind == "call":
                self._call(*rest, indent)
            elif kind != "skip":
                self._loop(kind, *rest, indent)
            elif is_in_loop:
                self._add(f"if active[-1].round % {rest[0]} == 0: continue", indent)

    def _add(self, text, indent):
        self.lines += (indent + text).split("\n")

    def _loop(self, kind, count, body, indent):
        number = len(self.lines)
        self._add(f"i{number} = 0; enter({number + 2})", indent)
        self._add(_HEADS[kind].format(number, count), indent)
        self._add("turn()" + (f"; i{number} += 1" if kind == "while" else ""), indent + "  ")
        # What tells that a `while` went on is the first thing that it does.
        first = [("do", "own")] if kind == "while" else []
        self._write([*first, *body], indent + "  ", is_in_loop=True)
        self._add("active.pop()", indent)

    def _call(self, how, body, indent):
        name = f"f{len(self.lines)}"
        self._add(f"def {name}(x):", indent)
        # Likewise for a function that a library calls once more.
        self._write([("do", "own"), *body], indent + "  ", is_in_loop=False)
        self._add("return x", indent + "  ")
        self._add(how.format(name), indent)


def rounds_in(source, path):
    """The rounds that are told of each operation, and those that the program counted."""
    results = types.ModuleType("results_of_program")
    sys.modules[results.__name__] = results
    try:
        recording = trace_source(f"{source}import results_of_program\nresults_of_program.truth = truth\n", path)
    finally:
        del sys.modules[results.__name__]
    reader = StructureReader(recording)
    ran = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    assert not recording.index.notices
    # The first makes the tensor that all others take.
    told = [[tuple(each) for each in reader.iterations(reader.read(operation))] for operation in ran][1:]
    return told, results.truth


@settings(max_examples=60)
@given(st.lists(statements, max_size=4))
# The innermost runs in a first round of a first round twice: that the one around it began anew has to reach it.
@example([("for", 2, [("for", 1, [("while", 1, [])])])])
# A function that a library calls again has returned in between, and so has what it called.
@example([("call", "x = each({}, x)", [("do", "comprehension")])])
def test_the_rounds_are_those_that_the_program_counts(tmp_path_factory, statements):
    source = Writer().text(statements)
    told, truth = rounds_in(source, tmp_path_factory.getbasetemp() / "program.py")
    assert told == truth, source


def rounds_of_line(source, line, path):
    """The rounds that are told of what is called in a line, each once."""
    recording = trace_source(source, path / "program.py")
    reader = StructureReader(recording)
    ran = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    told = [(event.span.line, tuple(map(tuple, reader.iterations(reader.read(event))))) for event in ran if event.span]
    return list(dict.fromkeys(rounds for at, rounds in told if at == line))


TRAINING = """import torch
from torch import nn
D, G = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)), nn.Linear(1, 1)
optimizer = torch.optim.Adam(D.parameters(), 0.1)
while True:
    noise = torch.randn(4, 1)
    loss = (D(noise + 3) - D(G(noise))).mean()
    loss.backward()
    optimizer.step()
    if loss.isnan() or len(optimizer.state) and optimizer.state[D[0].weight]["step"] >= 3:
        break
"""


@pytest.mark.parametrize("line", [6, 7, 9])
def test_what_a_library_does_again_and_again_is_of_one_round(line, tmp_path):
    assert rounds_of_line(TRAINING, line, tmp_path) == [((5, 1),), ((5, 2),), ((5, 3),)]


CLOSURE = """import torch
w = torch.ones(2, requires_grad=True)
optimizer = torch.optim.LBFGS([w], max_iter=3)
def closure():
    loss = w.exp().sum() - w.sum()
    for part in (w[0], w[1]):
        loss = loss + part * part
    loss.backward()
    return loss
for i in range(2):
    optimizer.step(closure)
"""


def test_an_optimizer_that_calls_a_function_again_does_so_within_one_round(tmp_path):
    assert rounds_of_line(CLOSURE, 5, tmp_path) == [((10, 1),), ((10, 2),)]
    assert rounds_of_line(CLOSURE, 7, tmp_path) == [((10, outer), (6, inner)) for outer in (1, 2) for inner in (1, 2)]


WHILE = "import torch\nf, x, k = torch.nn.Linear(2, 2), torch.ones(2), 0\nwhile k < 2:\n    "
GENERATOR = """import torch
def each(x):
    for i in range(2):
        yield x * i
for y in each(torch.ones(2)):
    y + 1
"""


@pytest.mark.parametrize(
    ("source", "line", "rounds"),
    [
        (WHILE + "x = torch.relu(x) * 2; k += 1\n", 4, [1, 2]),
        (WHILE + "x = f(x); k += 1\n", 4, [1, 2]),
        ("import torch\nx = torch.ones(2)\nwhile (x < 3).any():\n    x = x.add(x)\n", 4, [1, 2]),
        ("import torch\nx = torch.ones(2)\nfor _ in [None] * 2:\n    x = x * 2\n", 4, [1, 2]),
        ("import torch\nx = torch.ones(2)\nfor x in (x, x + 1):\n    x = x * 2\n    x = x + 1\n", 4, [1, 2]),
        (
            "import torch\nf, x = torch.nn.Sequential(*[torch.nn.Linear(2, 2) for _ in range(2)]), torch.ones(2)\n"
            "for x in (x, x):\n    x = f(x)\n",
            4,
            [1, 2],
        ),
        (GENERATOR, 4, [1, 2]),
        (GENERATOR, 6, [1, 2]),
    ],
)
def test_a_loop_without_variables_of_its_own_is_followed_by_what_it_calls(source, line, rounds, tmp_path):
    assert [found[-1][1] for found in rounds_of_line(source, line, tmp_path)] == rounds


ROWS = """import torch
def rows(x):
    for i in range(2):
        for j in range(2):
            yield x * j
class Rows:
    def __iter__(self):
        for i in range(2):
            yield one * i
one = torch.ones(2)
"""
CONSUMERS = {
    "for k in range(2):\n    for y in rows(one):\n        y + 1\n": (5, (3, 4)),
    "for k in range(2):\n    g = rows(one)\n    for y in g:\n        y + 1\n": (5, (3, 4)),
    "for k in range(2):\n    list(rows(one))\n": (5, (3, 4)),
    "for k in range(2):\n    for n, y in enumerate(Rows()):\n        y + n\n": (9, (8,)),
}


if sys.version_info < (3, 12):
    # As above.
    CONSUMERS["for k in range(2):\n    [y for y in rows(one)]\n"] = (5, (3, 4))


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_a_generator_that_is_made_anew_begins_its_loops_anew(consumer, tmp_path):
    line, loops = CONSUMERS[consumer]
    numbers = itertools.product((1, 2), repeat=1 + len(loops))
    assert rounds_of_line(ROWS + consumer, line, tmp_path) == [
        tuple(zip((11, *loops), each, strict=True)) for each in numbers
    ]


KEPT = """g = rows(one)
for k in range(2):
    next(g)
    next(g)
"""


def test_a_generator_that_goes_on_goes_on_in_its_loops(tmp_path):
    assert rounds_of_line(ROWS + KEPT, 5, tmp_path) == [((12, k), (3, k), (4, j)) for k in (1, 2) for j in (1, 2)]


WHILES = {
    "while k < 2 and [one * i for i in range(2)]:\n    k += 1\n": [((12, i),) for i in (1, 2)] * 2,
    "while k < 2:\n    k, y = k + 1, [one * i for i in range(2)]\n": [
        ((12, k), (13, i)) for k in (1, 2) for i in (1, 2)
    ],
    "while k < 2:\n    k, y = k + 1, list(one * i for i in [1, 2])\n": [
        ((12, k), (13, i)) for k in (1, 2) for i in (1, 2)
    ],
}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="comprehensions go through what nobody can read there")
@pytest.mark.parametrize("program", WHILES)
def test_a_comprehension_that_runs_once_more_begins_anew_and_its_loop_goes_on(program, tmp_path):
    recording = trace_source(f"{ROWS}k = 0\n{program}", tmp_path / "program.py")
    ran = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    told = [tuple((each.line, each.number) for each in event.rounds) for event in ran if event.name.endswith("mul")]
    assert told == WHILES[program]


THREADS = """import threading, torch
def work(x):
    for i in range(3):
        x = x * 2
        barrier.wait()
barrier = threading.Barrier(2)
threads = [threading.Thread(target=work, args=(torch.ones(2),)) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_each_thread_counts_for_itself(tmp_path):
    assert rounds_of_line(THREADS, 4, tmp_path) == [((3, 1),), ((3, 2),), ((3, 3),)]


DEEP = """import torch
def descend(x, depth):
    return descend(x, depth - 1) if depth else [x * i for i in range(2)]
for i in range(2):
    descend(torch.ones(2), 300)
"""


def test_rounds_are_counted_at_both_ends_of_a_deep_recursion(tmp_path):
    found = [(rounds[0], rounds[-1]) for rounds in rounds_of_line(DEEP, 3, tmp_path)]
    assert found == [((4, outer), (3, inner)) for outer in (1, 2) for inner in (1, 2)]
