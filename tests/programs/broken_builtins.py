import builtins

import torch

w = torch.ones(2, requires_grad=True)
(w * 2).sum().backward()
print(w.grad)
for name in ("isinstance", "zip", "map", "len", "sum", "sorted"):
    setattr(builtins, name, lambda *args: 1 / 0)
raise ValueError("with nothing to rely on")
