import torch
from shown import show
w = torch.tensor([0.5, -0.5], requires_grad=True)
def loss_of(w, x): return ((w * x).sum() - 1) ** 2
total = 0
for x in (torch.tensor([1.0, 2.0]), torch.tensor([3.0, 1.0])):
    fast = w
    for _ in range(2):
        (g,) = torch.autograd.grad(loss_of(fast, x), fast, create_graph=True)
        fast = fast - 0.05 * g
    total = total + loss_of(fast, x)
total.backward()
show("w", w.grad)
