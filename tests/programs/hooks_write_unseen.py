"""Hooks and custom functions that write on gradients through numpy or `.data`, of which no version tells."""
import torch
def by_numpy(grad):
    array = grad.numpy()
    array *= 2
    return grad
def by_data(grad):
    grad.data.mul_(3)
class Passing(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()
    @staticmethod
    def backward(ctx, grad):
        return by_numpy(grad)
class Writing(Passing):
    @staticmethod
    def backward(ctx, grad):
        grad.data.add_(1)
        return grad
for hook in (by_numpy, by_data):
    w = torch.zeros(3, requires_grad=True)
    scale = torch.tensor([1.0, 2.0, 3.0])
    w.register_hook(hook)
    for _ in range(2):
        (w * scale).sum().backward()
        print(w.grad)
    y = w * scale
    y.register_hook(hook)
    y.grad_fn.register_prehook(lambda grads: (hook(grads[0]), None)[1])
    y.retain_grad()
    (y * y.detach() + y).sum().backward()
    print(w.grad, y.grad)
    for function in (Passing, Writing):
        v = torch.ones(3, requires_grad=True)
        for _ in range(2):
            (function.apply(v * scale) * scale).sum().backward()
            print(v.grad)
