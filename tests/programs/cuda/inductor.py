# Compiled by inductor into kernels for the GPU: it computes what it computes, and says what it says.
import os
import tempfile

os.environ["TORCHINDUCTOR_CACHE_DIR"] = tempfile.mkdtemp()  # of what was compiled before it warns no more
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 4)).cuda()
run = torch.compile(model)
x = torch.randn(8, 16, device="cuda")
for _ in range(3):
    loss = run(x).square().sum()
    loss.backward()
    print(loss.item(), model[0].weight.grad.norm().item())
with torch.no_grad():
    print(run(x).norm().item())
