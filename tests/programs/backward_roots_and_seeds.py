import torch
from shown import show
x = torch.randn(3, requires_grad=True, generator=None)
y = x * 2
z = x.exp()
torch.autograd.backward([y, z.sum()], [torch.tensor([1.0, 2.0, 3.0]), None])
show("x", x.grad)
y = x.sin()
y.backward(torch.ones(3))
show("x", x.grad)
