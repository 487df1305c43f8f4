"""What a leaf is called: where the program keeps it, rather than what a loop calls it while it passes by."""

from __future__ import annotations

import pytest

from graphviz_app.recording import events as ev
from graphviz_app.tracer.names import loop_targets
from tests.support_record import record_source
from tests.support_trace import trace_source

PROGRAM = """
import torch
from torch import nn

class Trainer:
    def __init__(self):
        self.model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)

def ones():
    return torch.ones(2, requires_grad=True)

def main():
    trainer = Trainer()
    for p in trainer.model.parameters():
        nn.init.ones_(p)
    trainer.model(torch.ones(1, 2)).sum().backward()
    kept = {"first": ones(), "rest": [ones(), ones()]}
    for w in kept["rest"]:
        (w * kept["first"]).sum().backward()
    for passing in (ones(), ones()):
        passing.sum().backward()
    for one, (two, *more) in [(ones(), (ones(), ones()))]:
        (one * two).sum().backward()

main()
"""


@pytest.fixture(scope="module")
def names():
    recording = record_source(PROGRAM)
    events = [*recording.events()]
    named = {event.leaf: event.name for event in events if isinstance(event, ev.LeafFound)}
    return [named[leaf] for leaf in dict.fromkeys(e.leaf for e in events if isinstance(e, ev.GradAccumulated))]


def test_parameters_are_called_by_the_way_to_their_module(names):
    parts = ("0.weight", "0.bias", "1.weight", "1.bias")
    assert set(names[:4]) == {f"trainer.model.{part}" for part in parts}


def test_what_is_kept_in_a_container_is_called_by_it_in_a_loop_too(names):
    assert set(names[4:7]) == {"kept['rest'][0]", "kept['first']", "kept['rest'][1]"}


def test_what_is_kept_nowhere_has_the_name_of_the_loop(names):
    assert names[7:9] == ["passing", "passing"]
    assert set(names[9:]) == {"one", "two"}


LOOPS = """
box = [0]
for a in (): inner = a
for b, (c, d) in (): pass
for e, *f in (): inner = e
for box[0] in (): inner = f
for g in ():
    for h in (): inner = g, h
found = list(i for i in ())
"""


def test_the_targets_of_loops_are_known_in_all_their_forms():
    assert loop_targets(compile(LOOPS, "loops", "exec")) == set("abcdefgh")
    assert loop_targets(compile("x = 1\nwhile x: x -= 1", "none", "exec")) == set()


SHARED = """import torch

def double(x):
    return x * 2

def main():
    w = torch.ones(2, requires_grad=True)
    v = torch.ones(2, requires_grad=True)
    def closure():
        return double(v).sum()
    sum([double(w) for _ in range(2)], closure()).sum().backward()

main()
"""


def test_variables_that_closures_and_comprehensions_use_are_names_too(tmp_path):
    recording = trace_source(SHARED, tmp_path / "program.py")
    assert {leaf.name for leaf in recording.leaves} == {"w", "v"}


PASSING = """import torch
from torch import nn

class Cell:
    def __init__(self):
        self.w = torch.ones(2, requires_grad=True)

layers = [nn.Linear(2, 2, bias=False) for _ in range(2)]
cells = [Cell(), Cell()]
optimizer = torch.optim.SGD([cell.w for cell in cells])
for layer, cell in zip(layers, cells):
    layer(cell.w).sum().backward()
"""


def test_parts_of_what_a_loop_passes_by_are_called_by_where_that_is_kept():
    recording = record_source(PASSING)
    assert {leaf.name for leaf in recording.leaves} == {
        "layers[0].weight", "layers[1].weight", "cells[0].w", "cells[1].w",
    }  # fmt: skip


BELOW = """import torch
from graphviz_app import record

def inner():
    with record() as run:
        w = torch.ones(2, requires_grad=True)
        w.sum().backward()
        w.mean()
    return run.recording

def outer():
    return inner()
"""


def test_what_lies_below_a_block_that_is_recorded_stays_below_when_names_are_looked_for(tmp_path):
    (tmp_path / "program.py").write_text(BELOW)
    program = {}
    exec(compile(BELOW, str(tmp_path / "program.py"), "exec"), program)  # noqa: S102 - the program
    ran = [event for event in program["outer"]().events() if isinstance(event, ev.OperationRan)]
    assert [[frame.function for frame in event.stack] for event in ran] == [["inner"]] * 3


def test_a_variable_of_another_file_is_the_name_of_what_only_that_file_knows(tmp_path):
    (tmp_path / "scaled_for_a_test.py").write_text(
        "import torch\nSCALE = torch.ones(2, requires_grad=True)\ndef scale(x):\n    return x * SCALE\n"
    )
    source = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfrom scaled_for_a_test import scale, torch\n"
    source += "del sys.path[0], sys.modules['scaled_for_a_test']\nscale(torch.ones(2)).sum().backward()\n"
    recording = trace_source(source, tmp_path / "program.py")
    assert [leaf.name for leaf in recording.leaves] == ["SCALE"]


KEPT = """import torch
from collections import deque
from dataclasses import dataclass

@dataclass(slots=True)
class Slots:
    w: torch.Tensor
    other: int

def ones():
    return torch.ones(2, requires_grad=True)

kept = {(1, "a"): ones(), None: ones(), 2.5: ones(), b"b": ones(), "it's": ones(), frozenset(): ones()}
queue = deque([ones(), [ones()]])
slots = Slots(ones(), 1)
del slots.other
__hidden = ones()

def all_of_them():
    yield from kept.values()
    yield from (queue[0], queue[1][0], slots.w, __hidden)

sum(each.sum() for each in all_of_them()).backward()
"""


def test_what_is_kept_in_unusual_places_is_called_by_them():
    recording = record_source(KEPT)
    names = [leaf.name for leaf in recording.leaves]
    assert names[:5] == ["kept[(1, 'a')]", "kept[None]", "kept[2.5]", "kept[b'b']", 'kept["it\'s"]']
    assert names[5] in ("each", "leaf5")
    assert names[6:] == ["queue[0]", "queue[1][0]", "slots.w", "__hidden"]


def test_parameters_have_their_names_as_soon_as_they_are_used_also_where_no_backward_follows():
    text = """
import torch
from torch import nn

def main():
    model = nn.Linear(2, 1)
    model(torch.ones(1, 2))
    other = nn.Linear(2, 1)
    nn.init.ones_(other.weight)

main()
"""
    found = {event.leaf: event.name for event in record_source(text).events() if isinstance(event, ev.LeafFound)}
    assert found == {0: "model.weight", 1: "model.bias", 2: "other.weight", 3: "other.bias"}


def last_names(text):
    """What each leaf is called in the end, in the order in which they were met."""
    found = {event.leaf: event.name for event in record_source(text).events() if isinstance(event, ev.LeafFound)}
    return list(found.values())


OWN_VALUES = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(2))
        self.part = nn.Linear(2, 2)
        self.apply(self._set)
        with torch.no_grad():
            self.w.mul_(2)
    def _set(self, module):
        if isinstance(module, nn.Linear):
            nn.init.ones_(module.weight)
    def forward(self, x):
        return self.part(x * self.w).sum()

def made():
    fresh = Net()
    with torch.no_grad():
        fresh.w.add_(1)
    return fresh

class Trainer:
    def __init__(self):
        self.net = made()

def main():
    one, trainer = Net(), Trainer()
    (one(torch.ones(1, 2)) + trainer.net(torch.ones(1, 2))).backward()

main()
last = made()
last(torch.ones(1, 2)).backward()
"""


def test_parameters_that_a_module_gives_their_values_are_called_by_whoever_has_the_module():
    parts = ("w", "part.weight", "part.bias")
    owners = ("one", "trainer.net", "last")
    assert sorted(last_names(OWN_VALUES)) == sorted(f"{owner}.{part}" for owner in owners for part in parts)


def test_the_name_of_a_variable_whose_function_has_returned_gives_way_to_one_that_lasts():
    text = """
import torch

def made():
    w = torch.ones(2, requires_grad=True)
    (w * 2).sum().backward()
    return w

def main():
    kept = [made(), made()]
    (kept[0] + kept[1]).sum().backward()

main()
"""
    assert last_names(text) == ["kept[0]", "kept[1]"]


def test_another_threads_name_does_not_displace_that_of_the_main_one():
    text = """
import threading
import torch

def work(inner):
    (inner * 2).sum().backward()

def main():
    w = torch.ones(2, requires_grad=True)
    (w * 3).sum().backward()
    thread = threading.Thread(target=work, args=(w,))
    thread.start()
    thread.join()

main()
"""
    assert last_names(text) == ["w"]


def test_the_name_of_a_variable_that_has_another_value_gives_way_to_where_a_leaf_is_kept():
    text = """
import torch
from torch import nn

def fit(m):
    for _ in range(2):
        m(torch.ones(1, 2)).sum().backward()

models = [nn.Linear(2, 1, bias=False) for _ in range(3)]
for each in models:
    fit(each)

def main():
    nets = {"one": nn.Linear(2, 1, bias=False), "other": nn.Linear(2, 1, bias=False)}
    for net in nets.values():
        fit(net)
    (nets["one"].weight + nets["other"].weight).sum().backward()

main()
alone = nn.Linear(2, 1, bias=False)
fit(alone)
renamed = alone
del alone
"""
    kept = ["models[0]", "models[1]", "models[2]", "nets['one']", "nets['other']", "renamed"]
    assert last_names(text) == [f"{each}.weight" for each in kept]


def test_at_the_end_too_a_loops_variable_is_no_name_of_what_is_kept():
    text = """
import torch
from collections import deque, namedtuple

class Slotted:
    __slots__ = ("w",)
    def __init__(self):
        self.w = torch.ones(2, requires_grad=True)

Pair = namedtuple("Pair", "v")
slotted = [Slotted() for _ in range(2)]
pairs = deque([Pair(torch.ones(2, requires_grad=True)) for _ in range(2)])
for p in slotted:
    p.w.sum().backward()
for q in pairs:
    q.v.sum().backward()
"""
    assert last_names(text) == ["slotted[0].w", "slotted[1].w", "pairs[0].v", "pairs[1].v"]


REPLACED = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.out = nn.Linear(2, 2), nn.Linear(2, 1)
        self.lin = nn.Linear(2, 2)
        self.lin.weight = nn.Parameter(self.lin.weight * 0.5)
        nn.init.ones_(self.lin.weight)
        self.lin.weight = nn.Parameter(torch.zeros(2, 2))
    def forward(self, x):
        return self.out(self.fc(self.lin(x)))

net = Net()
net(torch.ones(2)).sum().backward()
"""


def test_a_parameter_that_is_replaced_while_its_module_is_made_is_called_like_what_replaced_it():
    events = [*record_source(REPLACED).events()]
    named = [event for event in events if isinstance(event, ev.LeafFound)]
    last = {event.leaf: event.name for event in named}
    assert sorted(last.values()) == [
        *["net.fc.bias", "net.fc.weight", "net.lin.bias", "net.lin.weight", "net.lin.weight", "net.lin.weight"],
        *["net.out.bias", "net.out.weight"],
    ]


REPLACED_LATER = """
import torch
from torch import nn

def make():
    return nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(2, 2) for _ in range(2)])
        self.blocks[1].weight = self.blocks[0].weight

def build():
    found = []
    for _ in range(2):
        layer = nn.Linear(2, 2, bias=False)
        found.append(layer)
    return found

layers = [nn.Linear(2, 2) for _ in range(2)]
layers[0].weight = nn.Parameter(torch.ones(2, 2))
nets = {"a": make(), "b": make()}
nets["a"][1].bias = nets["b"][1].bias
net = Net()
built = build()
built[1].weight = nn.Parameter(torch.ones(2, 2))
h = torch.ones(2)
for each in (*layers, *nets.values(), *net.blocks, *built):
    h = each(h)
h.sum().backward()
"""


def test_a_parameter_that_is_replaced_before_anybody_looked_is_called_by_its_modules_name(tmp_path):
    events = [*trace_source(REPLACED_LATER, tmp_path / "program.py").events()]
    last = {event.leaf: event.name for event in events if isinstance(event, ev.LeafFound)}
    used = {event.leaf for event in events if isinstance(event, ev.GradAccumulated)}
    unused = [name for leaf, name in last.items() if leaf not in used]
    assert sorted(unused) == ["built[1].weight", "layers[0].weight", "net.blocks.1.weight", "nets['a'].1.bias"]


def test_a_part_that_was_taken_out_of_a_network_is_not_called_by_where_a_list_of_parameters_has_it():
    text = """
import torch
from torch import nn

net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
w = torch.ones(2, requires_grad=True)
kept = [*net.parameters(), w]
net(w).sum().backward()
net[0] = nn.Identity()
del w
"""
    assert last_names(text) == ["net.0.weight", "net.1.weight", "kept[2]"]


def test_a_network_that_is_made_anew_while_its_optimizer_is_still_there_keeps_its_name():
    text = """
import torch
from torch import nn

def main():
    for fold in range(3):
        model = nn.Linear(2, 1, bias=False)
        nn.init.ones_(model.weight)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            model(torch.ones(2)).sum().backward()
            optimizer.step()

main()
"""
    assert last_names(text) == ["model.weight"] * 3


def test_what_stands_in_for_a_parameter_during_a_call_is_called_by_where_it_is_kept():
    text = """
import torch
from torch import nn

def adapt(target, x):
    params = {name: p.detach().clone().requires_grad_() for name, p in target.named_parameters()}
    for _ in range(2):
        torch.func.functional_call(target, params, (x,)).sum().backward()

target = nn.Sequential(nn.Linear(2, 1, bias=False))
nn.init.ones_(target[0].weight)
adapt(target, torch.ones(2))
net = nn.Linear(2, 1, bias=False)
net._parameters["weight"] = torch.ones(1, 2, requires_grad=True)
net(torch.ones(2)).sum().backward()
"""
    assert last_names(text) == ["target.0.weight", "params['0.weight']", "net.weight", "net.weight"]


def test_a_leaf_without_a_name_takes_that_of_an_item_at_the_end():
    text = """
import torch

def make():
    made = torch.ones(2, requires_grad=True)
    made.sum().backward()
    return made

kept = [make()]
"""
    assert last_names(text) == ["kept[0]"]
