import torch
x = torch.ones(3, requires_grad=True)
try:
    x += 1
except RuntimeError as error:
    print(error)
y = x * 2
z = y ** 2
y[0] = 3
try:
    z.sum().backward()
except RuntimeError as error:
    print(error)
print(y._version, x._version, x.grad)
