# Compiled and traced code on the GPU, with operations around it that are recorded.
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)).cuda()
x = torch.randn(5, 4, device="cuda")
for backend in ("eager", "aot_eager"):
    run = torch.compile(model, backend=backend)
    for _ in range(2):
        loss = (run(x) * 2).sum()
        loss.backward()
    print(backend, loss.item(), model[0].weight.grad.norm().item())
traced = torch.jit.trace(model, x)
traced(x).sum().backward()
print(model[2].bias.grad)
