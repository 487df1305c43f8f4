import torch
from shown import show
x = torch.ones(2, requires_grad=True)
a, b = (x * 2).chunk(2)
c = torch.where(torch.tensor([True]), a, b)
c.backward()
show("x", x.grad)
w = torch.ones(2, requires_grad=True)
torch.nn.functional.layer_norm(x.detach(), (2,), w, None).sum().backward()
show("w", w.grad)
