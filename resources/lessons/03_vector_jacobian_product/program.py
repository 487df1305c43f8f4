import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
A = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

y = A @ x
print("y     ", y.detach())

v = torch.tensor([1.0, 10.0])
y.backward(v)

print("x.grad", x.grad)
print("v @ A ", v @ A)
