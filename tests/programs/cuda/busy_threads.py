# Several threads whose passes run in one engine thread, and a pass within a hook.
import threading

import torch

results = {}


def work(number):
    w = torch.full((20,), float(number), device="cuda", requires_grad=True)
    for _ in range(10):
        loss = (w * w).sum() + (w * number).sum()
        loss.backward()
    results[number] = w.grad.tolist()[:2]


threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
for each in threads:
    each.start()
for each in threads:
    each.join()
print(sorted(results.items()))
x = torch.ones(2, device="cuda", requires_grad=True)
inner = []


def hook(grad):
    with torch.enable_grad():
        v = torch.full((2,), 3.0, device="cuda", requires_grad=True)
        (v * v * grad.detach()).sum().backward()
        inner.append(v.grad)
    return grad * v.grad


x.register_hook(hook)
(x * 2).sum().backward()
(x.cpu() * 2).sum().backward()
print(x.grad, inner)
