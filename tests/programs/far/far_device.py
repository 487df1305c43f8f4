"""A device that stands in for one with a thread of its own in torch's engine: its tensors lie in numpy's memory."""

import numpy as np
import torch
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend as set_up

set_up("far")


class Far(torch.Tensor):
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, array):
        tensor = torch._C._acc.create_empty_tensor(array.shape, torch.float32)
        tensor.__class__ = Far
        return tensor

    def __init__(self, array):
        self.array = np.asarray(array, np.float32)

    def __repr__(self):
        return f"Far({self.array.tolist()})"


def kernel(name):
    def register(function):
        torch.library.impl(f"aten::{name}", "privateuseone")(function)

    return register


def value(operand):
    return operand.array if isinstance(operand, Far) else np.float32(operand)


kernel("mul.Tensor")(lambda one, other: Far(value(one) * value(other)))
kernel("add.Tensor")(lambda one, other, *, alpha=1: Far(value(one) + np.float32(alpha) * value(other)))
kernel("detach")(lambda tensor: Far(tensor.array))
kernel("empty_strided")(lambda size, stride, **options: Far(np.zeros(size, np.float32)))
kernel("empty.memory_format")(lambda size, **options: Far(np.zeros(size, np.float32)))
kernel("sum")(lambda tensor, **options: Far(tensor.array.sum()))
kernel("sum.dim_IntList")(
    lambda tensor, dim, keepdim=False, **options: Far(tensor.array.sum(tuple(dim), keepdims=keepdim))
)
kernel("ones_like")(lambda tensor, **options: Far(np.ones_like(tensor.array)))
kernel("zeros_like")(lambda tensor, **options: Far(np.zeros_like(tensor.array)))
kernel("expand")(lambda tensor, size, *, implicit=False: Far(np.broadcast_to(tensor.array, size)))
kernel("clone")(lambda tensor, **options: Far(tensor.array.copy()))


@kernel("mul_.Tensor")
def multiply_in_place(one, other):
    one.array = one.array * value(other)
    return one


@kernel("add.out")
def add_into(one, other, *, alpha=1, out):
    out.array = np.array(value(one) + np.float32(alpha) * value(other), np.float32)
    return out


@kernel("_copy_from")
def copy_from(source, target, non_blocking=False):
    if target.device.type == "cpu":
        target.numpy()[...] = source.array
    else:
        target.array = value(source) if isinstance(source, Far) else source.numpy().copy()
    return target


def far(*numbers):
    return torch.tensor(numbers).to("far").requires_grad_()
