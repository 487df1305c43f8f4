import torch

torch.manual_seed(0)
x = torch.randn(3, requires_grad=True)

y = x + 2
z = y * y + 2
z = z.mean()

z.backward()

print("x         ", x.detach())
print("x.grad    ", x.grad)
print("2(x+2) / 3", 2 * (x.detach() + 2) / 3)
