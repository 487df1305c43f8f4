import torch
from shown import show
torch.manual_seed(0)
a = torch.randn(200, 300, requires_grad=True)
b = torch.randn(300, 100, requires_grad=True)
(a @ b).relu().sum().backward()
import hashlib
print(hashlib.sha256(a.grad.numpy().tobytes() + b.grad.numpy().tobytes()).hexdigest(), torch.get_num_threads())
