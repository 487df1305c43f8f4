import threading
from concurrent.futures import ThreadPoolExecutor

import torch

torch.set_num_threads(1)


def train(seed):
    g = torch.Generator().manual_seed(seed)
    w = torch.randn(4, generator=g, requires_grad=True)
    for _ in range(5):
        loss = (w**2).sum()
        (grad,) = torch.autograd.grad(loss, w)
        with torch.no_grad():
            w -= 0.1 * grad
    (w**3).sum().backward()
    w.grad.zero_()
    (w * seed).sum().backward()
    return seed, w.detach().clone(), w.grad


with ThreadPoolExecutor(4) as pool:
    for result in pool.map(train, range(16)):
        print(result)

shared = torch.zeros(3, requires_grad=True)
lock = threading.Lock()


def add():
    for _ in range(10):
        y = (shared + 1).sum()
        with lock:
            y.backward()


threads = [threading.Thread(target=add) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(shared.grad)
