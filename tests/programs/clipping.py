import torch
from shown import show
torch.manual_seed(0)
m = torch.nn.Linear(3, 2)
(m(torch.ones(4, 3)) ** 2).sum().backward()
n = torch.nn.utils.clip_grad_norm_(m.parameters(), 0.5)
print(n)
show("w", m.weight.grad)
torch.nn.utils.clip_grad_value_(m.parameters(), 0.01)
show("w", m.weight.grad)
