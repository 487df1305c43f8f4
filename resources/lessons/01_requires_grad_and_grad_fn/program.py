import torch

a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(3.0)

c = a * b
d = c + 1

print("a: requires_grad", a.requires_grad, "grad_fn", a.grad_fn)
print("b: requires_grad", b.requires_grad, "grad_fn", b.grad_fn)
print("c: requires_grad", c.requires_grad, "grad_fn", c.grad_fn.name())
print("d: requires_grad", d.requires_grad, "grad_fn", d.grad_fn.name())

d.backward()
print("a.grad", a.grad)
print("b.grad", b.grad)
