import torch
from torch.fx.experimental.proxy_tensor import make_fx
from shown import show
def step(a, b):
    c = a.sin() * a.shape[0]
    d = torch.cat([c, b]).view(-1, 1).expand(-1, a.size(0)).reshape(-1)
    d.add_(1)[: a.numel()].mul_(b.shape[0])
    return (torch.autograd.grad(d.sum(), a)[0] @ torch.ones_like(a)).exp(), d.sum()
a, b = torch.arange(3.0, requires_grad=True), torch.arange(5.0)
made = make_fx(step, tracing_mode="symbolic")(a, b)
print(made.code)
print(made.shape_env.format_guards())
print([int(node.meta["val"].dim()) for node in made.graph.nodes if isinstance(node.meta.get("val"), torch.Tensor)])
for size in (3, 4):
    x = torch.linspace(0.0, 1.0, size, requires_grad=True)
    for result in made(x, torch.ones(size + 3)):
        show("result", result.detach())
(made(a, b)[1] * 2).backward()
show("a", a.grad)
