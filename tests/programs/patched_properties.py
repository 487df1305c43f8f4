"""A property of the program's in the place of one of torch's is asked once for each time that the program asks."""
import torch

seen = []


def replace(name):
    inner = getattr(torch._C.TensorBase, name)

    def read(tensor):
        seen.append(f"get {name}")
        return inner.__get__(tensor)

    def write(tensor, value):
        seen.append(f"set {name}")
        inner.__set__(tensor, value)

    def delete(tensor):
        seen.append(f"del {name}")
        inner.__delete__(tensor)

    setattr(torch.Tensor, name, property(read, write, delete))


for name in ("grad", "data", "T", "real"):
    replace(name)
x = torch.tensor([1.0, 2.0], requires_grad=True)
optimizer = torch.optim.SGD([x], 0.1)
for _ in range(2):
    optimizer.zero_grad()
    (x * x).sum().backward()
    optimizer.step()
    print(x.grad, seen)
x.data = torch.ones(2)
x.data.mul_(3)
x.grad = torch.full((2,), 2.0)
print(x.real, x.T, x, seen)
del x.grad
print(x.grad, seen)
for name in ("grad", "data", "T", "real"):
    delattr(torch.Tensor, name)
x.grad = None
(x * x).sum().backward()
print(x.grad, len(seen))
