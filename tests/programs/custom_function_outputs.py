import torch
from torch.autograd.function import once_differentiable
from shown import show
class Both(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(a, b)
        return a + b, a * b
    @staticmethod
    @once_differentiable
    def backward(ctx, gs, gp):
        a, b = ctx.saved_tensors
        print("undefined:", gs is None, gp is None)
        return (gp * b if gp is not None else None), None
a = torch.tensor([2.0], requires_grad=True)
b = torch.tensor([5.0], requires_grad=True)
s, p = Both.apply(a, b)
p.sum().backward()
show("a", a.grad); show("b", b.grad)
