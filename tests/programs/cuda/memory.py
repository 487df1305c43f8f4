# How much memory of the GPU is taken, at every moment: nothing of ours may lie there.
import gc

import torch
from torch import nn

torch.manual_seed(0)


def told():
    stats = torch.cuda.memory_stats()
    return (
        torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated(), torch.cuda.memory_reserved(),
        stats["allocation.all.allocated"], stats["allocation.all.current"],
    )


model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10)).cuda()
optimizer = torch.optim.Adam(model.parameters())
x = torch.randn(128, 64, device="cuda")
print(told())
for _ in range(3):
    loss = model(x).pow(2).mean()
    loss.backward()
    print(told())
    optimizer.step()
    optimizer.zero_grad()
    print(told())
del loss
gc.collect()
print(told())
big = torch.zeros(4096, 4096, device="cuda", requires_grad=True)
torch.cuda.reset_peak_memory_stats()
(big.t()[::2].sum() + big.sum() + big[:, 1:].mean()).backward()
print(told(), big.grad[0, :3].tolist())
big.grad = None
del big
torch.cuda.empty_cache()
print(told()[:3])
