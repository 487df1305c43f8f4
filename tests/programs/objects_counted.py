"""Leak checks as programs do them: a training loop leaves nothing behind."""
import gc
import torch
model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
optimizer = torch.optim.Adam(model.parameters())
inputs = torch.ones(8, 4)
def step():
    optimizer.zero_grad()
    loss = model(inputs).pow(2).mean()
    loss.backward()
    optimizer.step()
    return loss.item()
def count():
    gc.collect()
    return len(gc.get_objects())
def train(steps):
    for _ in range(steps):
        step()
train(5)
# Of tuples in tuples each collection lets go one level more: the modules that torch loads late have some.
for _ in range(4):
    count()
before = count()
train(40)
print(count() - before)
losses = [step() for _ in range(5)]
before = count()
losses += [step() for _ in range(20)]
print(count() - before, len(losses))
# Nothing that runs leaves cycles behind, which only the collector finds.
gc.disable()
gc.collect()
weight = torch.ones(2, requires_grad=True)
weight.register_hook(lambda grad: grad * 2)
for _ in range(3):
    loss = (weight.exp() * 3).sum()
    loss.backward()
    torch.autograd.grad(weight.exp().sum(), weight, create_graph=True)
    with torch.no_grad():
        weight -= 0.1
        weight.grad = None
train(2)
print("garbage", gc.collect())
gc.enable()
