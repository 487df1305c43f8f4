import threading
import torch
from shown import show
x = torch.ones(3, requires_grad=True)
loss = (x * 2).sum()
t = threading.Thread(target=loss.backward)
t.start(); t.join()
show("x", x.grad)
def work():
    local = torch.full((2,), 3.0, requires_grad=True)
    (local ** 2).sum().backward()
    results.append(local.grad)
results = []
threads = [threading.Thread(target=work) for _ in range(3)]
for t in threads: t.start()
for t in threads: t.join()
for r in results: show("r", r)
