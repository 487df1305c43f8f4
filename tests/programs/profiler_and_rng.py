import torch
from torch.profiler import profile, ProfilerActivity
torch.manual_seed(5)
x = torch.randn(3, requires_grad=True)
with profile(activities=[ProfilerActivity.CPU]) as prof:
    (x * torch.rand(3)).sum().backward()
print(sorted((e.key, e.count) for e in prof.key_averages()))
print(torch.randn(2), torch.get_num_threads() > 0, torch.initial_seed())
