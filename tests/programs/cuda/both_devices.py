# Leaves on the CPU, work on the GPU: copies there and back in the graph, pinned memory, sums of both.
import torch
from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)
w = torch.randn(5, requires_grad=True)
g = torch.randn(5, device="cuda", requires_grad=True)
p = torch.randn(5).pin_memory().requires_grad_()
for _ in range(2):
    up = w.cuda() * g
    back = up.cpu() + w
    pinned = p.to("cuda", non_blocking=True) * g
    (back.sum() + pinned.sum().to("cpu") + (g.to("cpu", torch.float64) * w).sum()).backward()
    print(w.grad, g.grad, p.grad, p.grad.is_pinned())
print(up.grad_fn.next_functions[0][0].name(), up.device, back.device)
for reentrant in (True, False):
    drop = torch.nn.Dropout(0.5)
    x = torch.randn(6, device="cuda", requires_grad=True)
    out = checkpoint(lambda x: drop(x.cos() * x.cpu().sum().cuda()), x, use_reentrant=reentrant)
    out.sum().backward()
    print(x.grad)
print(torch.rand(1).item(), torch.rand(1, device="cuda").item())
print(hash(tuple(torch.cuda.get_rng_state().tolist())), hash(tuple(torch.get_rng_state().tolist())))
