import os
import torch
x = torch.ones(2, requires_grad=True)
(x * 2).sum().backward()
print("before", flush=True)
pid = os.fork()
if pid == 0:
    (x * 2).sum().backward()
    print("child", x.grad.tolist(), flush=True)
    os._exit(7)
_, status = os.waitpid(pid, 0)
print("parent", x.grad.tolist(), os.WEXITSTATUS(status))
