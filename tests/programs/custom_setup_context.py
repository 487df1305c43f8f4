import torch
from shown import show
class Mul(torch.autograd.Function):
    generate_vmap_rule = True
    @staticmethod
    def forward(x, k=3.0):
        return x * k
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.k = inputs[1]
    @staticmethod
    def backward(ctx, g):
        return g * ctx.k, None
x = torch.ones(3, requires_grad=True)
Mul.apply(x).sum().backward()
show("x", x.grad)
show("vmap", torch.func.vmap(Mul.apply, in_dims=(0, None))(torch.ones(2, 2), 2.0))
