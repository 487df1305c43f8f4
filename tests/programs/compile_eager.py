import torch
from shown import show
@torch.compile(backend="eager")
def f(x):
    return (x.sin() + x.cos()).sum()
x = torch.ones(3, requires_grad=True)
f(x).backward()
show("x", x.grad)
m = torch.compile(torch.nn.Linear(3, 1), backend="aot_eager")
with torch.no_grad():
    for p in m.parameters(): p.fill_(0.5)
m(x).sum().backward()
show("x", x.grad)
