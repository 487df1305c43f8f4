"""Which name each result of an operation gets: the one under which the program has it afterwards."""

from __future__ import annotations

import pytest

from graphviz_app.recording import events as ev
from graphviz_app.timeline import Timeline
from graphviz_app.tracer.tracer import Tracer
from tests.support_trace import trace_source

PROGRAM = """import torch
from torch import nn
w = torch.arange(10.0, requires_grad=True).view(5, 2)
first, *middle, last = w.unbind()
left, right = w[:2] * 2
for up, down in w.view(1, 2, 5) + 1:
    pass
rows = [w * 2, {"k": w * 3}]
output, (hidden, cell) = nn.LSTM(2, 2)(torch.ones(1, 1, 2))
out, state = nn.LSTM(2, 2)(torch.ones(1, 1, 2))
layer = nn.Linear(2, 1)
step = torch.optim.SGD(layer.parameters(), 0.1)
layer(w).sum().backward()
norm = nn.utils.clip_grad_norm_(layer.parameters(), 1.0)
done = step.step()
power = w ** 2
chained = (w
           .exp()
           .sum())
def helper(t):
    u = t * 2
    return u.sin()
class Net(nn.Module):
    def forward(self, x): return helper(x)
@torch.no_grad()
def pair(t): return t * 2, t * 3
def changed(f): return lambda t: f(t) + 1
@changed
def shifted(t): return t * 5
net = Net()
found = net(w)
one, other = pair(w)
both = pair(w)
rest = shifted(w)
summed = sum(map(net, [w]))
larger = max(w[0, 0], w[1, 0])
total = sum([w * 2, w * 3])
row, = w[:1]
normal = torch.distributions.Normal(w, 1.0)
pairs = [layer(w), layer(w)]
parts = {*w[0]}, list(w[1])
within = -1 < w[0, 0] < 5
try:
    broken = nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 3))(w)
except RuntimeError:
    deep = nn.Sequential(nn.Linear(2, 2), nn.Tanh())(w)
end = w + 1
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return trace_source(PROGRAM, tmp_path_factory.mktemp("names") / "program.py")


def operations(recording, line, name=""):
    events = recording.events()
    return [e for e in events if isinstance(e, ev.OperationRan) and e.span.line == line and e.name.endswith(name)]


@pytest.mark.parametrize(
    ("line", "operation", "names"),
    [
        (4, "unbind", ["first", "middle[0]", "middle[1]", "middle[2]", "last"]),
        (5, "mul", [""]),
        (5, "unbind", ["left", "right"]),
        (6, "add", [""]),
        (8, "mul", ["rows[0]", "rows[1]['k']"]),
        (9, "lstm", ["output", "hidden", "cell"]),
        (10, "lstm", ["out", "state[0]", "state[1]"]),
        (16, "pow", ["power"]),
        (18, "exp", [""]),
        (19, "sum", ["chained"]),
        # Returned, through a module and a decorator of torch's, and by what does something else with it.
        (22, "sin", ["found", ""]),
        (26, "mul", ["one", "other", "both[0]", "both[1]"]),
        (29, "mul", [""]),
        # By what Python does on its way to the value, which is that or is not.
        (36, "gt", [""]),
        (37, "add", ["", "total"]),
        (38, "__getitem__", [""]),
        (38, "unbind", ["row"]),
        (39, "broadcast_tensors", ["w", ""]),
        (40, "linear", ["pairs[0]", "pairs[1]"]),
        (41, "unbind", ["", "", "parts[1][0]", "parts[1][1]"]),
        (42, "lt", ["within"]),
        (42, "gt", [""]),
        (44, "linear", [""]),
        (46, "linear", [""]),
        (46, "tanh", ["deep"]),
    ],
)
def test_every_result_has_the_name_that_the_program_gave_it(recording, line, operation, names):
    timeline = Timeline(recording)
    found = [use.tensor for each in operations(recording, line, f".{operation}") for use in each.outputs]
    assert [timeline.tensor_name(tensor) for tensor in found] == names


def test_what_a_loop_unpacks_has_the_names_of_its_targets(recording):
    names = [e.name for e in recording.events() if isinstance(e, ev.NameBound) and e.span and e.span.line == 6]
    assert names == ["up", "down"]


def test_parameters_and_gradients_are_no_results_of_what_writes_on_them(recording):
    leaves = {leaf.tensor for leaf in recording.leaves}
    bound = [event for event in recording.events() if isinstance(event, ev.NameBound)]
    assert len(leaves) == 17
    assert not [event for event in bound if event.tensor in leaves or event.name.startswith(("norm[", "done"))]


def test_an_operator_is_called_as_its_method(recording):
    assert [each.name for each in operations(recording, 16)] == ["torch.Tensor.pow"]


def test_what_a_library_computed_in_the_last_statement_is_named_when_the_program_is_over(tmp_path):
    path, variables, batches = tmp_path / "program.py", {"__name__": "program"}, []
    path.write_text(
        "import torch\nw = torch.ones(2)\nout = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh())(w)\n"
    )
    tracer = Tracer(batches.append, folder=str(tmp_path), variables=variables, is_memory_lent=False)
    tracer.start()
    exec(compile(path.read_text(), str(path), "exec"), variables)  # noqa: S102 - the program
    tracer.stop()
    named = [event.name for batch in batches for event in batch.events if isinstance(event, ev.NameBound)]
    assert named == ["w", "out"]


CHOSEN = """import asyncio, torch
x = torch.ones(2)
def pick(c):
    return x * 2 if c else x * 3
async def later(t):
    await asyncio.sleep(0)
    return t * 4
async def handed_on(t):
    return await later(t)
async def main():
    first = x * 5 if x.sum() > 5 else (x * 6 if x.sum() > 3 else x * 7)
    second, third = (x + 1, x + 2) if x.sum() > 5 else x.split(1)
    fourth = pick(False)
    fifth = await handed_on(x) if x.sum() > 1 else x
    sixth = x if x.sum() > 1 else torch.nn.functional.normalize(x, dim=0)
asyncio.run(main())
"""


def test_what_is_chosen_or_awaited_has_the_name_that_it_is_given(tmp_path):
    recording = trace_source(CHOSEN, tmp_path / "program.py")
    names = {event.name for event in recording.events() if isinstance(event, ev.NameBound)}
    assert names == {"x", "first", "second", "third", "fourth", "fifth"}


PARTS = """import torch
x = torch.arange(4.0)
def doubled(t): return t * 2
def alone(t): return (t * 3,)
def main():
    one, = doubled(x[:1])
    two, = alone(x)
    three = alone(x)[0]
    four = x.max(0).values
    five = x.split(2)[1]
    six = doubled(x)[1:]
    return one, two, three, four, five, six
main()
"""


def test_what_a_part_is_taken_of_does_not_have_the_name_of_the_part(tmp_path):
    recording = trace_source(PARTS, tmp_path / "program.py")
    timeline = Timeline(recording)
    ran = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    found = [
        (event.name.rpartition(".")[2], timeline.tensor_name(use.tensor, -1)) for event in ran for use in event.outputs
    ]
    assert [(operation, name) for operation, name in found[1:] if operation != "__getitem__" or name] == [
        ("mul", ""), ("unbind", "one"), ("mul", "two"), ("mul", "three"), ("max", "four"), ("max", ""),
        ("split", ""), ("split", "five"), ("mul", ""), ("__getitem__", "six"),
    ]  # fmt: skip
