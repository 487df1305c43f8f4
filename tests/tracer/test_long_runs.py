"""What a program makes anew in every iteration is let go of when it is gone, however many iterations there are."""

from __future__ import annotations

import gc

import pytest
import torch

from graphviz_app.tracer import hooks, leaves
from graphviz_app.tracer.identity import NodeTable
from graphviz_app.tracer.tracer import Tracer


def with_grads():
    x = torch.ones(2, requires_grad=True)
    (x * x).sum().backward()


def with_hooks():
    x = torch.ones(2, requires_grad=True)
    x.register_hook(lambda grad: grad * 2)
    y = x * 2
    y.register_hook(lambda grad: grad * 2)
    y.sum().backward()


def with_kept_grads():
    y = torch.ones(2, requires_grad=True) * 2
    y.retain_grad()
    y.sum().backward()


def without_backward():
    (torch.ones(2, requires_grad=True) * 2).sum()


@pytest.mark.parametrize("iteration", [with_grads, with_hooks, with_kept_grads, without_backward])
def test_leaves_and_hooks_that_are_gone_are_let_go_of(iteration, monkeypatch):
    monkeypatch.setattr(leaves, "_LET_GO_AT", 16)
    monkeypatch.setattr(hooks, "_LET_GO_AT", 16)
    tracer = Tracer(lambda _: None, is_memory_lent=False)
    tracer.start()
    try:
        for _ in range(100):
            iteration()
        gc.collect()
        met, known = tracer.core.leaves, tracer.operations._hooks
        tables = [met._all, met._by_grad, met._storages, met._by_memory, met._by_name]
        tables += [known._by_node, known.nodes, known._retaining, known.retained]
        assert [len(table) for table in tables if len(table) > 40] == []
    finally:
        tracer.stop()


def test_leaves_that_live_are_kept_with_their_grads(monkeypatch):
    monkeypatch.setattr(leaves, "_LET_GO_AT", 16)
    tracer = Tracer(lambda _: None, is_memory_lent=False)
    tracer.start()
    try:
        kept = []
        for _ in range(100):
            without_backward()
            kept.append(torch.ones(2, requires_grad=True))
            kept[-1].sum().backward()
        assert len({tracer.core.tensors.track(each).leaf for each in kept}) == 100
        assert tracer.core.leaves.are_known([each.grad for each in kept])
        assert len(tracer.core.leaves._by_grad) == 100
    finally:
        tracer.stop()


def test_of_nodes_that_no_pass_runs_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr("graphviz_app.tracer.identity._UNSPENT_KEPT", 50)
    table = NodeTable()
    x = torch.ones(2, requires_grad=True)
    made = [(x * number).grad_fn for number in range(200)]
    numbers = [table.assign(node) for node in made]
    assert len(table.by_sequence) <= 50 + 25
    assert [table.number(node) for node in made[-50:]] == numbers[-50:]
