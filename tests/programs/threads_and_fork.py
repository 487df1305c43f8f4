import os
import threading
import warnings

import torch

torch.set_num_threads(1)
# Newer Pythons warn of forks beside threads.
warnings.simplefilter("ignore", DeprecationWarning)
stop = threading.Event()


def busy():
    w = torch.ones(4, requires_grad=True)
    while not stop.is_set():
        (w * 2).sum().backward()


threads = [threading.Thread(target=busy) for _ in range(3)]
for thread in threads:
    thread.start()
statuses = []
for turn in range(12):
    child = os.fork()
    if not child:
        x = torch.full((2,), float(turn), requires_grad=True)
        (x * x).sum().backward()
        os._exit(int(x.grad.sum()))
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
for thread in threads:
    thread.join()
print(statuses)
