"""What a program makes anew in every iteration is let go of when it is gone, however many iterations there are."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from graphviz_app.recording import events as ev
from graphviz_app.tracer import hooks, leaves
from graphviz_app.tracer.identity import NodeTable
from graphviz_app.tracer.leaf_names import LeafNames
from graphviz_app.tracer.tracer import Tracer


@contextmanager
def traced(sink=lambda _: None, **where):
    tracer = Tracer(sink, is_memory_lent=False, **where)
    tracer.start()
    try:
        yield tracer
    finally:
        tracer.stop()


def with_grads():
    x = torch.ones(2, requires_grad=True)
    (x * x).sum().backward()


def with_hooks():
    x = torch.ones(2, requires_grad=True)
    x.register_hook(lambda grad: grad * 2)
    y = x * 2
    y.register_hook(lambda grad: grad * 2)
    y.sum().backward()


def with_hooks_after():
    x = torch.ones(2, requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda _: None)
    x.sum().backward()


def with_kept_grads():
    y = torch.ones(2, requires_grad=True) * 2
    y.retain_grad()
    y.sum().backward()


def without_backward():
    (torch.ones(2, requires_grad=True) * 2).sum()


@pytest.mark.parametrize("iteration", [with_grads, with_hooks, with_hooks_after, with_kept_grads, without_backward])
def test_leaves_and_hooks_that_are_gone_are_let_go_of(iteration, monkeypatch):
    monkeypatch.setattr(leaves, "_LET_GO_AT", 16)
    monkeypatch.setattr(hooks, "_LET_GO_AT", 16)
    with traced() as tracer:
        for _ in range(100):
            iteration()
        gc.collect()
        met, known = tracer.core.leaves, tracer.operations._hooks
        tables = [met._all, met._by_grad, met._storages, met._by_memory, met.names._by_name]
        tables += [met.names._waiting, *met.names._waiting.values()]
        tables += [known._by_node, known.nodes, known._after, known._retaining, known.retained]
        assert [len(table) for table in tables if len(table) > 40] == []


def test_leaves_that_live_are_kept_with_their_grads(monkeypatch):
    monkeypatch.setattr(leaves, "_LET_GO_AT", 16)
    with traced() as tracer:
        kept = []
        for _ in range(100):
            without_backward()
            kept.append(torch.ones(2, requires_grad=True))
            kept[-1].sum().backward()
        assert len({tracer.core.tensors.track(each).leaf for each in kept}) == 100
        assert tracer.core.leaves.are_known([each.grad for each in kept])
        assert len(tracer.core.leaves._by_grad) == 100


def test_of_nodes_that_no_pass_runs_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr("graphviz_app.tracer.identity._UNSPENT_KEPT", 50)
    table = NodeTable()
    x = torch.ones(2, requires_grad=True)
    made = [(x * number).grad_fn for number in range(200)]
    numbers = [table.assign(node) for node in made]
    assert len(table.by_sequence) <= 50 + 25
    assert [table.number(node) for node in made[-50:]] == numbers[-50:]


def test_hooks_that_were_removed_again_are_let_go_of():
    with traced() as tracer:
        x = torch.ones(2, requires_grad=True)
        kept = [x.register_hook(lambda grad: grad * 2) for _ in range(3)]
        for _ in range(100):
            handle = x.register_hook(lambda grad: grad * 2)
            x.sum().backward()
            handle.remove()
        (registered,) = tracer.operations._hooks._by_node.values()
        assert len(registered) <= 20
        assert [each.key for each in registered[:3]] == [each.id for each in kept]


@pytest.fixture
def compared(monkeypatch):
    """How often leaves are compared with what they were."""
    found = []
    untouched = leaves.is_untouched
    monkeypatch.setattr(leaves, "is_untouched", lambda *both: found.append(both) or untouched(*both))
    return found


def test_of_many_leaves_each_pass_compares_a_few_and_those_that_it_reaches(monkeypatch, compared):
    monkeypatch.setattr(leaves, "_IN_TURNS", 10)
    events = []
    with traced(lambda batch: events.extend(batch.events)) as tracer:
        kept = [torch.ones(2, requires_grad=True) for _ in range(200)]
        for each in kept:
            each.sum()
        compared.clear()
        for each in kept:
            with torch._C.DisableTorchFunction(), torch.no_grad():
                each.add_(1.0)  # seen by nobody
            each.sum().backward()
        assert len(compared) <= 12 * len(kept)
        tracer.core.log.flush()
        told = [event for event in events if type(event) in (ev.LeafUpdated, ev.BackwardStarted)]
        assert [type(event) for event in told] == [ev.LeafUpdated, ev.BackwardStarted] * 200


def test_what_no_pass_reaches_is_compared_in_turns(monkeypatch, compared):
    monkeypatch.setattr(leaves, "_IN_TURNS", 10)
    with traced():
        kept = [torch.ones(2, requires_grad=True) for _ in range(45)]
        for each in kept:
            each.sum()
        compared.clear()
        for _ in range(5):
            kept[0].sum().backward()
        assert {id(tensor) for _, tensor in compared} == {id(each) for each in kept}


def test_leaves_of_a_function_that_runs_are_not_asked_for_other_names_by_each_pass(monkeypatch):
    asked = []
    look = LeafNames.look_for
    monkeypatch.setattr(LeafNames, "look_for", lambda *args: asked.append(args) or look(*args))
    with traced(folder=str(Path(__file__).parent)) as tracer:

        def inner():
            rows = [torch.ones(2, requires_grad=True) for _ in range(20)]
            for _ in range(20):
                rows[0].sum().backward()
            torch.stack(rows).sum().backward()
            return rows

        kept = inner()
        waiting = [leaf.name for leaves in tracer.core.leaves.names._waiting.values() for leaf in leaves.values()]
        assert waiting == [f"rows[{number}]" for number in range(20)]
        assert asked == []
        kept[0].sum().backward()
        assert [tracer.core.tensors.track(each).leaf.name for each in kept] == [f"kept[{n}]" for n in range(20)]
        assert len(asked) == 20
