import torch
x = torch.ones(1_000_000, requires_grad=True)
y = (x * 2).sum()
y.backward()
print(x.grad.sum().item(), x.grad.is_contiguous())
