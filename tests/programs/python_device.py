# A device that the program itself implements, in Python: whoever copied from it would run the program's code.
import sys

import numpy as np
import torch

try:
    from torch.utils.backend_registration import _setup_privateuseone_for_python_backend as set_up
except ImportError:
    print("this torch lets nobody write a device in Python")
    sys.exit()
set_up("far")
called = []


class Far(torch.Tensor):
    @staticmethod
    def __new__(cls, array):
        tensor = torch._C._acc.create_empty_tensor(array.shape, torch.float32)
        tensor.__class__ = Far
        return tensor

    def __init__(self, array):
        self.array = array

    def __repr__(self):
        return f"Far({self.array.tolist()})"


def kernel(name):
    def register(function):
        def counted(*args, **kwargs):
            called.append(name)
            return function(*args, **kwargs)

        torch.library.impl(f"aten::{name}", "privateuseone")(counted)

    return register


@kernel("mul.Tensor")
def multiply(one, other):
    return Far(one.array * other.array)


@kernel("detach")
def detach(tensor):
    return Far(tensor.array)


@kernel("empty_strided")
def empty_strided(size, stride, **options):
    return Far(np.zeros(size, np.float32))


@kernel("empty.memory_format")
def empty(size, **options):
    return Far(np.zeros(size, np.float32))


@kernel("_copy_from")
def copy_from(source, target, non_blocking=False):
    if target.device.type == "cpu":
        target.numpy()[...] = source.array
    else:
        target.array = source.numpy().copy()
    return target


@kernel("sum")
def total(tensor, **options):
    return Far(tensor.array.sum())


@kernel("ones_like")
def ones_like(tensor, **options):
    return Far(np.ones_like(tensor.array))


@kernel("expand")
def expand(tensor, size, *, implicit=False):
    return Far(np.broadcast_to(tensor.array, size))


a = torch.arange(4.0).reshape(2, 2).to("far").requires_grad_()
b = torch.full((2, 2), 3.0).to("far").requires_grad_()
result = (a * b).sum()
print(result, called)
called.clear()
result.backward()
print(a.grad, b.grad, called)
called.clear()
print(a.detach().cpu().device, called)
