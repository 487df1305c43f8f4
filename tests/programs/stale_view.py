import torch
from shown import show
x = torch.ones(4, requires_grad=True)
y = x * 1
v = y.view(2, 2)
y.mul_(3)
u = x * 4
print(v.grad_fn.name(), y._version, v._version)
(v.sum() + u.sum()).backward()
show("x", x.grad)
