# A small network on the GPU: every optimizer's ways of stepping, clears either way, clipping, parameters in groups.
import torch
from torch import nn

torch.manual_seed(0)
device = torch.device("cuda")
for make in (
    lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, foreach=True),
    lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, fused=True),
    lambda p: torch.optim.Adam(p, lr=0.01, fused=True),
    lambda p: torch.optim.AdamW(p, lr=0.01, capturable=True),
    lambda p: torch.optim.RMSprop(p, lr=0.01, foreach=False),
):
    model = nn.Sequential(nn.Linear(6, 80), nn.GELU(), nn.LayerNorm(80), nn.Linear(80, 80), nn.Tanh(), nn.Linear(80, 3))
    model.to(device)
    optimizer = make(model.parameters())
    x, y = torch.randn(16, 6, device=device), torch.randint(0, 3, (16,), device=device)
    for step in range(4):
        optimizer.zero_grad(set_to_none=bool(step % 2))
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        print(step, loss.item(), norm.item())
    print(type(optimizer).__name__, sum(p.double().abs().sum().item() for p in model.parameters()))
