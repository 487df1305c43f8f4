import gc
import weakref
import torch
x = torch.ones(2, requires_grad=True)
def work():
    y = x * 2
    r = weakref.ref(y)
    z = y.sum()
    del y
    print("y", r() is None)
    z.backward()
    rz = weakref.ref(z)
    del z
    return rz
print("z", work()() is None)
for i in range(3):
    loss = (x ** 2).sum()
    r = weakref.ref(loss)
    loss.backward()
    del loss
    print("loss", r() is None)
gc.collect()
print(len([o for o in gc.get_objects() if isinstance(o, torch.Tensor) and o.grad_fn is not None]))
print(weakref.getweakrefcount(torch.ones(1)))

# Nobody but the program refers to a leaf weakly, and leaves that are just dying are let alone.
died = []


def record(_):
    y = torch.ones(2, requires_grad=True)
    (y * 3).sum().backward()
    died.append(y.grad[0].item())


def from_within():
    leaf = torch.full((2,), 5.0, requires_grad=True)
    watched.append(weakref.ref(leaf, record))
    return (leaf * 2).sum()


watched = []
model = torch.nn.Linear(2, 2)
model(torch.ones(1, 2)).sum().backward()
print([weakref.getweakrefcount(p) for p in model.parameters()], weakref.getweakrefs(model.weight))
for index in range(20):
    leaf = torch.full((2,), float(index), requires_grad=True)
    watched.append(weakref.ref(leaf, record))
    (leaf * leaf).sum().backward()
    losses = [from_within() for _ in range(3)]
    del leaf
    for loss in losses:
        loss.backward()
del losses, loss
print(len(died), sum(died), sum(each() is None for each in watched))


class Same(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        return a * 1

    @staticmethod
    def backward(ctx, grad):
        return grad


# Nor to modules, or to the classes of custom functions' nodes, but for Python, which lists subclasses weakly.
stack = torch.nn.Sequential(model)
y = Same.apply(stack(torch.ones(1, 2)))
y.sum().backward()
print([weakref.getweakrefcount(each) for each in (stack, model, Same, type(y.grad_fn))])
