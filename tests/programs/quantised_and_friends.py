import torch
from torch.utils._python_dispatch import TorchDispatchMode
from shown import show
q = torch.quantize_per_tensor(torch.tensor([1.0, 2.0]), 0.1, 0, torch.qint8)
print(q.dequantize())
s = torch.eye(3).to_sparse().requires_grad_()
torch.sparse.sum(s).backward()
print(s.grad.is_sparse)
c = torch.eye(3).to_sparse_csr()
d = torch.ones(3, 2, requires_grad=True)
(c @ d).sum().backward()
show("d", d.grad)
n = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], requires_grad=True)
torch.nested.to_padded_tensor(n, 0.0).sum().backward()
print(n.grad.is_nested)
m = torch.ones(2, requires_grad=True).to("meta")
print(m.device)
b = torch.tensor([True, False])
print((b & b).sum())
n.grad.zero_()
print(n.grad)
n.grad = None
(n * 3).backward(n.detach())
print(n.grad)
with torch.no_grad():
    n.mul_(2)
class Counting(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        print(func)
        return func(*args, **(kwargs or {}))
s.grad.mul_(2)
with Counting():
    print("nothing is dispatched")
alone = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], requires_grad=True)
alone.backward(torch.nested.nested_tensor([torch.full((2,), 2.0), torch.full((3,), 3.0)]))
print([part.tolist() for part in alone.grad.unbind()])
