import torch
from shown import show
x = torch.tensor([1.0, 2.0], requires_grad=True)
h = x * 3
h.retain_grad()
print(h.retains_grad)
h.register_hook(lambda g: g + 1)
(h * h).sum().backward()
show("h", h.grad); show("x", x.grad)
(h.detach() * x).sum().backward()
show("x", x.grad)
