import torch
from shown import show
x = torch.ones(3, requires_grad=True)
x.grad = torch.full((3,), 7.0)
(x * 2).sum().backward()
show("x", x.grad)
x.grad *= 0.5
show("x", x.grad)
x.grad.data.fill_(9)
del x.grad
(x * 2).sum().backward()
show("x", x.grad)
x.grad = None
print(x.grad)
