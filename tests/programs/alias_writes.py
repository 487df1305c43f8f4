import torch

w = torch.tensor([[1.0], [2.0]], requires_grad=True)
large = torch.ones(80, 80, requires_grad=True)
for step in range(3):
    ((torch.ones(2, 2) @ w).sum() * 2 + (large * step).sum()).backward()
    w.data -= 0.1 * w.grad
    w.grad.data.zero_()
    w.data[0] += 1
    large.data.mul_(0.5)
    large.grad.data.zero_()
print(w, w.grad, large.sum(), large.grad.sum())

# Parameters and gradients that are parts of one buffer each.
values, grads = torch.ones(6), torch.zeros(6)
p, q = torch.nn.Parameter(values[:2]), torch.nn.Parameter(values[2:])
p.grad, q.grad = grads[:2], grads[2:]
for _ in range(3):
    (p.sum() * 2 + (q * q).sum()).backward()
    values.sub_(grads, alpha=0.1)
    print(p, q, grads)
    grads.zero_()
alias = q.grad.detach()
alias[1:].fill_(3)
(p.sum() + q.sum()).backward()
print(p.grad, q.grad)

# What writes on the very tensor that it saved for backward.
b = (w * 1).exp()
b *= b
try:
    b.sum().backward()
except RuntimeError as error:
    print(str(error)[:70])
