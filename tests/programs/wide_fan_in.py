import torch
from shown import show
torch.manual_seed(3)
x = torch.randn(5, requires_grad=True)
parts = [x * (i + 0.1) for i in range(200)]
torch.stack(parts).sum(0).pow(2).sum().backward()
show("x", x.grad)
y = x
for _ in range(50):
    y = y + y * 0.5
y.sum().backward()
show("x", x.grad)
