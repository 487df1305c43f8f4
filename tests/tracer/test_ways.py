"""Ways to tensors through variables: the same whether they are looked for or remembered, and few looks for many."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from graphviz_app.recording import events as ev
from graphviz_app.tracer import ways as room
from graphviz_app.tracer.ways import Scope, Ways
from tests.support_record import record_source


class Slotted:
    __slots__ = ("first", "second")

    def __init__(self, *values):
        self.first, self.second = (*values, None, None)[:2]


def module_of(parts):
    module = nn.Module()
    for index, part in enumerate(parts):
        setattr(module, f"part{index}", part)
    return module


def kinds_of(parts):
    lists = st.lists(parts, max_size=4)
    return (
        lists
        | lists.map(tuple)
        | lists.map(deque)
        | st.dictionaries(st.sampled_from(["a", "b'", 1, -2, 2.5, (1, "x")]), parts, max_size=4)
        | lists.map(lambda found: SimpleNamespace(**{f"of{index}": part for index, part in enumerate(found)}))
        | lists.map(lambda found: Slotted(*found))
        | lists.map(module_of)
    )


tensors = st.builds(lambda _: torch.zeros(1), st.none()) | st.builds(lambda _: nn.Parameter(torch.zeros(1)), st.none())
values = st.recursive(tensors | st.sampled_from([1, "text", None]), kinds_of, max_leaves=12)


def all_tensors(value, seen):
    """Every tensor that the collector can reach, in whatever order: more than can be reached by a name."""
    if id(value) in seen or isinstance(value, type):
        return
    seen[id(value)] = value
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (list, tuple, deque)):
        for part in value:
            yield from all_tensors(part, seen)
    elif isinstance(value, dict):
        yield from all_tensors(list(value.values()), seen)
    elif isinstance(value, Slotted):
        yield from all_tensors([value.first, value.second], seen)
    elif hasattr(value, "__dict__"):
        yield from all_tensors(value.__dict__, seen)


@given(st.dictionaries(st.sampled_from(["x", "model", "of"]), values, min_size=1, max_size=3), st.randoms())
def test_what_is_remembered_is_what_would_be_found(variables, order):
    scope, ways = Scope((1, False), 0, list(variables.items())), Ways()
    asked = list(all_tensors(variables, {}))
    order.shuffle(asked)
    for tensor in asked * 2:
        for look in (through, in_modules):
            expected = look(Ways(), tensor, scope, anew=True)
            remembered = look(ways, tensor, scope, anew=False)
            assert remembered in (None, expected)
            assert look(ways, tensor, scope, anew=True) == expected
            if expected:
                assert eval(expected, dict(variables)) is tensor  # noqa: S307 - Python says what is there


def through(ways, tensor, scope, *, anew):
    return ways.through(tensor, scope, is_passing=False, anew=anew)


def in_modules(ways, tensor, scope, *, anew):
    return ways.in_modules(tensor, scope, anew=anew)


def test_what_was_passed_by_is_told_without_another_look_unless_it_has_gone():
    rows = [torch.zeros(1) for _ in range(1000)]
    holder = SimpleNamespace(rows=rows)
    scope, ways = Scope((1, False), 0, [("rows", rows), ("holder", holder)]), Ways()
    assert through(ways, rows[0], scope, anew=False) is None
    assert through(ways, rows[0], scope, anew=True) == "rows[0]"
    assert [through(ways, row, scope, anew=False) for row in rows] == [f"rows[{index}]" for index in range(1000)]
    rows[3], rows[4] = rows[4], rows[3]
    assert through(ways, rows[3], scope, anew=False) is None
    assert through(ways, rows[3], scope, anew=True) == "rows[3]"


def test_a_search_that_came_to_its_end_knows_what_is_not_there():
    scope, ways, kept = Scope((1, False), 0, [("x", [1, 2])]), Ways(), torch.zeros(1)
    assert through(ways, kept, scope, anew=False) is None
    assert through(ways, kept, scope, anew=True) == ""
    assert through(ways, kept, scope, anew=False) == ""


def test_what_is_made_anew_at_the_same_place_is_found_there_also_when_nobody_looks_any_more(monkeypatch):
    monkeypatch.setattr(room, "_VISITS_AT_FIRST", 50)
    holder = SimpleNamespace(noise=torch.zeros(1), others=[[torch.zeros(1)] for _ in range(40)])
    scope, ways = Scope((1, False), 0, [("holder", holder)]), Ways()
    assert through(ways, holder.noise, scope, anew=True) == "holder.noise"
    assert through(ways, torch.zeros(1), scope, anew=True) == ""
    assert through(ways, torch.zeros(1), scope, anew=True) == ""
    holder.noise = torch.zeros(1)
    assert through(ways, holder.noise, scope, anew=True) == ""
    assert through(ways, holder.noise, scope, anew=False) == "holder.noise"
    ways.another()
    holder.other = torch.zeros(1)
    assert through(ways, holder.other, scope, anew=True) == "holder.other"


MANY = """
import torch
from torch import nn

class Trainer:
    def __init__(self):
        self.model = nn.Sequential(*[nn.Linear(1, 1) for _ in range(150)])
        self.offsets = [torch.zeros(1, requires_grad=True) for _ in range(200)]

def main():
    trainer = Trainer()
    y = torch.ones(1, 1)
    for part, offset in zip(trainer.model, trainer.offsets):
        y = part(y) + offset
    rows = {f"row{number}": torch.ones(1, requires_grad=True) for number in range(300)}
    (y + sum(rows.values())).sum().backward()

main()
"""


def test_every_one_of_many_leaves_has_its_name():
    # Parameters are met while their values are made, before anything has a name for them.
    found = {event.leaf: event.name for event in record_source(MANY).events() if isinstance(event, ev.LeafFound)}
    parameters = [f"trainer.model.{number}.{part}" for number in range(150) for part in ("weight", "bias")]
    offsets = [f"trainer.offsets[{number}]" for number in range(150)]
    assert sorted(found.values()) == sorted(parameters + offsets + [f"rows['row{number}']" for number in range(300)])


def test_many_parameters_are_found_in_few_looks(monkeypatch):
    looks = []
    go = room._go
    monkeypatch.setattr(room, "_go", lambda *given: looks.append(given) or go(*given))
    model = nn.Sequential(*[nn.Linear(1, 1) for _ in range(500)])
    scope, ways = Scope((1, False), 0, [("model", model)]), Ways()
    for name, parameter in model.named_parameters():
        path = in_modules(ways, parameter, scope, anew=False) or in_modules(ways, parameter, scope, anew=True)
        assert path == f"model.{name}"
    assert len(looks) < 10


def test_what_is_appended_to_lists_in_turns_is_found_behind_what_was_before(monkeypatch):
    looks = []
    look = room._go
    monkeypatch.setattr(room, "_go", lambda *args: looks.append(args) or look(*args))
    weights, rows = [], []
    scope, ways = Scope((1, False), 0, [("weights", weights), ("rows", rows)]), Ways()
    for number in range(300):
        weights.append(torch.zeros(1))
        rows.append(SimpleNamespace(bias=torch.zeros(1)))
        for tensor, name in ((weights[-1], f"weights[{number}]"), (rows[-1].bias, f"rows[{number}].bias")):
            found = through(ways, tensor, scope, anew=False) or through(ways, tensor, scope, anew=True)
            assert found == name
    assert len(looks) <= 8
