import torch
from shown import show
x = torch.tensor([3.0, -2.0], requires_grad=True)
optimizer = torch.optim.LBFGS([x], lr=0.5, max_iter=4)
def closure():
    optimizer.zero_grad()
    loss = ((x - 1) ** 2).sum()
    loss.backward()
    return loss
for _ in range(2):
    loss = optimizer.step(closure)
    print(loss.item())
show("x", x); show("g", x.grad)
