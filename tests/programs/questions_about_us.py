"""Asks in many places whether somebody is there."""

import collections
import inspect
import os
import sys
import threading

import torch
import torch.overrides
from torch.overrides import has_torch_function_unary

heard = collections.Counter()
is_counting = False


def audit(event, arguments):
    if is_counting:
        heard[event] += 1


sys.addaudithook(audit)
x = torch.ones(2, requires_grad=True)
is_counting = True
((x * 2).relu() + torch.nn.functional.softmax(x, 0)).sum().backward()
is_counting = False
print(x.grad, dict(heard))
print([name for name in sys.modules if name.startswith("graphviz_app.tracer")], sys.modules["__mp_main__"].__file__ == __file__)
print(torch._C._len_torch_function_stack(), torch._C._is_torch_function_mode_enabled(), has_torch_function_unary(x))
try:
    print(torch._C._pop_torch_function_stack())
except RuntimeError:
    print("there is no mode")
for function in (torch.autograd.graph._engine_run_backward, threading.Thread._bootstrap_inner, torch.utils.swap_tensors, torch.compile):
    print(os.path.basename(function.__code__.co_filename), inspect.signature(function), hasattr(function, "__wrapped__"))
    print(inspect.getsource(function).splitlines()[0])


class Counted(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        print(sys.getrefcount(a))
        return a * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


Counted.apply(x).sum().backward()
print(x.grad)
