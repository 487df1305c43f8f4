import torch
from shown import show
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return x * x * scale
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * x * g * ctx.scale, None
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = Square.apply(x, 0.5)
print(y.grad_fn.name(), type(y.grad_fn).__name__)
y.sum().backward()
show("x", x.grad)
print(Square.apply.__name__, Square.apply.__self__)
