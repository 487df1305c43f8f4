import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from shown import show
class Log(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        print("F", getattr(func, "__name__", func))
        return func(*args, **(kwargs or {}))
class Dispatch(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        print("D", func)
        return func(*args, **(kwargs or {}))
x = torch.ones(2, requires_grad=True)
with Log():
    y = torch.relu(x * 2)
    z = torch.nn.functional.cross_entropy(torch.ones(1, 2), torch.tensor([1]))
with Dispatch():
    w = (x * 3).sum()
    w.backward()
with Log(), Dispatch():
    y.sum().backward()
show("x", x.grad)
print(torch.overrides._get_current_function_mode(), torch.overrides._get_current_function_mode_stack())
