"""What the least of recording costs: bare facts, taken down in Python, of which nothing is made.

The recorder finds out what facts mean (names, places in the source, what was written on, what `.grad` was before and
after), and all of that could be left to another process. What could not is taken down here: for every call its
function, where on the stack it stands, its tensors with their versions, the result's elements and the nodes that it
made; for every node that runs the gradients; for every leaf its `.grad` afterwards. So this is a lower bound for any
recorder that is written in Python: whatever lies below it, such a recorder cannot reach.

Run it by itself: `python benchmarks/bench_bare_facts.py`, or through `make bench`.
"""

from __future__ import annotations

import sys
import threading
from types import MethodType

import msgspec
import pytest
import torch
from bench_tracer import mlp_step, seconds, transformer_step
from torch.overrides import TorchFunctionMode

from graphviz_app.tracer.engine import NAME, find_engine_call
from graphviz_app.tracer.identity import UNNUMBERED
from graphviz_app.tracer.kinds import FUNCTIONS, Kind, Kinds
from graphviz_app.tracer.memory import READABLE, storage_start, string_at
from graphviz_app.tracer.originals import grad_of

_FACTS_IN_A_BATCH = 128
_BYTES = 4096
_Tensor = torch.Tensor
_sequence = torch._C._autograd._get_sequence_nr
_bottom = seconds.__code__


class Facts(TorchFunctionMode):
    """Takes down facts while it is the mode and its `run_backward` stands in for the engine's call."""

    def __init__(self):
        self._facts, self._lock = [], threading.RLock()
        self._encode, self._kinds, self._users = msgspec.msgpack.Encoder().encode, Kinds(), {}
        self.bytes = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        """Call the function, and take down the call."""
        found = self._kinds._known.get(func) if type(func) in FUNCTIONS else None
        if found is None:
            with self._lock:
                found = self._kinds.of(func)
        if found[0] is Kind.LOOK or found[0] is Kind.GRAD:
            return func(*args)
        start, result = _sequence(), func(*args, **(kwargs or {}))
        with self._lock, torch._C.DisableTorchFunction():
            self._call(func, args, kwargs, result, sys._getframe(1), start)
        return result

    def _call(self, func, args, kwargs, result, frame, start):
        fact = [id(func), self._stack(frame)]
        for argument in (*args, *kwargs.values()) if kwargs else args:
            is_tensor = isinstance(argument, _Tensor)
            fact.append(self._tensor(argument) if is_tensor else repr(argument))
        if isinstance(result, _Tensor):
            fact.append(self._tensor(result))
            fact.append(_elements(result))
            end, nodes = _sequence(), [result.grad_fn]
            while nodes and end != start:
                node = nodes.pop()
                following = node.next_functions
                fact.append((node._sequence_nr(), node.name(), [(id(each), slot) for each, slot in following]))
                nodes += [each for each, _ in following if each is not None and start <= each._sequence_nr() < end]
        self._add(fact)

    def _stack(self, frame):
        stack, users = [], self._users
        while frame is not None and frame.f_code is not _bottom:
            code = frame.f_code
            is_users = users.get(code)
            if is_users is None:
                is_users = users[code] = "site-packages" not in code.co_filename
            if is_users:
                stack.append(id(code))
                stack.append(frame.f_lasti)
            frame = frame.f_back
        return stack

    def _tensor(self, tensor):
        return tensor._cdata, tensor._version, tensor.requires_grad, tensor.is_leaf

    def _add(self, fact):
        self._facts.append(fact)
        if len(self._facts) >= _FACTS_IN_A_BATCH:
            self.bytes += len(self._encode(self._facts))
            self._facts = []

    def run_backward(self, original):
        """What stands in for the engine's call."""

        def run(outputs, *args, **kwargs):
            with self._lock, torch._C.DisableTorchFunction():
                handles = self._hook([each.grad_fn for each in outputs])
            try:
                return original(outputs, *args, **kwargs)
            finally:
                for handle in handles:
                    handle.remove()

        return run

    def _hook(self, nodes):
        numbers, edges, handles = {node: number for number, node in enumerate(nodes)}, [], []
        for node in nodes:
            ends = []
            for target, slot in node.next_functions:
                if target is not None and target not in numbers:
                    numbers[target] = len(nodes)
                    nodes.append(target)
                ends.append((numbers.get(target, -1), slot))
            edges.append(ends)
            leaf = node.variable if node._sequence_nr() == UNNUMBERED else None
            handles.append(node.register_hook(MethodType(self._node, (numbers[node], leaf))))
        self._add(edges)
        return handles

    def _node(self, known, grad_inputs, grad_outputs):
        number, leaf = known
        with self._lock, torch._C.DisableTorchFunction():
            fact = [number, [None if each is None else each._cdata for each in grad_outputs]]
            fact += [None if each is None else _elements(each) for each in grad_inputs]
            grad = None if leaf is None else grad_of(leaf)
            if grad is not None:
                fact.append((grad._cdata, grad._version, _elements(grad)))
            self._add(fact)


def _elements(tensor):
    """The first bytes of a tensor's elements, all of small ones; of large ones a recorder finds out more than that."""
    itemsize = READABLE[tensor.dtype].itemsize
    return string_at(storage_start(tensor) + tensor.storage_offset() * itemsize, min(tensor.numel() * itemsize, _BYTES))


@pytest.mark.parametrize(
    ("name", "step", "rounds"),
    [("MLP, small tensors", mlp_step(), 100), ("transformer, 12 layers, d=64", transformer_step(64, 4, 32), 10)],
)
def test_taking_down_bare_facts(name, step, rounds):
    plain, bare = [], []
    holders = find_engine_call()
    for _ in range(3):
        seconds(step, 3)
        plain.append(seconds(step, rounds))
        facts = Facts()
        for module, original in holders:
            setattr(module, NAME, facts.run_backward(original))
        with facts:
            seconds(step, 3)
            bare.append(seconds(step, rounds))
        for module, original in holders:
            setattr(module, NAME, original)
    print(f"\n{name}: plain {min(plain) * 1e3:.2f} ms, bare facts {min(bare) / min(plain):.2f}×")
    assert facts.bytes


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-q", "-s"]))
