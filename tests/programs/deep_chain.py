import torch
from shown import show
x = torch.ones(2, requires_grad=True)
y = x
for _ in range(5000):
    y = y + 1
y.sum().backward()
show("x", x.grad)
