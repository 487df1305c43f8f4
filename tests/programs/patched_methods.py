import torch

def patch(name):
    original = getattr(torch.Tensor, name)

    def patched(*args, **kwargs):
        print("called", name)
        return original(*args, **kwargs)

    setattr(torch.Tensor, name, patched)


for name in ("exp", "sum", "mul", "clone", "detach", "item", "zero_", "add_", "backward", "retain_grad", "register_hook"):
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
