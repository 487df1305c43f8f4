import torch
from shown import show
torch.manual_seed(0)
names = ["SGD", "Adam", "AdamW", "Adagrad", "RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam", "Rprop", "ASGD"]
for name in names:
    for extra in ({}, {"foreach": True}):
        w = torch.linspace(-1, 1, 4).reshape(2, 2).clone().requires_grad_()
        b = torch.ones(2, requires_grad=True)
        opt = getattr(torch.optim, name)([w, b], lr=0.05, **extra)
        for _ in range(2):
            opt.zero_grad()
            ((w @ b) ** 2).sum().backward()
            opt.step()
        show(name, w); show(name, b)
