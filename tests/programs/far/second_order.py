import threading

import torch
from far_device import far

a, b = far(1.0, 2.0, 3.0), far(4.0, 5.0, 6.0)
for _ in range(2):
    here = (a * b).sum()
    here.backward()
seen = []
a.register_hook(lambda grad: seen.append(threading.current_thread() is threading.main_thread()))
for _ in range(3):
    y = (a * a * b).sum()
    grad_a, grad_b = torch.autograd.grad(y, (a, b), create_graph=True)
    z = (grad_a * grad_a + grad_b * a).sum()
    (second,) = torch.autograd.grad(z, a, create_graph=True)
    (second * b + grad_a).sum().backward()
print(a.grad, b.grad, seen)
