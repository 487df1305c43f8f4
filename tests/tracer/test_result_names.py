"""Which name each result of an operation gets: the one under which the program has it afterwards."""

from __future__ import annotations

import sys

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


AGAIN = """import torch
from torch import nn
x = torch.arange(6.0).view(3, 2)
cell, twice = nn.RNNCell(2, 2), nn.Sequential(nn.Linear(2, 2), nn.Tanh())
h = torch.zeros(3, 2)
for _ in range(2):
    h = cell(x, h)
for _ in range(2):
    h = twice(h)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Sequential(nn.Linear(2, 2), nn.Tanh()), nn.Linear(2, 2)
    def encode(self, x):
        return self.a(x), self.b(x)
    def embed(self, x):
        y = self.a(x)
        return y
    def forward(self, x):
        mu, logvar = self.encode(x)
        return mu + logvar
net = Net()
def main():
    out = net(x)
    one = net.embed(x)
    two = net.embed(x)
    packed = nn.utils.rnn.pack_padded_sequence(x.view(3, 2, 1), torch.tensor([3, 2]))
    padded, _ = nn.utils.rnn.pad_packed_sequence(packed)
    return out, one, two, padded * 2
main()
layer = nn.Linear(2, 1)
def moved():
    self = layer.to("cpu")
    return self
moved()
end = x + 1
"""


def test_what_is_computed_again_and_again_or_in_parts_has_its_name_each_time(tmp_path):
    recording = trace_source(AGAIN, tmp_path / "program.py")
    timeline = Timeline(recording)

    def names(line, name):
        return [timeline.tensor_name(each.outputs[0].tensor, -1) for each in operations(recording, line, name)]

    assert names(7, "rnn_tanh_cell") == ["h", "h"]
    assert names(9, "linear") == ["", ""]
    assert names(9, "tanh") == ["h", "h"]
    assert names(15, "tanh") == ["mu"]
    assert names(15, "linear") == ["", "logvar"]
    # The function has returned and runs once more, before anything else tells.
    assert names(17, "tanh") == ["y", "y"]
    assert names(27, "_pack_padded_sequence") == ["packed[0]"]
    assert names(28, "_pad_packed_sequence") == ["padded"]
    leaves = {leaf.tensor for leaf in recording.leaves}
    assert not [event for event in recording.events() if isinstance(event, ev.NameBound) and event.tensor in leaves]


LOOPS = """import torch
from torch.utils.data import DataLoader, TensorDataset
x = torch.arange(6.0).view(3, 2)
data = DataLoader(TensorDataset(x, x + 1), batch_size=2)
def main():
    for row in x:
        row + 1
    for part in x.split(1,
                        dim=1):
        part + 1
    for i, each in enumerate(x.unbind(1)):
        each + 1
    for one, other in zip(x, x * 2):
        one + other
    for batch in data:
        batch[0] + batch[1]
    for j, (inputs, targets) in enumerate(data):
        inputs + targets
    for alone in x * 3: alone + 1; alone * 2
    for k, (left, right) in enumerate(zip(x, x)): left + right
main()
"""


def test_what_a_loop_goes_through_has_the_names_of_its_targets(tmp_path):
    recording = trace_source(LOOPS, tmp_path / "program.py")
    timeline = Timeline(recording)
    ran = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    took = [[timeline.tensor_name(use.tensor, -1) for use in each.inputs] for each in ran if each.name.endswith(".add")]
    assert took[1:] == [
        *[["row"]] * 3, *[["part"]] * 2, *[["each"]] * 2, *[["one", "other"]] * 3, *[["batch[0]", "batch[1]"]] * 2,
        *[["inputs", "targets"]] * 2, *[["alone"]] * 3, *[["left", "right"]] * 3,
    ]  # fmt: skip
    # Not the whole loop, which is where Python 3.11 says that it stands.
    spans = [(each.span.line, each.span.end_line, each.span.end_column) for each in ran if each.name.endswith(".stack")]
    assert set(spans) == {(15, 15, 21), (17, 17, 47)}
    assert [each.rounds for each in ran if each.name.endswith(".stack")] == [()] * 8


LAST = """import torch
x = torch.ones(4, requires_grad=True)
def added(x):
    y = sum([x, x])
    return y
def largest(x):
    v = x.max(0).values
    return v
def first(x):
    a = x.split(2)[-2]
    return a
def counted(x):
    n = len(x.split(2))
    return n
def viewed(x):
    part = added(x)[0]
    return part
added(x).exp()
def main():
    one = added(x), added(x)
    two, three, four, five = largest(x), first(x), counted(x), viewed(x)
    return one, two, three, four, five
main()
x + 1
"""


def test_what_is_named_last_before_a_function_returns_has_that_name(tmp_path):
    recording = trace_source(LAST, tmp_path / "program.py")
    timeline = Timeline(recording)
    ran = [event for event in recording.events() if isinstance(event, ev.OperationRan)][1:]
    found = [
        (event.name.rpartition(".")[2], timeline.tensor_name(use.tensor, -1)) for event in ran for use in event.outputs
    ]
    added = [("add", ""), ("add", "y")]
    assert found[:-1] == [
        *added, ("exp", ""), *added, *added, ("max", "v"), ("max", ""), ("split", "a"), ("split", ""), ("split", ""),
        ("split", ""), *added, ("__getitem__", "part"),
    ]  # fmt: skip


HANDED_OVER = """import torch
from torch.distributions import MultivariateNormal
class Model:
    def __init__(self):
        self.prior = MultivariateNormal(torch.zeros(2), torch.eye(2))
def tanh(t):
    return t.tanh()
def solve(f, x):
    u = f(x)
    return u + 1
def smallest(key, xs):
    low = min(xs, key=key)
    return low + 1
def main():
    model, x = Model(), torch.ones(2)
    act = tanh
    y = act(x)
    root = solve(lambda z: z.exp(), y)
    least = smallest(lambda t: t.sum(), [y, root])
main()
"""


def test_what_a_function_returns_that_was_handed_over_is_named_and_what_a_class_computes_is_not_its_object(tmp_path):
    recording = trace_source(HANDED_OVER, tmp_path / "program.py")
    timeline = Timeline(recording)
    ran = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    names = {
        name
        for each in ran
        if each.span.line == 5
        for use in each.outputs
        if (name := timeline.tensor_name(use.tensor))
    }
    assert names == set()
    named = {
        each.name.rpartition(".")[2]: timeline.tensor_name(each.outputs[0].tensor) for each in ran if each.span.line > 5
    }
    assert {name: named[name] for name in ("tanh", "exp", "sum", "add")} == {
        "tanh": "y", "exp": "u", "sum": "", "add": "least",
    }  # fmt: skip


AHEAD = """import torch
LIBRARY = '''
import torch
class Loader:
    def __iter__(self):
        ready = []
        for number in range(3):
            ready += [(torch.full((2,), 1.0), torch.full((2,), 2.0)) for _ in range(2)]
            yield ready.pop(0)
        yield from ready
'''
space = {}
exec(compile(LIBRARY, "<library>", "exec"), space)
def train():
    w = torch.ones(2, requires_grad=True)
    for x, t in space["Loader"]():
        y = x * w
        (y - t).sum().backward()
train()
"""


def test_what_a_loop_is_given_for_later_rounds_has_its_name_when_its_turn_comes(tmp_path):
    # As batches come from the workers of a DataLoader.
    names, taken = {}, []
    for event in trace_source(AHEAD, tmp_path / "program.py").events():
        if isinstance(event, ev.NameBound):
            names[event.tensor] = event.name
        elif isinstance(event, ev.OperationRan) and event.name in ("torch.Tensor.mul", "torch.Tensor.sub"):
            taken.append(tuple(names.get(use.tensor) for use in event.inputs))
    assert taken == [("x", "w"), ("y", "t")] * 6


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(
            "[twice(u.exp()) for u in t]",
            marks=pytest.mark.skipif(sys.version_info >= (3, 12), reason="no function of its own any more"),
        ),
        "(twice(u.exp()) for u in t)",
        "tuple(u.exp() * 2 for u in t)",
        "map(lambda u: twice(u.exp()), t)",
        "list(map(exp_twice, t))",
        "map(exp_twice, t)",
        "map(Twice(), t)",
    ],
)
def test_what_is_computed_one_by_one_for_several_names_of_a_function_has_them(tmp_path, made):
    program = f"""import torch
def twice(t):
    return t * 2
def exp_twice(t):
    return twice(t.exp())
class Twice(torch.nn.Module):
    def forward(self, t):
        return t.exp() * 2
def attend(t):
    query, key, value = {made}
    return query @ key + value.sum()
for _ in range(2):
    attend(torch.ones(3, 2, requires_grad=True)).backward()
"""
    recording = trace_source(program, tmp_path / "program.py")
    timeline = Timeline(recording)
    ran = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    named = [[timeline.tensor_name(use.tensor) for use in each.inputs] for each in ran if each.span.line == 11]
    assert named == [["query", "key"], ["value"], ["", ""]] * 2
    assert [timeline.tensor_name(each.outputs[0].tensor) for each in ran if each.name.endswith("exp")] == [""] * 6
