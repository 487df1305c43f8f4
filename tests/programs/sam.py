import torch
from shown import show
torch.manual_seed(0)
m = torch.nn.Linear(2, 1)
opt = torch.optim.SGD(m.parameters(), lr=0.1)
x, y = torch.randn(4, 2), torch.randn(4, 1)
for _ in range(2):
    ((m(x) - y) ** 2).mean().backward()
    norm = torch.norm(torch.stack([p.grad.norm() for p in m.parameters()]))
    old = []
    with torch.no_grad():
        for p in m.parameters():
            e = p.grad * 0.05 / norm
            p.add_(e)
            old.append(e)
    opt.zero_grad()
    ((m(x) - y) ** 2).mean().backward()
    with torch.no_grad():
        for p, e in zip(m.parameters(), old): p.sub_(e)
    opt.step(); opt.zero_grad()
show("w", m.weight)
