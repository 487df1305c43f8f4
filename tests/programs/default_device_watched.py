# A mode that puts itself below all others (torch's default device), heard and watched.
import sys
import traceback

import torch
from torch import nn

torch.set_default_device("cpu")
calls = []


def trace(frame, event, argument):
    name = frame.f_code.co_filename.rsplit("/", 1)[-1]
    calls.append((event, name, frame.f_code.co_name))
    return trace


class Looks(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        print(function.__name__, [entry.name for entry in traceback.extract_stack()][-4:])
        return super().__torch_function__(function, types, args, kwargs)


model = nn.Linear(2, 1)
sys.settrace(trace)
out = nn.functional.relu(model(torch.ones(3, 2))).sum()
out.backward()
grads = [p.grad is None for p in model.parameters()]
sys.settrace(None)
print(len(calls), grads)
for call in calls:
    print(*call)
x = torch.ones(2).as_subclass(Looks).requires_grad_()
nn.functional.softmax(x, 0).sum().backward()
print(x.grad)
