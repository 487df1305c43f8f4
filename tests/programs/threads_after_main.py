import threading

import torch

x = torch.tensor([1.0, 2.0], requires_grad=True)
y = x.exp() * x.sin()
y.sum().backward()
w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)


def work():
    # Nodes of this thread are counted from 0 again, as those of the main thread were.
    h = torch.softmax(torch.nn.functional.linear(x, w).tanh(), 0)
    (h * h).sum().backward()
    (x.exp() * w.sum()).sum().backward()
    print(x.grad, w.grad)


thread = threading.Thread(target=work)
thread.start()
thread.join()
(x * w).sum().backward()
print(x.grad, w.grad)
