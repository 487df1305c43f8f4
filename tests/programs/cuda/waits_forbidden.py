# A program that is told of, or refused, whatever waits for the GPU: it must be told of its own waits alone.
import sys
import warnings

import torch

torch.manual_seed(0)
model = torch.nn.Linear(40, 200).cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(30, 40, device="cuda")
model(x).sum().backward()
torch.cuda.set_sync_debug_mode("error")
for _ in range(2):
    optimizer.zero_grad(set_to_none=False)
    model(x).pow(2).mean().backward()
    optimizer.step()
print("no wait of ours", torch.cuda.get_sync_debug_mode())
try:
    x.sum().item()
except RuntimeError as error:
    print("refused:", str(error).splitlines()[0])
torch.cuda.set_sync_debug_mode("warn")
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    model(x).sum().backward()
    x.sum().cpu()
print([str(each.message).splitlines()[0] for each in heard], file=sys.stderr)
torch.cuda.set_sync_debug_mode(0)
print(model.bias.grad.norm().item())
