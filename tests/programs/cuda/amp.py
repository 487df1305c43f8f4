# Autocast and GradScaler on the GPU, with a step that is skipped because a gradient overflows.
import torch
from torch import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1)).cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cuda", init_scale=2.0**14, growth_interval=2)
x, y = torch.randn(64, 8, device="cuda"), torch.randn(64, 1, device="cuda")
for step in range(5):
    optimizer.zero_grad()
    with torch.autocast("cuda", torch.float16):
        out = model(x * (1e4 if step == 2 else 1))
        loss = nn.functional.mse_loss(out.float(), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    print(step, out.dtype, loss.item(), norm.item(), scaler.get_scale())
with torch.autocast("cuda", torch.bfloat16):
    out = model(x)
    print(out.dtype, torch.is_autocast_enabled("cuda"), torch.is_autocast_cache_enabled())
out.sum().backward()
print([p.grad.dtype for p in model.parameters()])
