import os
import torch
x = torch.ones(1, requires_grad=True)
(x * 2).backward()
print("printed and flushed", flush=True)
print("lost")
os._exit(5)
