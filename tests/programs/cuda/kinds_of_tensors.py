# Dtypes, strides, views, writes in place, empty and large tensors on the GPU.
import torch

torch.manual_seed(0)
for dtype in (torch.float64, torch.bfloat16, torch.float16, torch.complex64):
    x = torch.randn(3, 4, device="cuda").to(dtype).requires_grad_()
    y = (x.t() * 2)[::2].contiguous().conj() + x.sum()
    y.abs().sum().backward()
    print(dtype, x.grad)
base = torch.zeros(4, 4, device="cuda", requires_grad=True)
copy = base * 1
copy[1:3] = torch.ones(4, device="cuda") * base[0]
copy[:, 2].mul_(3)
copy.diagonal().add_(1)
copy.sum().backward()
print(base.grad, copy.grad_fn.name())
a = torch.randn(4, device="cuda", requires_grad=True)
b = a.exp()
b.add_(1)
try:
    b.sum().backward()
except RuntimeError as error:
    print(str(error)[:150])
n = torch.empty(0, 3, device="cuda", requires_grad=True)
(n * 2).sum().backward()
print(n.grad.shape, n.grad.device)
large = torch.ones(10_000_000, device="cuda", requires_grad=True)
(large * torch.arange(10_000_000, device="cuda") / 1e7).sum().backward()
print(large.grad[-1].item(), large.grad.mean().item())
with torch.no_grad():
    large -= 0.5 * large.grad
large.grad.zero_()
print(large[:2].tolist(), large[-1].item(), large.grad.any().item())
large.data.mul_(2)
large.grad = None
(large.view(1000, -1).t()[5] * 3).sum().backward()
print(large.grad.count_nonzero().item())
small = torch.ones(3, device="cuda", requires_grad=True)
small.data[0] = 5
(small * small).sum().backward()
small.grad.data.mul_(2)
(small * small).sum().backward()
print(small.grad, small.detach().cpu().numpy(), small.tolist(), float(small[0]))
f8 = torch.ones(4, device="cuda").to(torch.float8_e4m3fn)
print((small[0] * f8.float()).sum().item())
