import torch
from far_device import far


class Cubed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * x * x * 3


def double(grad):
    return grad * 2


a, b = far(1.0, 2.0), far(3.0, 4.0)
y = Cubed.apply(a)
y.register_hook(double)
seen = []
b.register_post_accumulate_grad_hook(lambda leaf: seen.append(leaf.grad * 5))
for _ in range(2):
    (Cubed.apply(y) * b).sum().backward()
    y = Cubed.apply(a * 2)
print(a.grad, b.grad, seen)
