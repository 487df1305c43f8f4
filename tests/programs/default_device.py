import torch
from shown import show
torch.set_default_device("cpu")
x = torch.ones(2, requires_grad=True)
(x * torch.arange(2.0)).sum().backward()
show("x", x.grad)
with torch.device("meta"):
    m = torch.nn.Linear(2, 2)
    y = torch.ones(3, requires_grad=True)
    (y * 2).sum().backward()
print(m.weight.device, y.grad.device, y.grad.shape)
torch.set_default_device(None)
print(torch.ones(1).device)
