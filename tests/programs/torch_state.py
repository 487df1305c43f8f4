import sys
import threading
import torch
print(torch.overrides._get_current_function_mode_stack() if False else "", sys.gettrace(), sys.getprofile())
print(threading.active_count(), [t.name for t in threading.enumerate()])
x = torch.ones(2, requires_grad=True)
y = x * 2
n = y.grad_fn
y.sum().backward()
print(n.metadata, n.next_functions[0][0].metadata, x.__dict__, y.__dict__, n._sequence_nr() >= 0)
print(x._backward_hooks, y._backward_hooks)
print(torch.is_grad_enabled(), torch.get_default_dtype())
