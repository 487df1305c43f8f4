import torch
from torch.utils.checkpoint import checkpoint
from shown import show
lin = torch.nn.Linear(3, 3)
with torch.no_grad():
    for p in lin.parameters():
        p.fill_(0.25)
x = torch.ones(2, 3, requires_grad=True)
y = checkpoint(lambda v: torch.relu(lin(v)).exp(), x, use_reentrant=False)
y.sum().backward()
show("x", x.grad); show("w", lin.weight.grad)
