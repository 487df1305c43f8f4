import torch
x = torch.ones(1, requires_grad=True)
(x * 2).backward()
print(x.grad, flush=True)
raise KeyboardInterrupt
