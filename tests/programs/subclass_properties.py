import torch


class Told(torch.nn.Parameter):
    @property
    def grad(self):
        print("grad is read")
        return super().grad

    @grad.setter
    def grad(self, value):
        print("grad is set")
        torch.Tensor.grad.__set__(self, value)


class Asked(torch.Tensor):
    def __getattr__(self, name):
        print("asked for", name)
        raise AttributeError(name)


p = Told(torch.ones(2))
(p * p).sum().backward()
print(p.grad)
optimizer = torch.optim.SGD([p], lr=0.1)
optimizer.step()
optimizer.zero_grad()
a = torch.ones(2).as_subclass(Asked).requires_grad_()
(a * a).sum().backward()
print(a.grad.tolist())
try:
    a.nothing
except AttributeError as error:
    print(error)


class Shaped(torch.Tensor):
    """Hides its first dimension, and tells who asks."""

    @property
    def shape(self):
        print("shape")
        return super().shape[1:]

    @property
    def dtype(self):
        print("dtype")
        return super().dtype

    @property
    def device(self):
        print("device")
        return super().device

    @property
    def layout(self):
        print("layout")
        return super().layout


b = torch.arange(6.0).reshape(2, 3).as_subclass(Shaped).requires_grad_()
c = (b * b).detach()
with torch.no_grad():
    b += 1
    b[0] *= 2
(b.exp() * c).sum().backward()
print(b.shape, b.grad.tolist())
