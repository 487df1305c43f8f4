"""A custom function whose saved tensors may be asked for once: by its backward, and by nobody else."""
import torch
class Square(torch.autograd.Function):
    clear_saved_tensors_on_access = True
    @staticmethod
    def forward(ctx, x, scale):
        y = x * x * scale
        ctx.save_for_backward(x, None, y, scale)
        return y
    @staticmethod
    def backward(ctx, grad):
        x, nothing, y, scale = ctx.saved_tensors
        print(nothing, y)
        return grad * 2 * x * scale, None
class Overwritten(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        kept = x * 2
        ctx.save_for_backward(x, kept)
        kept.add_(1)
        return kept
    @staticmethod
    def backward(ctx, grad):
        x, kept = ctx.saved_tensors
        return grad * 2
x = torch.tensor([1.0, 2.0], requires_grad=True)
Square.apply(x * 3, torch.tensor(2.0)).sum().backward()
print(x.grad)
try:
    Overwritten.apply(x).sum().backward()
    print(x.grad)
except RuntimeError as error:
    print(str(error)[:60])
with torch.autograd.graph.saved_tensors_hooks(lambda t: (t, "packed"), lambda pair: pair[0]):
    y = Square.apply(x, torch.tensor(1.0))
y.sum().backward()
print(x.grad)
