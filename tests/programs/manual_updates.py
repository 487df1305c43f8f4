import torch
from shown import show
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor([0.5], requires_grad=True)
for i in range(3):
    loss = ((w * 2).sum() + b).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.01 * w.grad
        b.sub_(b.grad, alpha=0.01)
    w.grad.zero_()
    b.grad = None
w.data = w.data * 2
w.data[0] = 5
w.data.add_(1)
w.detach().numpy()[1] = 3
show("w", w); show("b", b); show("g", w.grad)
