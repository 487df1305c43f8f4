import torch
x = torch.ones(3, requires_grad=True)
y = torch.full((3,), 2.0, requires_grad=True)
z = torch.tanh(torch.stack([x, y]).sum(0))
w = z + z.detach()
for _ in range(3):
    w.backward(torch.ones(3), retain_graph=True)
    print(x.grad.data_ptr() == y.grad.data_ptr(), x.grad.tolist(), y.grad.tolist())
x.grad.zero_()
print(y.grad.tolist())
w.sum().backward()
print(x.grad.tolist(), y.grad.tolist())
