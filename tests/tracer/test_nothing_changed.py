"""Torch is the same before, and after, and the private names that are wrapped are still there."""

from __future__ import annotations

import gc
import signal
import sys
import threading

import pytest
import torch
import torch.autograd.graph
import torch.nn.functional
import torch.overrides

from graphviz_app.tracer import engine, node_hooks
from graphviz_app.tracer.identity import NodeTable
from graphviz_app.tracer.tracer import Tracer

PLACES = [
    torch,
    torch.Tensor,
    torch.nn.Module,
    torch.nn.functional,
    torch.autograd,
    torch.autograd.graph,
    torch.autograd.function,
    torch.autograd.function._SingleLevelFunction,
    torch.autograd.function._HookMixin,
    torch.autograd.Function,
    torch.overrides,
    torch.optim.Optimizer,
    torch.autograd.Variable,
    torch._C,
    sys,
    signal,
    threading.Thread,
]


def attributes():
    return [
        {name: id(value) for name, value in vars(place).items() if name != "__warningregistry__"} for place in PLACES
    ]


def test_recording_leaves_every_attribute_of_torch_as_it_was():
    before = attributes()
    depth = torch._C._len_torch_function_stack()
    tracer = Tracer(lambda _: None)
    assert attributes() == before
    tracer.start()
    assert attributes() != before
    x = torch.ones(2, requires_grad=True)
    (x * 2).sum().backward()
    tracer.stop()
    assert attributes() == before
    assert torch._C._len_torch_function_stack() == depth


def test_stopping_twice_is_fine():
    tracer = Tracer(lambda _: None)
    tracer.start()
    tracer.stop()
    tracer.stop()
    assert torch._C._len_torch_function_stack() == 0


def test_torch_still_has_the_function_that_all_backward_passes_go_through():
    holders = {module.__name__ for module, _ in engine.find_engine_call()}
    assert {"torch.autograd", "torch.autograd.graph"} <= holders, (
        "torch has moved _engine_run_backward. Look in torch/autograd/graph.py for the function that calls "
        "Variable._execution_engine.run_backward, and name it in graphviz_app/tracer/engine.py."
    )


def test_torch_still_puts_hooks_on_nodes_by_the_function_that_lets_ours_in():
    x = torch.ones(2, requires_grad=True)
    undo = node_hooks.let_register(NodeTable())
    try:
        node = (x * 2).grad_fn
        hooks = node_hooks.register(node.register_hook, print)
        theirs = node.register_hook(len)
    finally:
        undo()
    assert list(hooks) == [print, theirs.id], (
        "torch no longer calls torch.autograd.function._HookMixin._register_hook from Node.register_hook. Recording "
        "works, but handles are made and counted. Find what it calls now and name it in "
        "graphviz_app/tracer/node_hooks.py (NAME)."
    )


def test_hooks_of_ours_go_in_also_where_torch_makes_handles():
    node = (torch.ones(2, requires_grad=True) * 2).grad_fn
    hooks = node_hooks.register(node.register_hook, print)
    assert list(hooks.items()) == [(print, print)]


def test_a_torch_without_it_is_told_what_to_do(monkeypatch):
    monkeypatch.setattr(engine, "NAME", "_moved_away")
    with pytest.raises(engine.MissingEngineError, match=r"run_backward.*engine\.py"):
        Tracer(lambda _: None).start()
    assert torch._C._len_torch_function_stack() == 0


def test_a_sink_that_fails_does_not_disturb_the_program():
    def broken(_):
        raise OSError("nobody listens")

    tracer = Tracer(broken)
    tracer.start()
    x = torch.ones(2, requires_grad=True)
    for _ in range(3):
        (x * 2).sum().backward()
    tracer.stop()
    assert x.grad.tolist() == [6.0, 6.0]


def test_recording_hardly_brings_on_collections_of_the_programs_garbage():
    model = torch.nn.Sequential(*[torch.nn.Linear(4, 4) for _ in range(8)])
    x = torch.ones(2, 4)

    def young_collections(iterations):
        gc.collect()
        before = gc.get_stats()[0]["collections"]
        for _ in range(iterations):
            model.zero_grad()
            model(x).sum().backward()
        return gc.get_stats()[0]["collections"] - before

    young_collections(5)
    plain = young_collections(100)
    tracer = Tracer(lambda _: None)
    tracer.start()
    try:
        young_collections(5)
        recorded = young_collections(100)
    finally:
        tracer.stop()
    # One for each 700 objects that are there when the next is made; a tuple for each event would be twice as many.
    assert recorded - plain <= 10


def test_gradients_are_listed_in_memory_again_once_nobody_follows_what_is_read():
    tracer = Tracer(lambda _: None)
    tracer.start()
    x = torch.ones(17, 3, requires_grad=True)
    (x * 2).sum().backward()
    during = [each for each in gc.get_objects() if issubclass(type(each), torch.Tensor) and each.shape == (17, 3)]
    tracer.stop()
    assert len(during) == 1
    assert during[0] is x
    assert gc.is_tracked(x.grad)
    assert any(each is x.grad for each in gc.get_objects())
