import torch

def patch(name):
    original = getattr(torch.Tensor, name)

    def patched(*args, **kwargs):
        print("called", name)
        return original(*args, **kwargs)

    setattr(torch.Tensor, name, patched)


for name in ("exp", "sum", "mul", "clone", "detach", "item", "zero_", "add_", "backward", "retain_grad", "register_hook",
             "_is_view", "is_floating_point", "is_complex"):
    patch(name)
x = torch.ones(2, requires_grad=True)
y = (x.exp() * 2).mul(3)
y.retain_grad()
y.register_hook(lambda grad: grad * 2)
y.sum().backward()
print(x.grad, y.grad)
x.grad.zero_()
print(x.detach().clone().sum().item())
(x + x * 2).sum().backward()
torch.optim.SGD([x], lr=0.1).step()
print(x)
with torch.no_grad():
    x[:1].add_(1)
    x.copy_(x * 2)
print(x.argmax(), x)

# Properties of the program's own in the places of torch's.
its_grad, asked = torch.Tensor.grad, []


class Grad:
    def __get__(self, tensor, owner=None):
        if tensor is None:
            return self
        asked.append("get")
        return its_grad.__get__(tensor)

    def __set__(self, tensor, value):
        asked.append("set")
        its_grad.__set__(tensor, value)


torch.Tensor.grad = Grad()
leaf = torch.ones(3, requires_grad=True)
(leaf * 3).sum().backward()
print(leaf.grad, asked)
leaf.grad = None
print(leaf.grad, asked)
del torch.Tensor.grad
