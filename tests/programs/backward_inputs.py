import torch
from shown import show
a = torch.ones(2, requires_grad=True)
b = torch.ones(2, requires_grad=True)
h = a * b
loss = (h * 3).sum()
h.retain_grad()
loss.backward(inputs=[a, h])
show("a", a.grad); show("b", b.grad); show("h", h.grad)
