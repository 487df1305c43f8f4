import torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
w = torch.tensor([2.0, 2.0, 2.0], requires_grad=True)

with torch.no_grad():
    scale = x.sum()

w.requires_grad_(False)

fixed = x.detach()

loss = (scale * x + w * x + fixed * x).sum()
loss.backward()

print("x.grad", x.grad)
print("w.grad", w.grad)
