import torch
from torch.utils._pytree import tree_map


class Wrapped(torch.Tensor):
    """Implements all of torch's operations itself, and tells of them."""

    @staticmethod
    def __new__(cls, inner):
        made = torch.Tensor._make_wrapper_subclass(cls, inner.size(), dtype=inner.dtype)
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        print(function)
        unwrapped = tree_map(lambda each: each.inner if isinstance(each, Wrapped) else each, (args, kwargs or {}))
        result = function(*unwrapped[0], **unwrapped[1])
        return tree_map(lambda each: Wrapped(each) if isinstance(each, torch.Tensor) else each, result)


w = Wrapped(torch.ones(2)).requires_grad_()
z = (w * 3).exp().sigmoid()
print("forward")
z.sum().backward()
print(w.grad.inner)
