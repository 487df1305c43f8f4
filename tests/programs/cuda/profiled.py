# torch's profiler tells the program of its own operations alone, in the engine's thread too.
import torch
from torch.profiler import ProfilerActivity, profile

torch.manual_seed(0)
w = torch.randn(50, 200, device="cuda", requires_grad=True)
x = torch.randn(8, 50, device="cuda")
(x @ w).sum().backward()
with profile(activities=[ProfilerActivity.CPU]) as told:
    for _ in range(2):
        w.grad.zero_()
        ((x @ w).relu() ** 2).t().sum().backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
print(sorted((each.key, each.count) for each in told.key_averages() if not each.key.startswith("cuda")))
with torch.autograd.profiler.profile(use_device="cuda") as told:
    (x @ w).sum().backward()
print(sorted((each.key, each.count) for each in told.key_averages() if each.key.startswith(("aten", "autograd"))))
with torch.autograd.profiler.emit_nvtx():
    (x @ w).sum().backward()
print(w.grad.norm().item())
