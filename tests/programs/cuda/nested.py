# Passes within passes on the GPU: checkpoints, and a hook that begins a pass of its own.
import torch
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

torch.manual_seed(0)
layers = torch.nn.Sequential(*[torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.Tanh()) for _ in range(4)]).cuda()
x = torch.randn(3, 6, device="cuda", requires_grad=True)
for reentrant in (True, False):
    checkpoint_sequential(layers, 2, x, use_reentrant=reentrant).sum().backward()
    print([p.grad.norm().item() for p in layers.parameters()][:2], x.grad.norm().item())


def begin(grad):
    inner = grad.detach().clone().requires_grad_()
    with torch.enable_grad():
        (inner * inner).sum().backward()
    return inner.grad


y = x * 2
y.register_hook(begin)
y.sum().backward()
print(x.grad.norm().item())
