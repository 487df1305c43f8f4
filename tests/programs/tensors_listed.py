# What a program finds that looks for tensors in memory: those whose Python objects it, or torch for it, has made.
import copy
import gc
import threading

import torch
from torch.utils.checkpoint import checkpoint

torch.manual_seed(0)


def show(title):
    gc.collect()
    found = [each for each in gc.get_objects() if torch.is_tensor(each)]
    print(title, sorted((type(each).__name__, tuple(each.shape), each.requires_grad) for each in found))


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return gradient * 2 + x * 0


model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = torch.randn(5, 3)
for i in range(3):
    loss = model(data).pow(2).mean()
    show("forward")
    loss.backward()
    show("backward")
    if i == 1:
        model[0].weight.grad
        show("one read")
    optimizer.step()
    show("step")
    optimizer.zero_grad(set_to_none=i != 1)
    show("cleared")

x = torch.ones(3, requires_grad=True)
y = x * 2
y.retain_grad()
total = (y * y).sum()
total.backward(retain_graph=True)
show("retained")
total.backward()
show("again")

x = torch.ones(3, requires_grad=True)
Doubled.apply(x).sum().backward()
show("custom")
x = torch.ones(3, requires_grad=True)
y = x * 3
y.register_hook(lambda gradient: None)
z = y + 1
z.register_hook(lambda gradient: gradient + 0)
z.sum().backward()
show("tensor hooks")
x = torch.ones(2, requires_grad=True)
handle = x.register_post_accumulate_grad_hook(lambda tensor: None)
(x * 2).sum().backward()
show("a hook that does not look")
handle.remove()
x.register_post_accumulate_grad_hook(lambda tensor: print(tensor.grad))
(x * 2).sum().backward()
show("one that does")
layer = torch.nn.Linear(2, 2)
layer.register_full_backward_hook(lambda module, given, came: None)
layer(x).sum().backward()
show("module hook")
for parameter in layer.parameters():
    parameter.register_hook(lambda gradient: gradient * 2)
layer(x).sum().backward()
show("parameter hooks")

seed = torch.arange(4.0)
x = torch.ones(4, requires_grad=True)
(x + 0).backward(seed)
show("seed")
del seed
(x + 0).sum().backward()
show("no seed")

x = torch.ones(3, requires_grad=True)
total = (x**3).sum()
(gradient,) = torch.autograd.grad(total, x, create_graph=True)
show("a gradient with a graph")
(gradient**2).sum().backward()
show("its backward")
del gradient, total
show("both gone")

x = torch.ones(2, 2, requires_grad=True)
embedding = torch.nn.Embedding(5, 2, sparse=True)
embedding(torch.tensor([1, 2])).sum().backward()
show("sparse")
for use_reentrant in (False, True):
    checkpoint(lambda t: (t * 2).sin(), x, use_reentrant=use_reentrant).sum().backward()
    show("checkpoint")
y = x.clone()
y[0] = y[1] * 2
y.sum().backward()
show("slices")
(x.unbind()[0] * 2).sum().backward()
show("unbound")
thread = threading.Thread(target=lambda: (x * 2).sum().backward())
thread.start()
thread.join()
show("thread")

model(data).sum().backward()
torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
show("clipped")
copied = copy.deepcopy(model)
show("copied")
before = [id(parameter.grad) for parameter in model.parameters()]
print(before == [id(parameter.grad) for parameter in model.parameters()], gc.is_tracked(x.grad))
print(gc.get_referents(x), len(gc.get_referrers(x.grad)))
