"""Which module runs, told for each operation: also where modules are new, or not where they were."""

from __future__ import annotations

import pytest

from graphviz_app.recording import events as ev
from graphviz_app.tracer import modules as tracer_modules
from graphviz_app.tracer.ways import module_paths
from tests.support_trace import trace_source

HEAD = "import torch\nfrom torch import nn\n"
NEW_LEAVES = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(2, 2), nn.Tanh()
    def forward(self, x):
        w = torch.ones(2, requires_grad=True)
        return self.last(self.first(x * w))
net = Net()
for _ in range(2):
    net(torch.ones(1, 2, requires_grad=True)).sum().backward()
"""
MOVED = """
net = nn.Sequential(nn.Sequential(nn.Tanh()), nn.Sequential(nn.Sigmoid()))
x = net(torch.ones(2))
net[0], net[1] = net[1], net[0]
x = net(x)
last = net.pop(0)
x = net(x)
"""
AGAIN = """
net = nn.Sequential(nn.Tanh())
x = net(torch.ones(2))
outer = nn.Sequential(nn.ReLU(), net)
x = outer(x)
x = net(x)
"""
LATE = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.kept = [nn.Tanh()]
        self.others = nn.ModuleList([nn.ReLU() for _ in range(3)])
    def forward(self, x):
        if not hasattr(self, "made"):
            x = self.kept[0](x)
            self.made = nn.Sigmoid()
        return self.made(self.kept[0](x))
net = Net()
x = net(torch.ones(2))
net.tanh = net.kept[0]
for _ in range(6):
    x = net(x)
"""
LISTED = """
class Student(nn.Module):
    def __init__(self, teacher):
        super().__init__()
        self.teacher, self.own = [teacher], nn.ReLU()
    def forward(self, x):
        return self.own(self.teacher[0](x))
student = Student(nn.Sequential(nn.Sequential(nn.Tanh()), nn.Sigmoid()))
for _ in range(2):
    x = student(torch.ones(2))
"""


def modules(source, path):
    recording = trace_source(HEAD + source, path / "program.py")
    ran = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    return [(event.name.rpartition(".")[2], event.module) for event in ran if event.module_type]


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (NEW_LEAVES, [("ones", ""), ("mul", ""), ("linear", "first"), ("tanh", "last")] * 2),
        (MOVED, [("tanh", "0.0"), ("sigmoid", "1.0"), ("sigmoid", "0.0"), ("tanh", "1.0"), ("tanh", "0.0")]),
        (AGAIN, [("tanh", "0"), ("relu", "0"), ("tanh", "1.0"), ("tanh", "0")]),
        (LATE, [("tanh", "")] * 2 + [("sigmoid", "made")] + [("tanh", "tanh"), ("sigmoid", "made")] * 6),
        (LISTED, [("tanh", "0.0"), ("sigmoid", "1"), ("relu", "own")] * 2),
    ],
    ids=[
        "a leaf is met within a module",
        "modules change places",
        "a module runs in another",
        "modules are made late",
        "a module is kept in a plain list",
    ],
)
def test_an_operation_is_told_with_the_path_of_its_module(source, wanted, tmp_path):
    assert modules(source, tmp_path) == wanted


def test_a_module_that_is_kept_in_a_plain_list_is_not_looked_for_with_each_call(monkeypatch, tmp_path):
    looks = []
    monkeypatch.setattr(tracer_modules, "module_paths", lambda root: looks.append(root) or module_paths(root))
    calls = "net.kept = [nn.Tanh()]\nnet.forward = net.kept[0].forward = lambda x: x.tanh()\n"
    source = "net = nn.Sequential(*[nn.ReLU() for _ in range(200)])\n" + calls
    source += "net.forward = lambda x: net.kept[0](x)\nx = torch.ones(2)\nfor _ in range(100):\n    x = net(x)\n"
    assert modules(source, tmp_path) == [("tanh", "")] * 100
    assert len(looks) < 8


STEPS = """
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 2)
        self.reset()
    def reset(self):
        with torch.no_grad():
            self.lin.weight.fill_(1.0)
    def forward(self, x):
        return self.lin(x).relu()
    def encode(self, x):
        return self.lin(x).tanh()
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.teacher = Encoder(), [nn.Sequential(nn.Sigmoid())]
    def training_step(self, x):
        return (self.encoder.encode(self.encoder(x)) + self.teacher[0](x)).sum()
class Trainer:
    def __init__(self, model):
        self.model = model
    def fit(self, x):
        return self.model.training_step(x.abs())
Trainer(Model()).fit(torch.ones(2))
"""
AS_STEPS = [
    ("linear", "encoder.lin", "Linear", 2),
    ("relu", "encoder", "Encoder", 2),
    ("linear", "encoder.lin", "Linear", 2),
    ("tanh", "encoder", "Encoder", 2),
    ("sigmoid", "0", "Sigmoid", 2),
    ("add", "", "Model", 2),
    ("sum", "", "Model", 2),
]


def test_a_method_that_the_program_calls_by_itself_runs_in_its_module(tmp_path):
    recording = trace_source(HEAD + STEPS, tmp_path / "program.py")
    ran = [event for event in recording.events() if isinstance(event, ev.OperationRan)]
    told = [(each.name.rpartition(".")[2], each.module, each.module_type, each.method) for each in ran]
    assert told[-len(AS_STEPS) :] == AS_STEPS
    assert all(each[1:] == ("", "", ev.NONE) for each in told[: -len(AS_STEPS)])


DEEP_METHOD = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.Tanh()
    def down(self, x, depth):
        return self.act(x * 1) if depth == 0 else self.down(x, depth - 1)
net = Net()
net.down(torch.ones(2), 3)
net.down(torch.ones(2), 300)
"""


def test_a_method_is_known_at_both_ends_of_a_deep_recursion(tmp_path):
    assert modules(DEEP_METHOD, tmp_path) == [("mul", ""), ("tanh", "act")] * 2
