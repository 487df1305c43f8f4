import torch
from shown import show
x = torch.tensor([2.0], requires_grad=True)
y = (x ** 3).sum()
y.backward(retain_graph=True)
show("x", x.grad)
y.backward()
show("x", x.grad)
try:
    y.backward()
except RuntimeError as error:
    print(error)
