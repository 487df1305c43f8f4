import torch
from shown import show
params = [torch.full((2,), float(i + 1), requires_grad=True) for i in range(2)]
opts = {p: torch.optim.SGD([p], lr=0.1) for p in params}
def step(p):
    opts[p].step()
    opts[p].zero_grad()
for p in params:
    p.register_post_accumulate_grad_hook(step)
for _ in range(2):
    (params[0] * params[1]).sum().backward()
    for p in params:
        show("p", p); show("g", p.grad)
