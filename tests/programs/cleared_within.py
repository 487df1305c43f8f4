import torch

w = torch.tensor([1.0, 2.0], requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)


def step(grad):
    optimizer.step()
    optimizer.zero_grad()
    return grad


def clear(grad):
    w.grad = None


def zero(grad):
    w.grad.zero_()
    w.grad.data.add_(1)


for hook in (step, clear, zero):
    w.grad = torch.ones(2)
    y = w * 2
    handle = y.register_hook(hook)
    y.sum().backward()
    print(w, w.grad)
    w.register_hook(hook) if hook is clear else None
    (w * 3).sum().backward()
    print(w.grad)
    w._backward_hooks.clear() if w._backward_hooks else None
    with torch.no_grad():
        w.sub_(w.grad)
        w.grad.zero_()
