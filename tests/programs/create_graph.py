import torch
from shown import show
x = torch.tensor([2.0, -1.0], requires_grad=True)
y = (x ** 3).sum()
(g,) = torch.autograd.grad(y, x, create_graph=True)
print(g.grad_fn.name())
(gg,) = torch.autograd.grad(g.sum(), x, create_graph=True)
gg.sum().backward()
show("x", x.grad); show("g", g); show("gg", gg)
