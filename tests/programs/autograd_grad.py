import torch
from shown import show
x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor([3.0, 4.0], requires_grad=True)
unused = torch.ones(2, requires_grad=True)
loss = (x * w).sum()
gx, gu = torch.autograd.grad(loss, [x, unused], allow_unused=True, retain_graph=True)
show("gx", gx); show("gu", gu); show("x.grad", x.grad)
(gw,) = torch.autograd.grad(loss, w)
show("gw", gw)
try:
    torch.autograd.grad((x * 2).sum(), unused)
except RuntimeError as error:
    print(error)
