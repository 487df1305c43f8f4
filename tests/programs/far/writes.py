import torch
from far_device import far

w = far(1.0, 2.0)
v = far(3.0, 4.0)


def write(grad):
    w.grad.mul_(2)


def clear(grad):
    v.grad = None


for hook in (write, clear, write):
    y = w * v
    handle = y.register_hook(hook)
    (w * 2 + v).sum().backward()
    y.sum().backward()
    print(w.grad, v.grad)
