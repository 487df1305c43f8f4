# Gradients of gradients on the GPU, whose nodes are made in the engine's own thread.
import torch
from torch import nn

torch.manual_seed(0)
critic = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1)).cuda()
x = torch.randn(8, 4, device="cuda", requires_grad=True)
for _ in range(2):
    (grad,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    penalty = ((grad.norm(dim=1) - 1) ** 2).mean()
    penalty.backward()
    print(penalty.item(), grad.grad_fn.name(), [p.grad is None or p.grad.norm().item() for p in critic.parameters()])
y = torch.tensor([0.5, 2.0], device="cuda", requires_grad=True)
first = torch.autograd.grad((y**4).sum(), y, create_graph=True)[0]
second = torch.autograd.grad(first.sum(), y, create_graph=True)[0]
second.sum().backward()
print(first, second, y.grad)
print(torch.autograd.functional.hessian(lambda v: (v**3).sum(), y))
print(torch.func.grad(lambda v: (v.sin() ** 2).sum())(y), torch.func.vmap(lambda v: v * 2)(y))
rows = torch.autograd.grad((y * y), y, torch.eye(2, device="cuda"), is_grads_batched=True)
print(rows)
print(torch.autograd.gradcheck(lambda v: v.sin() * v, torch.rand(3, dtype=torch.double, device="cuda", requires_grad=True)))
