import weakref

import torch


class Keeps(torch.nn.Module):
    def forward(self, x):
        hidden = x * 2
        watched.append(weakref.ref(hidden))
        return hidden.exp().sum()


class Stops(torch.nn.Module):
    def forward(self, x):
        hidden = x.exp()
        watched.append(weakref.ref(hidden))
        raise ValueError("no further")


watched = []
x = torch.ones(2, requires_grad=True)
loss = Keeps()(x)
print([each() is None for each in watched])
loss.backward()
print(x.grad, [each() is None for each in watched])
try:
    Stops()(x)
except ValueError as error:
    print(error)
print([each() is None for each in watched])
