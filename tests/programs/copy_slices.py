import torch
from shown import show
x = torch.ones(4, requires_grad=True)
y = x * 2
v = y[1:3]
v.mul_(5)
print(y.grad_fn.name(), v.grad_fn.name())
(y * y).sum().backward()
show("x", x.grad)
base = torch.zeros(2, 3)
w = torch.ones(3, requires_grad=True)
base[0] = w * 2
base[1, 1:] += w[1:]
base.sum().backward()
show("w", w.grad)
