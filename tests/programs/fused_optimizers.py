import torch
from shown import show
for name in ("SGD", "Adam", "AdamW", "Adagrad"):
    w = torch.linspace(-1, 1, 4).clone().requires_grad_()
    opt = getattr(torch.optim, name)([w], lr=0.05, fused=True)
    for _ in range(2):
        opt.zero_grad(set_to_none=False)
        (w ** 2).sum().backward()
        opt.step()
    show(name, w)
