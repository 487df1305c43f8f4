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
again = torch.compile(f, backend="eager")
again(x).backward()
show("x", x.grad)
found = torch._dynamo.explain(f)(x)
print(found.graph_count, found.graph_break_count, found.op_count)
