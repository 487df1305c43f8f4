import builtins
import math
import os
import sys
import time
import torch

heard = []
real = {name: getattr(builtins, name) for name in ("len", "isinstance", "sorted", "max", "any")}
others = [(math, "prod"), (math, "sqrt"), (os, "getpid"), (time, "monotonic")]


def heard_by(name, function):
    def hear(*args):
        heard.append((name, sys._getframe(1).f_code.co_name))
        return function(*args)

    return hear


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


x = torch.ones(2, requires_grad=True)
y = (x * 2).exp()
for name in real:
    setattr(builtins, name, heard_by(name, real[name]))
originals = [getattr(module, name) for module, name in others]
for (module, name), function in zip(others, originals):
    setattr(module, name, heard_by(name, function))
z = torch.relu(y)
middle = Double.apply(z)
middle.retain_grad()
middle.register_hook(lambda grad: grad * 2)
middle.sum().backward()
with torch.no_grad():
    x -= x.grad
x.grad = None
for name, function in real.items():
    setattr(builtins, name, function)
for (module, name), function in zip(others, originals):
    setattr(module, name, function)
print(len(heard))
import collections
print(*sorted(collections.Counter(heard).items()), sep="\n")
print(x)
