import torch
from shown import show
original = torch.Tensor.backward
count = []
def backward(self, *args, **kwargs):
    count.append(1)
    return original(self, *args, **kwargs)
torch.Tensor.backward = backward
x = torch.ones(2, requires_grad=True)
(x * 2).sum().backward()
torch.Tensor.backward = original
(x * 2).sum().backward()
print(len(count))
show("x", x.grad)
grad = torch.autograd.grad
torch.autograd.grad = lambda *args, **kwargs: (count.append(2), grad(*args, **kwargs))[1]
print(torch.autograd.grad((x * 2).sum(), x), count)
torch.autograd.grad = grad
fill, functional = torch.nn.init.uniform_, torch.nn.functional.softmax
torch.nn.init.uniform_ = lambda *args, **kwargs: (count.append(3), fill(*args, **kwargs))[1]
torch.nn.functional.softmax = lambda *args, **kwargs: (count.append(4), functional(*args, **kwargs))[1]
print(torch.nn.init.uniform_(torch.empty(2)), torch.nn.functional.softmax(x, 0), count)
torch.nn.init.uniform_, torch.nn.functional.softmax = fill, functional
