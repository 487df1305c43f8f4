import torch
from shown import show
class AddOne(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        x.add_(1)
        ctx.mark_dirty(x)
        return x
    @staticmethod
    def backward(ctx, g):
        return g * 7
x = torch.ones(2, requires_grad=True)
y = x * 2
z = AddOne.apply(y)
print(z is y, y._version)
z.sum().backward()
show("x", x.grad)
