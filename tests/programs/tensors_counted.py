import gc

import torch


def count():
    gc.collect()
    return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())


x = torch.ones(3, requires_grad=True)
print(count())
y = x * 2
z = y / 3.0
print(count())
loss = z.exp().sum()
print(count())
loss.backward()
del y, z, loss
print(x.grad, count())
