import torch
from shown import show
for dtype in (torch.bfloat16, torch.float16):
    x = torch.tensor([1.5, 2.5, -3.0], dtype=dtype, requires_grad=True)
    y = (x * x).sum() + x.sum() + (x * 3).sum()
    y.backward()
    show(str(dtype), x.grad)
f8 = torch.tensor([1.0, 2.0]).to(torch.float8_e4m3fn)
print(f8.dtype, f8.float())
