import numpy as np
import torch

SPECIAL = [0.0, -0.0, 1.5, float("inf"), float("-inf"), float("nan")]


def fan_in(dtype):
    largest = torch.finfo(dtype).max
    factors = torch.tensor([*SPECIAL, largest], dtype=dtype)
    if dtype.is_complex:
        factors = torch.tensor([complex(a, b) for a in SPECIAL for b in SPECIAL], dtype=dtype)
    x = torch.ones_like(factors, requires_grad=True)
    h = x * 1
    y = sum((h * factors[torch.randperm(len(factors))]).sum() for _ in range(3))
    y.backward(torch.ones_like(y))
    y = (x * factors).sum()
    y.backward(torch.ones_like(y))
    print(x.grad)


for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.complex128):
    torch.manual_seed(0)
    fan_in(dtype)
np.seterr(all="raise")
fan_in(torch.float32)
