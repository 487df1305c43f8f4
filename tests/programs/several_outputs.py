import torch
from shown import show
x = torch.arange(6.0).reshape(2, 3).requires_grad_()
a, b = x.unbind(0)
(a * 2).sum().backward()
show("x", x.grad)
p, q, r = torch.split(x, 1, dim=1)
(p + r * 3).sum().backward()
show("x", x.grad)
m = (torch.eye(3) * 2 + torch.ones(3, 3)).requires_grad_()
u, s, v = torch.linalg.svd(m)
s.sum().backward()
print(m.grad.shape, bool(torch.isfinite(m.grad).all()))
values, where = x.max(dim=1)
values.sum().backward()
show("x", x.grad)
# torch gives None to the hooks of outputs to which no gradient came, and lets them return nothing.
p, q, r = torch.split(x, 1, dim=1)
for part in (p, q):
    part.register_hook(lambda grad: print("came", grad))
    part.register_hook(lambda grad: None if grad is None else grad * 2)
(q + r * 3).sum().backward()
show("x", x.grad)
